"""One function per shape that reads parsed JSON as that shape, compiled at its first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeGuard

from headrace.model.beyond import ALL
from headrace.model.constraints import is_secret
from headrace.model.json_text import SerializationError
from headrace.model.places import Place, spell
from headrace.model.shapes import (
    Anything,
    Boolean,
    Float,
    Integer,
    ListShape,
    MapShape,
    Shape,
    String,
    Structure,
    Timestamp,
)

Read = Callable[[Any, Place], Any]

# What a timestamp can be as a date: years 1 to 9999.
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799.999


@cache
def reader(shape_name: str) -> Read:
    """The function that reads a value as the shape named; it raises SerializationError.

    Members that the model doesn't know and nulls are left out, key order is kept.
    """
    shape: Shape = ALL[shape_name]
    if isinstance(shape, Structure):
        return _structure_reader({member.name: reader(member.shape) for member in shape.members})
    if isinstance(shape, ListShape):
        return _list_reader(reader(shape.member))
    if isinstance(shape, MapShape):
        return _map_reader(reader(shape.value), is_hidden=is_secret(shape.key))
    if isinstance(shape, Integer):
        return _integer_reader(shape.bits)
    return _SCALARS[type(shape)]


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return type(value) is dict


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return type(value) is list


def _structure_reader(readers: Mapping[str, Read]) -> Read:
    def read(value: Any, place: Place) -> dict[str, Any]:
        if not _is_object(value):
            raise _wrong(value, "Object", place)
        known: dict[str, Any] = {}
        for name, part in value.items():
            read_part = readers.get(name)
            if part is not None and read_part is not None:
                # Text is most of a document: it is told apart here, without a place and a call.
                is_text = read_part is _read_string and type(part) is str
                known[name] = part if is_text else read_part(part, (place, name))
        return known

    return read


def _map_reader(read_value: Read, *, is_hidden: bool) -> Read:
    def read(value: Any, place: Place) -> dict[str, Any]:
        if not _is_object(value):
            raise _wrong(value, "Map", place)
        return {
            name: read_value(part, (place, "value" if is_hidden else name))
            for name, part in value.items()
            if part is not None
        }

    return read


def _list_reader(read_member: Read) -> Read:
    def read(value: Any, place: Place) -> list[Any]:
        if not _is_array(value):
            raise _wrong(value, "List", place)
        return [
            read_member(part, (place, f"{number}.member")) for number, part in enumerate(value, 1) if part is not None
        ]

    return read


def _integer_reader(bits: int) -> Read:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(value: Any, place: Place) -> int:
        number = int(value) if type(value) is float and value.is_integer() else value
        if type(number) is not int:
            raise _wrong(value, "Integer", place)
        if not least <= number <= most:
            raise SerializationError(f"The number at '{spell(place)}' does not fit {bits} bits")
        return number

    return read


def _read_string(value: Any, place: Place) -> str:
    if type(value) is not str:
        raise _wrong(value, "String", place)
    return value


def _read_boolean(value: Any, place: Place) -> bool:
    if type(value) is not bool:
        raise _wrong(value, "Boolean", place)
    return value


def _read_float(value: Any, place: Place) -> int | float:
    if type(value) is not int and type(value) is not float:
        raise _wrong(value, "Double", place)
    if not abs(value) <= sys.float_info.max:
        raise SerializationError(f"The number at '{spell(place)}' is beyond a double")
    return value


def _read_timestamp(value: Any, place: Place) -> int | float:
    number = _parse_instant(value, place) if type(value) is str else value
    if type(number) is not int and type(number) is not float:
        raise _wrong(value, "Timestamp", place)
    if not _FIRST_S <= number <= _LAST_S:
        raise SerializationError(f"The timestamp at '{spell(place)}' is not within the years 1 to 9999")
    return number


def _read_anything(value: Any, _place: Place) -> Any:
    return value


def _parse_instant(text: str, place: Place) -> int | float:
    """Epoch seconds of an ISO 8601 date and time; UTC where it names no zone."""
    try:
        instant = datetime.fromisoformat(text)
        seconds = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as fault:
        where = spell(place)
        raise SerializationError(f"The timestamp at '{where}' is neither epoch seconds nor ISO 8601 text") from fault
    return int(seconds) if seconds.is_integer() else seconds


def _wrong(value: object, wanted: str, place: Place) -> SerializationError:
    """The fault of a value of the wrong JSON type, in AWS's words; the value may be secret, so it is not shown."""
    found = next((token for kind, token in _TOKENS if isinstance(value, kind)), "NUMBER_VALUE")
    where = f" at '{spell(place)}'" if place else ""
    return SerializationError(f"{found} can not be converted to a {wanted}{where}")


_TOKENS = (
    (dict, "START_OBJECT"),
    (list, "START_ARRAY"),
    (str, "STRING_VALUE"),
    (bool, "BOOLEAN_VALUE"),
    (type(None), "NULL_VALUE"),
)
_SCALARS: Mapping[type[Shape], Read] = {
    String: _read_string,
    Boolean: _read_boolean,
    Float: _read_float,
    Timestamp: _read_timestamp,
    Anything: _read_anything,
}
