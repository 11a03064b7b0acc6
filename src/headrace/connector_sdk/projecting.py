"""Fewer fields of a record, with the values that stay exactly as they were written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import cast

_BLANK = re.compile(r"[ \t\r\n]*")
_VALUE = json.JSONDecoder().raw_decode
_WRITE = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def projected(record: str, fields: Collection[str]) -> str:
    """The JSON object with the members named only; what is no JSON object comes back as it is.

    No number loses a digit: where Python would write one otherwise, the members are cut out of the text.
    """
    try:
        found: object = _READ(record)
        if not isinstance(found, dict):
            return record
        given = cast("dict[str, object]", found)
        if all(name in fields for name in given):
            return record
        return _WRITE({name: value for name, value in given.items() if name in fields})
    except _InexactError:
        return _cut(record, fields)
    except (ValueError, RecursionError):
        return record


def _cut(record: str, fields: Collection[str]) -> str:
    try:
        return f"{{{', '.join(text for name, text in _members(record) if name in fields)}}}"
    except (ValueError, RecursionError):
        return record


class _InexactError(Exception):
    """A number that Python writes otherwise than it stands there."""


def _exact(text: str) -> float:
    number = float(text)
    if repr(number) != text:
        raise _InexactError
    return number


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Each member's name and its text, name and value. Raises ValueError for what is no object."""
    place = _expect(text, _skip(text, 0), "{")
    if text[place : place + 1] == "}":
        _end(text, place)
        return
    while True:
        name, end = _name(text, place)
        start = _expect(text, _skip(text, end), ":")
        _, value_end = _VALUE(text, start)
        yield name, text[place:value_end]
        place = _skip(text, value_end)
        if text[place : place + 1] == "}":
            _end(text, place)
            return
        place = _expect(text, place, ",")


def _name(text: str, place: int) -> tuple[str, int]:
    if text[place : place + 1] != '"':
        raise ValueError(text)
    return _VALUE(text, place)


def _skip(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return place if found is None else found.end()


def _expect(text: str, place: int, character: str) -> int:
    """The place after the character and the blanks that follow it."""
    if text[place : place + 1] != character:
        raise ValueError(text)
    return _skip(text, place + 1)


def _end(text: str, place: int) -> None:
    if _skip(text, place + 1) != len(text):
        raise ValueError(text)


_READ = json.JSONDecoder(parse_float=_exact).decode
