"""A value on its way through the tasks, as SQL in the three shapes that outputs need."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from headrace.engine.sql import literal

TEXT = "VARCHAR"
JSON = "JSON"
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FLOATS = ("FLOAT", "DOUBLE")
# Types whose values compare exactly.
EXACT = (*_NUMBERS, "DECIMAL")
_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
# Ten digits and six decimals: 2001 to 2286, which no amount of money or measure looks like.
EPOCH_SECONDS = r"[0-9]{10}\.[0-9]{6}"
# Digits of a DECIMAL: the most, the most in 64 bits, and as many after the point as are looked for one by one.
_MOST_WIDTH = 38
_QUICK_WIDTH = 18
_SHORT_SCALES = 5
_NESTED = ("STRUCT", "MAP", "LIST", "UNION", "VARIANT")


@dataclass(frozen=True)
class Field:
    """A field of a source; `type` is VARCHAR, JSON or a column type of the engine."""

    name: str
    type: str = TEXT


@dataclass(frozen=True)
class Value:
    """SQL expressions for one value: as text, as JSON text, and in its own type.

    `json` is never NULL. `text` and `native` are NULL where the value is null.
    """

    text: str
    json: str
    native: str
    type: str


def text_value(sql: str) -> Value:
    """A value that is text."""
    return Value(sql, f"coalesce(to_json({sql})::VARCHAR, 'null')", sql, TEXT)


def number_value(text: str) -> Value:
    """A number, given as its text: written bare in JSON."""
    return Value(text, f"coalesce({text}, 'null')", text, TEXT)


def constant(text: str) -> Value:
    """Always `text`."""
    return text_value(literal(text))


NULL = Value("NULL::VARCHAR", "'null'", "NULL::VARCHAR", TEXT)


def source_value(column: str, type_: str) -> Value:
    """The value of a source's column, which has the given type."""
    if type_ == TEXT:
        return text_value(column)
    if type_ == JSON:
        text = f"({column} ->> '$')"
        return Value(text, f"coalesce({column}::VARCHAR, 'null')", text, TEXT)
    base = type_.partition("(")[0]
    if type_.endswith("]") or base in _NESTED:
        text = f"to_json({column})::VARCHAR"
        return Value(text, f"coalesce({text}, 'null')", column, type_)
    return _scalar(column, type_, base)


def _scalar(column: str, type_: str, base: str) -> Value:
    text = f"{column}::VARCHAR"
    if type_ in _ZONED:
        text = f"(replace(({column} AT TIME ZONE 'UTC')::VARCHAR, ' ', 'T') || 'Z')"
    elif base.startswith("TIMESTAMP"):
        text = f"replace({column}::VARCHAR, ' ', 'T')"
    elif base == "DECIMAL":
        text = shortest(column, *digits_of(type_))
    json = text_value(text).json
    if base in (*EXACT, "BOOLEAN"):
        json = number_value(text).json
    elif base in _FLOATS:
        json = f"CASE WHEN isfinite({column}) THEN {text} ELSE {json} END"
    return Value(text, json, column, type_)


def digits_of(type_: str) -> tuple[int, int]:
    """How many digits a value of an exact type has at most, and how many of them are after its point."""
    base, _, rest = type_.partition("(")
    if base != "DECIMAL":
        return (20 if base == "UBIGINT" else 38 if "HUGE" in base else 19), 0
    width, _, scale = rest.removesuffix(")").partition(",")
    return int(width), int(scale)


def is_within(type_: str, whole: int, scale: int) -> bool:
    """Whether the type is exact and no value of it has more digits than that before or after its point."""
    if type_.partition("(")[0] not in EXACT:
        return False
    width, found = digits_of(type_)
    return width - found <= whole and found <= scale


