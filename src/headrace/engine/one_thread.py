"""Files of text of which DuckDB's threads would lose records without a word: one thread reads all of them.

DuckDB 2.0.0 gives a file to its threads in parts. Where the last one begins with a line that has too few cells or too
many, nothing of that part is read, up to 8 MiB. Of lines that are longer than any that is read, those that reach into
the next buffer are neither read nor kept as malformed. Of a last line that is longer than a buffer, nothing is read
where threads are to fail at it. What follows a line end in quotes may be taken for a record (`parted_quotes`). No error
tells of any of these.
"""

from __future__ import annotations

import csv
from collections import deque
from contextlib import closing
from functools import partial
from pathlib import Path

from headrace.engine.lines import open_plain
from headrace.engine.parted_quotes import may_be_parted_in_quotes

# The line that the part begins within ends in it; DuckDB looks at the one after it, or at the next.
_LINES = 2
_LOOK_BYTES = 4096
# As much as a processor holds by itself.
_BLOCK_BYTES = 256 * 1024


def needs_one_thread(path: Path, line_bytes: int, cells: int | None) -> bool:
    """Whether records of the plain file may be lost otherwise.

    `line_bytes` is the longest line that is read, and what a part takes; `cells` how many each line has to have, None:
    any will do. A file that is not there, as of a query that is shown, needs nothing.
    """
    if not path.is_file() or path.stat().st_size <= line_bytes:
        return False
    is_csv = cells is not None
    if is_csv and (may_be_left_out(path, line_bytes, cells) or may_be_parted_in_quotes(path, line_bytes, cells)):
        return True
    return may_have_longer(path, line_bytes)


def may_lack(path: Path, line_bytes: int, cells: int, *, is_packed: bool) -> bool:
    """Whether threads that failed at no malformed line of the file may not have read each of its lines as it is."""
    if not is_packed and (may_be_left_out(path, line_bytes, cells) or may_be_parted_in_quotes(path, line_bytes, cells)):
        return True
    return may_end_in_longer(path, line_bytes, is_packed=is_packed)


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


def may_end_in_longer(path: Path, line_bytes: int, *, is_packed: bool) -> bool:
    """Whether the last line of the file may have more bytes."""
    most = line_bytes + _LINES
    with closing(open_plain(path) if is_packed else path.open("rb")) as file:
        if not is_packed:
            file.seek(max(0, path.stat().st_size - most))
        blocks = deque(iter(partial(file.read, _BLOCK_BYTES), b""), maxlen=most // _BLOCK_BYTES + _LINES)
    end = b"".join(blocks)[-most:]
    text = end.rstrip(b"\r\n")
    begin = 1 + max(text.rfind(b"\n"), text.rfind(b"\r"))
    return len(text) - begin > line_bytes or (len(end) == most and not begin)


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
