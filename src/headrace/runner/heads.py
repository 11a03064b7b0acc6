"""The beginnings of source files, for a run that may need no more of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, cast

from headrace.connector_sdk.contract import FileSource, LocalFile, SourceFile
from headrace.engine.formats import InputFormat, compression_of, format_of

# How much of a file is looked at: so much, then all of it.
HEADS_BYTES = (1024 * 1024, 8 * 1024 * 1024, 64 * 1024 * 1024)


class Heads:
    """Files that are got one after the other, each no further than it is asked for.

    Of text that is not compressed a beginning is enough; of other files there is none that could be read.
    """

    def __init__(
        self,
        source: FileSource,
        properties: Mapping[str, Any],
        declared: InputFormat,
        scratch: Path,
        heads_bytes: Sequence[int] = HEADS_BYTES,
    ) -> None:
        self._source = source
        self._properties = properties
        self._declared: InputFormat = declared
        self._scratch = scratch
        self._heads_bytes = heads_bytes

    def of(self, files: Sequence[SourceFile]) -> Iterator[LocalFile]:
        """Each file, or its beginning. Raises what `FileSource.head` and `FileSource.fetch` raise."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for number, file in enumerate(files):
                yield self._begun(stack, file, number, 0)

    def _begun(self, stack: ExitStack, file: SourceFile, number: int, place: int) -> LocalFile:
        size_bytes = next((size for size in self._heads_bytes[place:] if size < file.size_bytes), None)
        text = None if size_bytes is None else self._whole_records(file, size_bytes)
        if text is None:
            # Its copy lasts as long as what fetched it is open.
            folder = self._scratch / f"{number:06d}"
            fetched = cast("Generator[LocalFile]", self._source.fetch(self._properties, [file], folder))
            return next(stack.enter_context(closing(fetched)))
        path = self._scratch / f"{number:06d}-{place}"
        path.write_bytes(text)

        def more() -> LocalFile:
            path.unlink()
            return self._begun(stack, file, number, place + 1)

        return LocalFile(file.name, path, len(text), is_copy=True, more=more)

    def _whole_records(self, file: SourceFile, size_bytes: int) -> bytes | None:
        """The records that the first bytes hold, the header with them; None where they can't be told apart."""
        head = self._source.head(self._properties, file, size_bytes)
        kind = format_of(head, self._declared)
        if kind == "parquet" or compression_of(head) != "none":
            return None
        return whole_records(head, has_quotes=kind == "csv") or None


def whole_records(head: bytes, *, has_quotes: bool) -> bytes:
    """The head up to the end of its last line; `has_quotes`: the last that does not lie between double quotes."""
    end, is_within = len(head), has_quotes and head.count(b'"') % 2 == 1
    while (found := head.rfind(b"\n", 0, end)) >= 0:
        is_within ^= has_quotes and head.count(b'"', found, end) % 2 == 1
        if not is_within:
            return head[: found + 1]
        end = found
    return b""