def shortest(decimal: str, width: int, scale: int) -> str:
    """The text of a DECIMAL in its shortest form: no zeros, and no point, at the end.

    By the remainders, as far as values mostly have digits: to trim a text takes four times as long. Remainders of more
    than 64 bits take longer still.
    """
    if not scale:
        return f"{decimal}::VARCHAR"
    # DuckDB leaves out the zero before the point where the type has no place for it.
    text = f"{decimal}::DECIMAL({min(max(width, scale + 1), 38)},{scale})::VARCHAR"
    trimmed = f"rtrim(rtrim({text}, '0'), '.')"
    if scale >= _QUICK_WIDTH:
        return f"regexp_replace({trimmed}, '^(-?)[.]', '\\10.')" if scale == _MOST_WIDTH else trimmed
    if width > _QUICK_WIDTH:
        narrow = shortest(f"{decimal}::DECIMAL({_QUICK_WIDTH},{scale})", _QUICK_WIDTH, scale)
        return f"CASE WHEN abs({decimal}) < {10 ** (_QUICK_WIDTH - scale)} THEN {narrow} ELSE {trimmed} END"
    short = (
        f"WHEN {decimal} % {Decimal(10) ** -kept:.{scale}f} = 0"
        f" THEN {decimal}::DECIMAL({max(width - scale, 1) + kept},{kept})::VARCHAR"
        for kept in range(min(scale, _SHORT_SCALES))
    )
    return f"CASE {' '.join(short)} ELSE {trimmed if scale > _SHORT_SCALES else text} END"


def cast(value: Value, type_: str) -> str:
    """`value` as `type_`: NULL where it is null or can't be read as that type without loss of whole parts."""
    if value.type == type_:
        return value.native
    if value.type == "BOOLEAN":
        # By its text: a boolean is no number, here as in filters, whatever format it comes from.
        value = text_value(value.text)
    is_float = value.type in _FLOATS
    if type_ == "BIGINT" and (is_float or value.type == TEXT or value.type.startswith("DECIMAL")):
        return _whole(value.text)
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return instant(value)
    if value.type == TEXT and type_ == "DOUBLE":
        double = f"TRY_CAST({value.text} AS DOUBLE)"
        return f"CASE WHEN {_is_plain(value.text)} AND isfinite({double}) THEN {double} END"
    if value.type == TEXT and type_ == "DATE":
        return _on_calendar(value.text, "DATE")
    if value.type == TEXT and type_.startswith("DECIMAL"):
        return number(value.text, type_)
    # Decimals are made from the text of floats: their binary value would show digits that nobody wrote.
    return f"TRY_CAST({value.text if is_float and type_ != 'DOUBLE' else value.native} AS {type_})"


def number(text: str, type_: str) -> str:
    """The number that `text` is, NULL where it is none: DuckDB would read 12_34 as 1234."""
    return f"CASE WHEN {_is_plain(text)} THEN TRY_CAST({text} AS {type_}) END"


def _is_plain(text: str) -> str:
    return f"NOT contains({text}, '_')"


def _whole(text: str) -> str:
    """`text` as a BIGINT where it is a whole number: a cast would round 1.5 and 15e-1, and read 0x10, in silence."""
    quick, exact = f"TRY_CAST({text} AS BIGINT)", f"TRY_CAST({text} AS DECIMAL(38,18))"
    slow = f"WHEN {_is_plain(text)} AND {exact} = trunc({exact}) THEN TRY_CAST({exact} AS BIGINT)"
    return f"CASE WHEN {quick}::VARCHAR = {text} THEN {quick} {slow} END"


def instant(value: Value) -> str:
    """`value` as an instant: ISO 8601 (UTC where it names no zone), epoch milliseconds, or epoch seconds as Slack
    writes them, with six decimals.
    """
    if value.type.startswith("TIMESTAMP") or value.type == "DATE":
        return f"{value.native}::TIMESTAMPTZ"
    parsed = _on_calendar(value.text, "TIMESTAMPTZ")
    is_integer = f"regexp_full_match({value.text}, '\\s*[+-]?[0-9]+\\s*')"
    milliseconds = f"WHEN {is_integer} THEN TRY_CAST({value.text} AS BIGINT) * 1000"
    is_seconds = f"regexp_full_match({value.text}, {literal(EPOCH_SECONDS)})"
    microseconds = f"WHEN {is_seconds} THEN TRY_CAST(replace({value.text}, '.', '') AS BIGINT)"
    return f"coalesce({parsed}, TRY(make_timestamptz(CASE {milliseconds} {microseconds} END)))"


def _on_calendar(text: str, type_: str) -> str:
    """`text` as a date or instant; DuckDB's words, such as epoch and infinity, are none.

    What begins with a digit is no word: only the rest is read twice.
    """
    found = f"TRY_CAST({text} AS {type_})"
    odd = f"WHEN {text} < ':' AND isfinite({found}) THEN {found}"
    return f"CASE WHEN {text} BETWEEN '0' AND ':' THEN {found} {odd} END"
