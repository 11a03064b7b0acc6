"""The schema in a Parquet file's footer, as its bytes: to compare them is quicker than to have it read."""

from __future__ import annotations

from pathlib import Path

_MAGIC = b"PAR1"
_END_BYTES = 8
# A longer footer is not held here.
_MOST_BYTES = 1024 * 1024
# What fields of a footer begin with (Thrift's compact protocol): its first one, the version; the next one, the schema.
_VERSION, _SCHEMA = 0x15, 0x19
_INTEGERS, _BOOLEANS, _BYTE, _BINARY, _STRUCT = frozenset({4, 5, 6}), frozenset({1, 2}), 3, 8, 12
# The elements of a schema have logical types, whose units are structs.
_DEEPEST = 4
_LONG = 15


def schema_of(path: Path, before: bytes | None = None) -> bytes | None:
    """The bytes that say which columns the file has, of which types; None where something is odd, or can't be told.

    `before`: those of another file, which this one is compared with first.
    """
    footer = _footer(path)
    # Which columns are geometries is said behind the schema.
    if footer is None or b"geo" in footer:
        return None
    if before and footer.startswith(before):
        return before
    try:
        end = _schema_end(footer)
    except (IndexError, ValueError):
        return None
    return footer[:end] if end <= len(footer) else None


def _footer(path: Path) -> bytes | None:
    with path.open("rb", buffering=0) as file:
        size_bytes = file.seek(0, 2)
        file.seek(max(0, size_bytes - _END_BYTES))
        end = file.read(_END_BYTES)
        length = int.from_bytes(end[:4], "little")
        if not end.endswith(_MAGIC) or length > min(size_bytes - _END_BYTES, _MOST_BYTES):
            return None
        file.seek(size_bytes - _END_BYTES - length)
        footer = file.read(length)
    return footer if len(footer) == length else None


def _schema_end(footer: bytes) -> int:
    """Where the schema ends. Raises IndexError, ValueError where there is none as is usual."""
    _, place = _number(footer, 1)
    if footer[0] != _VERSION or footer[place] != _SCHEMA:
        raise ValueError(footer[:place])
    head = footer[place + 1]
    count, place = (head >> 4, place + 2) if head >> 4 < _LONG else _number(footer, place + 2)
    if head & 15 != _STRUCT:
        raise ValueError(head)
    for _ in range(count):
        place = _past_struct(footer, place, 0)
    return place


def _past_struct(footer: bytes, place: int, depth: int) -> int:
    if depth > _DEEPEST:
        raise ValueError(depth)
    while head := footer[place]:
        place += 1
        if not head >> 4:
            _, place = _number(footer, place)
        place = _past_value(footer, place, head & 15, depth)
    return place + 1


def _past_value(footer: bytes, place: int, kind: int, depth: int) -> int:
    if kind in _INTEGERS:
        return _number(footer, place)[1]
    if kind in _BOOLEANS:
        return place
    if kind == _BYTE:
        return place + 1
    if kind == _BINARY:
        size, place = _number(footer, place)
        return place + size
    if kind == _STRUCT:
        return _past_struct(footer, place, depth + 1)
    raise ValueError(kind)


def _number(footer: bytes, place: int) -> tuple[int, int]:
    """The number at a place, seven bits a byte, and the place behind it."""
    number = shift = 0
    while (byte := footer[place]) > 127:
        number |= (byte & 127) << shift
        shift += 7
        place += 1
    return number | byte << shift, place + 1
