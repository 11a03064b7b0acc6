"""Files of text of which DuckDB's threads would lose records without a word: one thread reads all of them.

DuckDB 2.0.0 gives a file to its threads in parts. Where the last one begins with a line that has too few cells or too
many, nothing of that part is read, up to 8 MiB. Of lines that are longer than any that is read, those that reach into
the next buffer are neither read nor kept as malformed. No error tells of either.
"""

from __future__ import annotations

import csv
from pathlib import Path

# The line that the part begins within ends in it; DuckDB looks at the one after it, or at the next.
_LINES = 2
_LOOK_BYTES = 4096


def needs_one_thread(path: Path, line_bytes: int, cells: int | None) -> bool:
    """Whether records of the plain file may be lost otherwise.

    `line_bytes` is the longest line that is read, and what a part takes; `cells` how many each line has to have, None:
    any will do. A file that is not there, as of a query that is shown, needs nothing.
    """
    if not path.is_file() or path.stat().st_size <= line_bytes:
        return False
    return (cells is not None and may_be_left_out(path, line_bytes, cells)) or may_have_longer(path, line_bytes)


def may_be_left_out(path: Path, part_bytes: int, cells: int) -> bool:
    """Whether the last part of the plain file begins with lines that may not have so many cells."""
    begin = (path.stat().st_size - 1) // part_bytes * part_bytes
    if begin <= 0:
        return False
    with path.open("rb") as file:
        file.seek(begin - 1)
        file.readline()
        return not all(_has(line, cells) for line in (file.readline() for _ in range(_LINES)) if line)


def may_have_longer(path: Path, line_bytes: int) -> bool:
    """Whether the plain file may have a line of more bytes; of one that has line ends in quotes nobody knows so.

    It has none where each half of so many bytes, one after the other, has a line end: little of them is looked at.
    """
    half, size_bytes = line_bytes // 2, path.stat().st_size
    with path.open("rb", buffering=0) as file:
        for begin in range(0, size_bytes - half + 1, half):
            file.seek(begin)
            if not any(_ends_line(file.read(min(_LOOK_BYTES, half - at))) for at in range(0, half, _LOOK_BYTES)):
                return True
    return False


def _ends_line(text: bytes) -> bool:
    return b"\n" in text or b"\r" in text


def _has(line: bytes, cells: int) -> bool:
    """Whether the line, by itself, certainly has so many cells."""
    text = line.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
    if "\r" in text:
        return False
    try:
        return [len(row) for row in csv.reader([text], strict=True)] == [cells]
    except csv.Error:
        return False
