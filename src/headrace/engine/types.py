"""Data type names of the vendors: how they compare, and what a typed output makes of them."""

from __future__ import annotations

import re

from headrace.engine.tasks import Kind

# Integers of every width become BIGINT: a value that fits the vendor's type always fits.
_INTEGERS = "int integer long short byte bigint smallint tinyint biginteger int16 int32 int64 sbyte"
_DOUBLES = "double float real number percent int64double single"
_DECIMALS = "decimal numeric currency bigdecimal money"
_INSTANTS = "datetime timestamp timestamptz datetimeoffset datetime2 instant"
_BOOLEANS = "boolean bool"

_SQL_TYPES: dict[str, str] = {
    **dict.fromkeys(_INTEGERS.split(), "BIGINT"),
    **dict.fromkeys(_DOUBLES.split(), "DOUBLE"),
    **dict.fromkeys(_DECIMALS.split(), "DECIMAL(38,18)"),
    **dict.fromkeys(_INSTANTS.split(), "TIMESTAMP WITH TIME ZONE"),
    **dict.fromkeys(_BOOLEANS.split(), "BOOLEAN"),
    "date": "DATE",
}
_KINDS: dict[str, Kind] = {
    "BIGINT": "number",
    "DOUBLE": "number",
    "DECIMAL": "number",
    "TIMESTAMP WITH TIME ZONE": "instant",
    "DATE": "instant",
    "BOOLEAN": "boolean",
}
_PRECISE = re.compile(r"(?:decimal|numeric)\((\d{1,2}),(\d{1,2})\)")


def sql_type(name: str | None) -> str | None:
    """The column type that a typed output gives to DESTINATION_DATA_TYPE `name`.

    None for text and for every name that is not known: the value is kept as it is.
    Names are compared without case, blanks and an `Edm.` prefix; `decimal(p,s)` keeps its precision.
    """
    if name is None:
        return None
    folded = re.sub(r"\s+", "", name).lower().removeprefix("edm.")
    precise = _PRECISE.fullmatch(folded)
    if precise and 0 < int(precise[1]) <= 38 and int(precise[2]) <= int(precise[1]):
        return f"DECIMAL({precise[1]},{precise[2]})"
    return _SQL_TYPES.get(folded) or _SQL_TYPES.get(folded.partition("(")[0])


def kind_of(name: str | None) -> Kind:
    """How a filter compares values of DATA_TYPE `name`; text where the name is not known."""
    return _KINDS.get((sql_type(name) or "").partition("(")[0], "string")
