"""How the vendors' names of data types compare: as text, numbers, instants or booleans."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from headrace.engine.tasks import Kind

_KINDS: Final[dict[Kind, tuple[str, ...]]] = {
    "number": (
        "bigdecimal bigint biginteger bigserial byteint counter currency decimal double edm.byte edm.decimal",
        "edm.double edm.int16 edm.int32 edm.int64 edm.sbyte edm.single fixed float float4 float8 float64 int int2 int4",
        "int8 int16 int32 int64 integer long longint mediumint money number numeric percent percentage real score",
        "serial short single smallint tinyint",
    ),
    "instant": (
        "date datetime datetimetz datetimeoffset edm.date edm.datetime edm.datetimeoffset glide_date glide_date_time",
        "timestamp timestampltz timestampntz timestamptz timestamp_ltz timestamp_ntz timestamp_tz",
    ),
    "boolean": ("bit bool boolean checkbox edm.boolean true_false",),
}
_KIND_OF: Final[dict[str, Kind]] = {
    name: kind for kind, lines in _KINDS.items() for line in lines for name in line.split()
}
_IN_PARENTHESES: Final = re.compile(r"\s*\(.*\)\s*")
_TRAILING: Final = re.compile(r"\s+(precision|unsigned|varying|with(out)? time zone)$")

_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_EPOCH_MS: Final = re.compile(r"[+-]?[0-9]{1,18}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EARLIEST_MS: Final = int(datetime(1, 1, 1, tzinfo=UTC).timestamp()) * 1000
_LATEST_MS: Final = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 1000
_DIGITS: Final = 38


def kind_of(data_type: str) -> Kind:
    """What a DATA_TYPE compares as; an unknown name compares as a string.

    Case, lengths in parentheses ("decimal(10,2)") and SQL's trailing words don't matter.
    """
    name = _TRAILING.sub("", _IN_PARENTHESES.sub(" ", data_type.lower()).strip())
    return _KIND_OF.get(name, "string")


def guessed_kind(values: tuple[str, ...]) -> Kind:
    """The kind of values in an order without DATA_TYPE: numbers if all are, else dates if all are."""
    if values and all(is_number(value) for value in values):
        return "number"
    if values and all(is_instant(value) for value in values):
        return "instant"
    return "string"


def is_number(text: str) -> bool:
    """Whether this is a number of at most 38 digits on either side of the point."""
    if len(text) > 4 * _DIGITS or _NUMBER.fullmatch(text) is None:
        return False
    _, digits, exponent = Decimal(text).as_tuple()
    return isinstance(exponent, int) and exponent >= -_DIGITS and len(digits) + exponent <= _DIGITS


def is_instant(text: str) -> bool:
    """Whether this is epoch milliseconds, or ISO 8601 of the years 1 to 9999."""
    if _EPOCH_MS.fullmatch(text):
        return _is_within_calendar(int(text))
    return _INSTANT.fullmatch(text) is not None and _is_on_calendar(text)


def is_boolean(text: str) -> bool:
    """Whether this is true or false, in any case."""
    return text.lower() in {"true", "false"}


def _is_within_calendar(epoch_ms: int) -> bool:
    return _EARLIEST_MS <= epoch_ms <= _LATEST_MS


def _is_on_calendar(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
