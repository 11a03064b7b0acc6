"""Lines of a CSV file: DuckDB numbers records, people look for lines."""

from __future__ import annotations

import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, cast

from headrace.engine.formats import compression_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What reading a file raises that is packed and not whole.
UNPACKING_ERRORS = (EOFError, OSError, zlib.error, zstd.ZstdError)
_BLOCK_BYTES = 1024 * 1024
_ENDS = "\r\n"
_TWO_ENDS = (b"\n\n", b"\n\r", b"\r\r")
_BLANK = frozenset({"\n", _ENDS, "\r"})
_QUOTED = ' ?"[^"]*+(?:""[^"]*+)*+'
_WHOLE_CELLS = re.compile(f'(?:(?:{_QUOTED}" *+|(?! ?")[^,]*+),)*+')
_OPEN_CELL = re.compile(rf"{_QUOTED}\Z")
_BOM_BYTES = b"\xef\xbb\xbf"
# Nothing: the begin or the end of the file.
_SIDES = frozenset({b",", b"\r", b"\n", b""})
_BOM = _BOM_BYTES.decode("latin-1")
_FIRST_BYTE: Callable[[bytes], bytes] = itemgetter(slice(1))
_LAST_BYTE: Callable[[bytes], bytes] = itemgetter(slice(-1, None))


