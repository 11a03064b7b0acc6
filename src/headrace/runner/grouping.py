"""Which source files one split reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

SPLIT_BYTES = 256 * 1024 * 1024
SPLIT_FILES = 256


class Sized(Protocol):
    """What grouping looks at of a file."""

    @property
    def key(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


File = TypeVar("File", bound=Sized)


def grouped(files: Iterable[File], *, is_single: bool = False) -> tuple[tuple[File, ...], ...]:
    """The files of each split, in order of their keys; the same files give the same splits.

    A split holds at most SPLIT_FILES files and SPLIT_BYTES bytes, or one file that is larger.
    `is_single`: everything in one split, because the output is one file. No files, no splits.
    """
    ordered = sorted(files, key=lambda file: file.key)
    if is_single:
        return (tuple(ordered),) if ordered else ()
    groups: list[tuple[File, ...]] = []
    group: list[File] = []
    size_bytes = 0
    for file in ordered:
        if group and (len(group) == SPLIT_FILES or size_bytes + file.size_bytes > SPLIT_BYTES):
            groups.append(tuple(group))
            group, size_bytes = [], 0
        group.append(file)
        size_bytes += file.size_bytes
    if group:
        groups.append(tuple(group))
    return tuple(groups)
