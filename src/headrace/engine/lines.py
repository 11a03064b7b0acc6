"""Lines of a CSV file: DuckDB numbers records, people look for lines."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, cast

from headrace.engine.formats import compression_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BLOCK_BYTES = 1024 * 1024


def open_plain(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is compressed."""
    with path.open("rb") as stream:
        kind = compression_of(stream.read(8))
    if kind == "gzip":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return cast("BinaryIO", zstd.open(path, "rb")) if kind == "zstd" else path.open("rb")


def lines_of_offsets(path: Path, offsets: Sequence[int]) -> dict[int, int]:
    """The line (from 1) on which each byte (from 1) lies; `offsets` ascend."""
    found: dict[int, int] = {}
    if not offsets:
        return found
    with closing(open_plain(path)) as stream:
        position, line = 0, 1
        for offset in offsets:
            while position < offset - 1 and (block := stream.read(min(_BLOCK_BYTES, offset - 1 - position))):
                position += len(block)
                line += block.count(b"\n")
            found[offset] = line
    return found


class RecordLines:
    """The line on which each record of a CSV file begins; the header is record 0.

    A quoted newline does not end a record. `starts` are records known by the byte (from 1) at
    which they begin: malformed ones, whose quotes say nothing. Asked in ascending order, it
    reads the file once, and only as far as needed.
    """

    def __init__(self, path: Path, starts: Mapping[int, int], *, skips_blank: bool) -> None:
        self._path = path
        self._starts = starts
        self._skips_blank = skips_blank
        self._walk = self._records()
        self._at = (-1, 0)

    def line_of(self, record: int) -> int | None:
        """The line (from 1) of that record, None where the file has no such record."""
        while self._at[0] < record:
            following = next(self._walk, None)
            if following is None:
                return None
            self._at = following
        return self._at[1]

    def _records(self) -> Iterator[tuple[int, int]]:
        record, offset, is_open = -1, 1, False
        with closing(open_plain(self._path)) as stream:
            for line, raw in enumerate(stream, start=1):
                known = self._starts.get(offset)
                offset += len(raw)
                if known is not None:
                    record, is_open = known, False
                    yield record, line
                elif not is_open and not (self._skips_blank and raw in (b"\n", b"\r\n")):
                    record += 1
                    yield record, line
                if known is None and raw.count(b'"') % 2:
                    is_open = not is_open
