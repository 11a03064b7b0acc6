"""Files of CSV of which DuckDB's threads may take text in quotes for records.

DuckDB 2.0.0 gives a plain file to its threads in parts. A part begins anywhere, and what of its first record is left is
the thread's before it. To find the second one, DuckDB goes to the next line end as if the place were outside quotes,
and as if it were within some, and looks what follows.
"""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from typing import BinaryIO

_LOOK_BYTES = 4096
# As much as a processor holds by itself.
_BLOCK_BYTES = 256 * 1024
# A quote with which a cell begins, as nothing within quotes can, and one with which it ends.
_TELLING = re.compile(rb'"(?:(?<=[,\r\n]")(?=([^",\r\n]))|(?<=[^",\r\n]")(?=[,\r\n]))')
# A quote in a cell that is not in quotes, which says nothing of what follows.
_STRAY = re.compile(rb'"(?<=[^",\r\n]")(?=[^",\r\n])')
_LINE_ENDS = (b"\n", b"\r")
_SIDES = (b",", *_LINE_ENDS)
# What is left of a cell in quotes, which spaces may go around, and another one; a cell outside of them.
_INSIDE = rb'[^"]*+(?:""[^"]*+)*+"'
_QUOTED = _INSIDE + rb'(?: ++"' + _INSIDE + rb")*+ *+"
_PLAIN = rb"[^,\r\n]*+"
_FURTHER = rb'(?: *+"' + _QUOTED + rb'|(?! *+")' + _PLAIN + rb")"
_FURTHERS = rb"(?:," + _FURTHER + rb")*+(?:\r\n?|\n)"
_REST_INSIDE = re.compile(_QUOTED + _FURTHERS)
# Where DuckDB begins outside of quotes, the first one it sees is as any other character.
_REST_OUTSIDE = re.compile(_PLAIN + _FURTHERS)
_RECORD = re.compile(_FURTHER + _FURTHERS)
_CELL = re.compile(rb"(" + _FURTHER + rb")([,\r\n])")


def may_be_parted_in_quotes(path: Path, part_bytes: int, cells: int) -> bool:
    """Whether a part of the plain file, whose records have so many cells, may not begin where DuckDB thinks."""
    known, is_open, size_bytes = 0, False, path.stat().st_size
    with path.open("rb", buffering=0) as file:
        for begin in range(part_bytes, size_bytes, part_bytes):
            told = _is_open(file, known, begin, is_open=is_open)
            if told is None or not _is_found(file, begin, cells, is_open=told):
                return True
            known, is_open = begin, told
    return False


def _is_open(file: BinaryIO, known: int, place: int, *, is_open: bool) -> bool | None:
    """Whether the place is within quotes, by those since another of which that is known; None: nobody knows."""
    behind, end, look_bytes = 0, place, _LOOK_BYTES
    while end > known:
        begin = max(known, end - look_bytes)
        edge = max(0, begin - 1)
        file.seek(edge)
        # A byte more on each side says what the quotes at both ends are.
        text = file.read(end + 1 - edge)
        if b'"' in text:
            last = deque(_TELLING.finditer(text), maxlen=1)
            since = last[0].end() if last else begin - edge
            if _STRAY.search(text, since):
                return None
            behind += text.count(b'"', since, end - edge)
            if last:
                return (last[0].lastindex is not None) ^ (behind % 2 == 1)
        end, look_bytes = begin, _BLOCK_BYTES
    return is_open ^ (behind % 2 == 1)


def _is_found(file: BinaryIO, begin: int, cells: int, *, is_open: bool) -> bool:
    """Whether DuckDB certainly finds the record that comes first; most end soon."""
    for look_bytes in (_LOOK_BYTES, _BLOCK_BYTES):
        file.seek(begin - 1)
        before, after = file.read(1), file.read(look_bytes)
        if _is_found_in(before, after, cells, is_open=is_open):
            return True
    return False


def _is_found_in(before: bytes, after: bytes, cells: int, *, is_open: bool) -> bool:
    if before == b"\r" and after.startswith(b"\n"):
        # The end of a line is parted itself.
        if is_open:
            return False
        after = after[1:]
    if is_open:
        own = _REST_INSIDE.match(after)
    elif before + after[:1] == b'""':
        # So are two quotes that stand for one.
        own = _REST_INSIDE.match(after, 1)
    else:
        own = (_RECORD if before in _SIDES else _REST_OUTSIDE).match(after)
    found = _first_record(after, cells)
    return own is not None and (own.end() == found if found else b'"' not in after)


def _first_record(text: bytes, cells: int) -> int | None:
    """Where DuckDB finds it in the text of a part; None: nowhere, -1: nobody knows."""
    tried = {match.end() for match in (_REST_OUTSIDE.match(text), _REST_INSIDE.match(text)) if match}
    found = [end for end in tried if _has_record(text, end, cells)]
    return None if not found else found[0] if len(found) == 1 else -1


def _has_record(text: bytes, begin: int, cells: int) -> bool:
    """Whether DuckDB takes what is there for one, which may have one empty cell too many."""
    while cells > 1 and text[begin : begin + 1] in _LINE_ENDS:
        begin += 1
    found = 0
    while cell := _CELL.match(text, begin):
        begin, found = cell.end(), found + 1
        if cell[2] != b",":
            return found == cells or (found == cells + 1 and cell[1] in (b"", b'""'))
    return False
