"""The last part of a file of CSV, which DuckDB may leave out without a word.

DuckDB 2.0.0 gives a file to its threads in parts. Where the last one begins with a line that has too few cells or too
many, nothing of that part is read, up to 8 MiB, and no error tells of it, whatever is asked for. One thread that reads
all of the file reads all of it.
"""

from __future__ import annotations

import csv
from pathlib import Path

# The line that the part begins within ends in it; DuckDB looks at the one after it, or at the next.
_LINES = 2


def may_be_left_out(path: Path, part_bytes: int, cells: int) -> bool:
    """Whether the last part of the plain file begins with lines that may not have so many cells.

    A file that is not there, as of a query that is shown, has no parts.
    """
    begin = (path.stat().st_size - 1) // part_bytes * part_bytes if path.is_file() else 0
    if begin <= 0:
        return False
    with path.open("rb") as file:
        file.seek(begin - 1)
        file.readline()
        return not all(_has(line, cells) for line in (file.readline() for _ in range(_LINES)) if line)


def _has(line: bytes, cells: int) -> bool:
    """Whether the line, by itself, certainly has so many cells."""
    text = line.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
    if "\r" in text:
        return False
    try:
        return [len(row) for row in csv.reader([text], strict=True)] == [cells]
    except csv.Error:
        return False
