"""Data type names of the vendors: how they compare, and what a typed output makes of them."""

from __future__ import annotations

import re

from headrace.engine.tasks import Kind

# Integers of every width become BIGINT: a value that fits the vendor's type always fits.
_NAMES = {
    "BIGINT": (
        "bigint biginteger bigserial byte byteint counter int int2 int4 int8 int16 int32 int64 integer long longint",
        "mediumint sbyte serial short smallint tinyint",
    ),
    "DOUBLE": ("double fixed float float4 float8 float64 number percent percentage real score single",),
    "DECIMAL(38,18)": ("bigdecimal currency decimal money numeric",),
    "TIMESTAMP WITH TIME ZONE": (
        "datetime datetime2 datetimetz datetimeoffset glide_date_time timestamp timestampltz timestampntz timestamptz",
        "timestamp_ltz timestamp_ntz timestamp_tz",
    ),
    "DATE": ("date glide_date",),
    "BOOLEAN": ("bit bool boolean checkbox true_false",),
}
_SQL_TYPES = {name: type_ for type_, lines in _NAMES.items() for line in lines for name in line.split()}
# The names that mean a type, in one spelling.
TYPE_NAMES: tuple[str, ...] = tuple(_SQL_TYPES)
_KINDS: dict[str, Kind] = {
    "BIGINT": "number",
    "DOUBLE": "number",
    "DECIMAL": "number",
    "TIMESTAMP WITH TIME ZONE": "instant",
    "DATE": "instant",
    "BOOLEAN": "boolean",
}
_PRECISE = re.compile(r"(?:decimal|numeric)\s*\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_IN_PARENTHESES = re.compile(r"\s*\(.*\)\s*")
_TRAILING = re.compile(r"\s+(precision|unsigned|varying|with(out)? time zone)$")


def sql_type(name: str | None) -> str | None:
    """The column type that a typed output gives to DESTINATION_DATA_TYPE `name`.

    None for text and for every name that is not known: the value is kept as it is. Case, an
    `Edm.` prefix, lengths in parentheses and SQL's trailing words don't matter; `decimal(p,s)`
    keeps its precision.
    """
    if name is None:
        return None
    folded = name.strip().lower().removeprefix("edm.")
    precise = _PRECISE.fullmatch(folded)
    if precise and 0 < int(precise[1]) <= 38 and int(precise[2]) <= int(precise[1]):
        return f"DECIMAL({int(precise[1])},{int(precise[2])})"
    return _SQL_TYPES.get(_TRAILING.sub("", _IN_PARENTHESES.sub(" ", folded).strip()))


def kind_of(name: str) -> Kind:
    """How a filter compares values of DATA_TYPE `name`; an unknown name compares as text."""
    return _KINDS.get((sql_type(name) or "").partition("(")[0], "string")
