"""The frames of a zstd file: DuckDB reads one that was cut as if it ended there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_MAGIC = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_RUN_LENGTH = 1


def is_whole_zstd(path: Path) -> bool:
    """Whether every frame of the file comes to its end; what it unpacks to is not looked at.

    Source: RFC 8878, section 3.1.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as stream:
        while stream.tell() < size_bytes:
            if not _is_past_frame(stream):
                return False
        return stream.tell() == size_bytes


def _is_past_frame(stream: BinaryIO) -> bool:
    """Move past one frame; False where it can't be one."""
    magic = _number(stream, 4)
    if magic in _SKIPPABLE:
        length = _number(stream, 4)
        stream.seek(length or 0, os.SEEK_CUR)
        return length is not None
    descriptor = _number(stream, 1)
    if magic != _MAGIC or descriptor is None:
        return False
    is_single = bool(descriptor & 0x20)
    content_bytes = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    stream.seek((0 if is_single else 1) + (0, 1, 2, 4)[descriptor & 3] + content_bytes, os.SEEK_CUR)
    is_last = False
    while not is_last:
        header = _number(stream, 3)
        if header is None:
            return False
        is_last = bool(header & 1)
        stream.seek(1 if header >> 1 & 3 == _RUN_LENGTH else header >> 3, os.SEEK_CUR)
    stream.seek(4 if descriptor & 4 else 0, os.SEEK_CUR)
    return True


def _number(stream: BinaryIO, size: int) -> int | None:
    """A little-endian number of so many bytes, None at the end of the file."""
    raw = stream.read(size)
    return int.from_bytes(raw, "little") if len(raw) == size else None