def open_plain(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is compressed."""
    with path.open("rb") as stream:
        kind = compression_of(stream.read(8))
    if kind == "gzip":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return cast("BinaryIO", zstd.open(path, "rb")) if kind == "zstd" else path.open("rb")


def plain(content: bytes) -> bytes:
    """A file's content, unpacked where it is compressed. Raises one of UNPACKING_ERRORS."""
    kind = compression_of(content[:8])
    if kind == "gzip":
        return gzip.decompress(content)
    return zstd.decompress(content) if kind == "zstd" else content


def line_count(path: Path) -> int:
    """How many lines the file has, the last one ended or not."""
    count, last = 0, b""
    with closing(open_plain(path)) as stream:
        while block := stream.read(_BLOCK_BYTES):
            count += _line_ends(last, block)
            last = block[-1:]
    return count + (last not in b"\r\n")


def lines_of_offsets(path: Path, offsets: Sequence[int]) -> dict[int, int]:
    """The line (from 1) on which each byte (from 1) lies; `offsets` ascend. CR LF, LF and CR end a line."""
    found: dict[int, int] = {}
    if not offsets:
        return found
    with closing(open_plain(path)) as stream:
        position, line, last = 0, 1, b""
        for offset in offsets:
            while position < offset - 1 and (block := stream.read(min(_BLOCK_BYTES, offset - 1 - position))):
                position += len(block)
                line += _line_ends(last, block)
                last = block[-1:]
            found[offset] = line
    return found


def _line_ends(before: bytes, block: bytes) -> int:
    """How many lines end in `block`; one that ended with `before`, the byte before it, ends once."""
    ends = block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
    return ends - 1 if before == b"\r" and block.startswith(b"\n") else ends


def may_have_blank_lines(path: Path) -> bool:
    """Whether the file has a line end behind another, or begins with one; within quotes or not."""
    with closing(open_plain(path)) as stream:
        last, block = b"\n", stream.read(_BLOCK_BYTES).removeprefix(_BOM_BYTES)
        while block:
            if any(two in block for two in _TWO_ENDS) or last + block[:1] in _TWO_ENDS:
                return True
            last, block = block[-1:], stream.read(_BLOCK_BYTES)
    return False


@dataclass(frozen=True)
class Start:
    """Where a malformed record is known to begin.

    `number` is what DuckDB says, which counts blank lines as well; `end` the byte after it, None where unknown.
    """

    number: int
    end: int | None


class RecordLines:
    """The line on which each record of a CSV file begins; the header is record 0.

    A quoted newline does not end a record, and blank lines before the header are none, as
    anywhere where `skips_blank`. `starts` are malformed records by the byte (from 1) at which
    they begin: their quotes say nothing. Asked in ascending order, it reads the file once, and
    only as far as needed.
    """

    def __init__(self, path: Path, starts: Mapping[int, Start], *, skips_blank: bool) -> None:
        self._path = path
        self._starts = starts
        self._skips_blank = skips_blank
        self._walk = self._records()
        self._at = (-1, 0)
        self._numbers: dict[int, int] = {}

    def line_of(self, record: int) -> int | None:
        """The line (from 1) of that record, None where the file has no such record."""
        while self._at[0] < record:
            following = next(self._walk, None)
            if following is None:
                return None
            self._at = following
        return self._at[1]

    def malformed(self) -> dict[int, int]:
        """The number of each malformed record by where it begins. Reads what is left of the file."""
        for _ in self._walk:
            continue
        return self._numbers

    def _records(self) -> Iterator[tuple[int, int]]:
        record, offset, until, is_open, blank = -1, 1, 0, False, 0
        for line, raw in enumerate(_lines(self._path), start=1):
            known = self._starts.get(offset)
            if known is not None:
                record, until = known.number - blank, known.end or 0
                self._numbers[offset] = record
                yield record, line
            elif not is_open and offset >= until:
                if self._is_skipped(record, raw):
                    blank += 1
                else:
                    record += 1
                    yield record, line
            is_open = offset >= until and _is_open_after(raw, is_open=is_open and known is None)
            offset += len(raw)

    def _is_skipped(self, record: int, raw: str) -> bool:
        is_before = record < 0
        return (raw.removeprefix(_BOM) if is_before else raw) in _BLANK and (self._skips_blank or is_before)


def is_one_line(text: str) -> bool:
    """Whether a record of CSV is a single line behind which the next one can stand: no quoted cell goes on after it."""
    return not any(end in text for end in _ENDS) and not _is_open_after(text, is_open=False)


def line_end_of(content: bytes) -> str | None:
    """What ends every line of a small CSV file; None where it is not one and the same, or a quote is out of place.

    Of several files that DuckDB reads at once it loses a record that ends in an open quote, without a word.
    """
    try:
        content = plain(content).removeprefix(_BOM_BYTES)
    except UNPACKING_ERRORS:
        return None
    if b"\0" in content or (b'"' in content and not _are_quotes_in_place(content)):
        return None
    if b"\r" not in content:
        return "\n" if b"\n" in content else None
    pairs, returns, feeds = content.count(b"\r\n"), content.count(b"\r"), content.count(b"\n")
    if not feeds:
        return "\r"
    return _ENDS if pairs == returns == feeds else None


def _are_quotes_in_place(content: bytes) -> bool:
    """Whether each quote belongs to a cell that begins and ends with one."""
    # What is outside and inside of quotes in turn; between the two of a doubled one is nothing.
    first, *parts = content.split(b'"')
    if len(parts) % 2:
        return False
    between, last = list(filter(None, parts[1:-1:2])), parts[-1] if parts else b""
    ends = {*map(_LAST_BYTE, between), first[-1:]}
    begins = {*map(_FIRST_BYTE, between), last[:1]}
    return _SIDES.issuperset(ends | begins)


def has_mixed_line_ends(path: Path) -> bool:
    """Whether the file has line ends of more than one kind, in quotes or not."""
    lone_lf, lone_cr, pairs, last = 0, 0, 0, b""
    with closing(open_plain(path)) as stream:
        while block := stream.read(_BLOCK_BYTES):
            found = block.count(b"\r\n") + (last == b"\r" and block.startswith(b"\n"))
            pairs += found
            lone_lf += block.count(b"\n") - found
            lone_cr += block.count(b"\r") - found
            last = block[-1:]
    return (lone_lf, lone_cr, pairs).count(0) < 2


def with_one_line_end(path: Path, copy: Path) -> None:
    """Copy a CSV file, unpacked, so that LF ends every line that no quotes hold; lines keep their numbers.

    Where lines end in different ways, DuckDB refuses the file, takes good records for malformed ones,
    or loses what follows a lone CR.
    """
    is_open = False
    with copy.open("w", encoding="latin-1", newline="") as target:
        for raw in _lines(path):
            is_open = _is_open_after(raw, is_open=is_open)
            target.write(raw if is_open or not raw.endswith(("\r", "\r\n")) else f"{raw.rstrip(_ENDS)}\n")


def _lines(path: Path) -> Iterator[str]:
    """Every byte is a character of Latin-1; with newline="" every kind of line end ends a line."""
    with io.TextIOWrapper(open_plain(path), encoding="latin-1", newline="") as stream:
        yield from stream


def _is_open_after(raw: str, *, is_open: bool) -> bool:
    """Whether a quoted cell goes on after the line, as DuckDB sees it.

    A quote opens a cell where that begins, after one blank at the most. What follows the closing
    one, but for blanks, makes the record malformed: it ends with the line.
    """
    if '"' not in raw:
        return is_open
    text = f'"{raw}' if is_open else raw.removeprefix(_BOM)
    whole = cast("re.Match[str]", _WHOLE_CELLS.match(text))
    return _OPEN_CELL.match(text, whole.end()) is not None
