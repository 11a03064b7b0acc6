"""Which source files one split reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from headrace.connector_sdk.contract import SourceFile

SPLIT_BYTES = 256 * 1024 * 1024
SPLIT_FILES = 256


def grouped(
    files: Iterable[SourceFile],
    *,
    is_single: bool = False,
    most_files: int = SPLIT_FILES,
    most_bytes: int = SPLIT_BYTES,
) -> tuple[tuple[SourceFile, ...], ...]:
    """The files of each split, in order of their keys; the same files give the same splits.

    A split holds at most `most_files` files and `most_bytes` bytes, or one file that is larger.
    `is_single`: everything in one split, because the output is one file. No files, no splits.
    """
    ordered = sorted(files, key=lambda file: file.key)
    if is_single:
        return (tuple(ordered),) if ordered else ()
    groups: list[tuple[SourceFile, ...]] = []
    group: list[SourceFile] = []
    size_bytes = 0
    for file in ordered:
        if group and (len(group) == most_files or size_bytes + file.size_bytes > most_bytes):
            groups.append(tuple(group))
            group, size_bytes = [], 0
        group.append(file)
        size_bytes += file.size_bytes
    if group:
        groups.append(tuple(group))
    return tuple(groups)
