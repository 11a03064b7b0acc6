"""Pages of records into files of JSON Lines, which the engine reads like any other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

from headrace.connector_sdk.contract import LocalFile
from headrace.connector_sdk.records import Page, Query, RecordSource
from headrace.errors import Retry, StartOver, Stop

# How much of a source lies on the disk at once, and becomes one file of the output by default.
SPOOL_BYTES = 64 * 1024 * 1024
# What some write for numbers, JSON has no place for, and the engine would pass on.
_NO_NUMBERS = ("NaN", "Infinity")
_SUSPECT = ("\n", "\r", *_NO_NUMBERS)
# Retries of one page; reading on resets the count.
Retrying = Callable[[Callable[[], Page | None]], Page | None]


def pages(source: RecordSource, query: Query, retrying: Retrying) -> Generator[Page]:
    """Every page; after a Retry the reading goes on at the last position. Closed early, it lets go of the source.

    `retrying` makes a call again while it raises Retry. Raises Retry where all pages are to be read again,
    Stop where the connector answers a position twice, which would never end, or asks for too many retries.
    """
    positions: set[bytes] = set()
    with closing(_Reading(source, query)) as reading:
        while (page := _next(reading, retrying)) is not None:
            yield page
            if page.position is None:
                return
            mark = hashlib.blake2b(page.position.encode(errors="surrogatepass"), digest_size=16).digest()
            if mark in positions:
                raise Stop(
                    f"The connector answered the same position twice while {query.entity!r} was read, so its pages"
                    f" would never end: {page.position[:100]!r}"
                )
            positions.add(mark)


def spooled(found: Iterator[Page], folder: Path, name: str, *, most_bytes: int = SPOOL_BYTES) -> Iterator[LocalFile]:
    """The records of the pages in files, a line each, in order; each file is finished before the next is begun.

    `name` is what people know the source by. No records, no files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = (text for page in found if (text := as_lines(page.records)))
    for number, first in enumerate(texts, start=1):
        path = folder / f"{number:05d}.jsonl"
        with path.open("wb") as stream:
            size_bytes = stream.write(first)
            while size_bytes < most_bytes and (text := next(texts, None)) is not None:
                size_bytes += stream.write(text)
        yield LocalFile(f"{name} part {number}", path, size_bytes, is_copy=True)


def as_lines(records: Sequence[str]) -> bytes:
    """The records as JSON Lines: one line each, whatever they hold."""
    joined = "\n".join(records)
    is_plain = joined.count("\n") == len(records) - 1 and not any(text in joined for text in ("\r", *_NO_NUMBERS))
    if not is_plain or not all(record.startswith("{") for record in records):
        joined = "\n".join(map(_line, records))
    # A lone surrogate has no UTF-8; as the escape that it must have been, the engine rejects it by its record.
    return f"{joined}\n".encode(errors="backslashreplace") if records else b""


def _line(record: str) -> str:
    """The record on one line; what the engine would take for no record becomes a text that it rejects and keeps."""
    if not any(text in record for text in _SUSPECT):
        return record if record.replace("\ufeff", "").strip() not in {"", "null"} else _as_text(record)
    try:
        is_object = isinstance(json.loads(record.removeprefix("\ufeff"), parse_constant=_no_number), dict)
    except (ValueError, RecursionError):
        is_object = False
    # Outside of its texts JSON has line ends as blanks only, and within them none.
    return record.replace("\n", " ").replace("\r", " ") if is_object else _as_text(record)


def _no_number(word: str) -> None:
    raise ValueError(word)


def _as_text(record: str) -> str:
    return json.dumps(record, ensure_ascii=False)


class _Reading:
    """An iterator over pages that can be taken up again where it failed."""

    def __init__(self, source: RecordSource, query: Query) -> None:
        self._source = source
        self._query = query
        self._pages: Iterator[Page] | None = None

    def next(self) -> Page | None:
        """The page after the last one. After a Retry the source is asked anew, from the last position on."""
        try:
            if self._pages is None:
                self._pages = iter(self._source.read(self._query))
            page = next(self._pages, None)
        except Retry:
            self._pages = None
            raise
        if page is not None and page.position is not None:
            self._query = replace(self._query, after=page.position)
        return page

    def close(self) -> None:
        """End the reading: the source learns that nobody asks for more."""
        found = self._pages
        if isinstance(found, Generator):
            cast("Generator[Page]", found).close()


def _next(reading: _Reading, retrying: Retrying) -> Page | None:
    try:
        return retrying(reading.next)
    except Retry as error:
        # Another try of the whole split would read everything again, as often.
        raise Stop(error.message) from error
    except StartOver as error:
        # Which is another try of the whole split.
        raise Retry(error.message) from error
