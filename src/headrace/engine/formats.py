"""The file formats that flows read, and how each is recognised."""

from __future__ import annotations

import csv
import io
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from headrace.errors import HeadraceError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

InputFormat = Literal["csv", "json", "parquet"]
Compression = Literal["none", "gzip", "zstd"]

_FIRST_READ_BYTES = 8 * 1024
_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class UnreadableSource(HeadraceError):
    """A source file that can't be read at all, such as a broken Parquet file; `file` is its name."""

    def __init__(self, message: str, file: str) -> None:
        super().__init__(message)
        self.file = file


def compression_of(head: bytes) -> Compression:
    """How a file that begins with `head` is compressed."""
    if head.startswith(_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD) else "none"


def format_of(head: bytes, declared: InputFormat) -> InputFormat:
    """`declared`, but Parquet where the file itself says so: no text file begins so and makes sense."""
    return "parquet" if head.startswith(_PARQUET) else declared


@dataclass(frozen=True)
class Header:
    """The fields that a CSV file's header names, none where the file is empty, and the blank lines before it."""

    fields: tuple[str, ...]
    blank_lines: int


def csv_fields(name: str, head: Callable[[int], bytes]) -> tuple[str, ...]:
    """The fields of `csv_header`."""
    return csv_header(name, head).fields


def csv_header(name: str, head: Callable[[int], bytes]) -> Header:
    """What a CSV file begins with.

    `head(n)` gives the first n bytes of the file, fewer only at its end. A name that occurs again
    gets `_1`, `_2`, …; an empty one is called `column<place>`. Raises UnreadableSource.
    """
    size = _FIRST_READ_BYTES
    while True:
        raw = head(size)
        is_whole = len(raw) < size
        header = _header(name, raw, is_whole=is_whole)
        if header is not None:
            return header
        size *= 8


def _header(name: str, raw: bytes, *, is_whole: bool) -> Header | None:
    """The header, None where `raw` may end before it does."""
    data = _plain(name, raw)
    # Only the header has to be UTF-8: a record that is not is rejected by itself.
    text = data.decode("utf-8-sig", errors="surrogateescape")
    lines = io.StringIO(text, newline="")
    rows = csv.reader(lines)
    blank_lines = 0
    try:
        while not (cells := next(rows, list[str]())) and lines.tell() < len(text):
            blank_lines += 1
        if not is_whole and lines.tell() == len(text):
            return None
        "".join(cells).encode()
    except (UnicodeEncodeError, csv.Error) as error:
        raise UnreadableSource(f"The header of {name} can't be read as CSV in UTF-8: {error}", name) from error
    return Header(_distinct(cells), blank_lines)


def _plain(name: str, raw: bytes) -> bytes:
    """What the beginning of a perhaps compressed file unpacks to."""
    kind = compression_of(raw)
    try:
        if kind == "gzip":
            return zlib.decompressobj(31).decompress(raw)
        if kind == "zstd":
            return zstd.ZstdDecompressor().decompress(raw)
    except (zlib.error, zstd.ZstdError) as error:
        raise UnreadableSource(f"{name} is not a whole {kind} file: {error}", name) from error
    return raw


def _distinct(cells: list[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for place, cell in enumerate(cells, start=1):
        base = cell or f"column{place}"
        name, again = base, 0
        while name in names:
            again += 1
            name = f"{base}_{again}"
        names[name] = None
    return tuple(names)
