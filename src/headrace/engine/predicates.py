"""Conditions of Filter and Validate tasks as SQL that is TRUE, FALSE, never NULL.

Rules: null matches no filter but NOT_EQUAL_TO; BETWEEN, LESS_THAN and GREATER_THAN exclude
their bounds; text compares by code point; numbers compare exactly up to 20 digits before and
18 after the point, beyond that as doubles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from headrace.engine.sql import literal
from headrace.engine.tasks import Filter, Validate
from headrace.engine.values import EPOCH_SECONDS, EXACT, Value, instant, is_within

_SIGNS = {
    "EQUAL_TO": "=",
    "NOT_EQUAL_TO": "<>",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL_TO": "<=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL_TO": ">=",
}
_NUMBER = r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*"
_EXACT = "DECIMAL(38,18)"
_EXACT_DIGITS = 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT_BOUND = Decimal(10) ** 20


def passes(task: Filter, value: Value) -> str:
    """TRUE where the record passes the filter."""
    if task.operator == "BETWEEN":
        low, high = task.values
        return f"({_compares(task, value, '>', low)} AND {_compares(task, value, '<', high)})"
    if task.operator == "CONTAINS":
        return _any(f"coalesce(contains({value.text}, {literal(wanted)}), FALSE)" for wanted in task.values)
    sign = _SIGNS[task.operator]
    if task.operator == "NOT_EQUAL_TO":
        equal = _any(_compares(task, value, "=", wanted) for wanted in task.values)
        return f"(NOT {equal})"
    return _any(_compares(task, value, sign, wanted) for wanted in task.values)


def holds(task: Validate, value: Value) -> str:
    """TRUE where what the task states is known to hold; a null never satisfies it."""
    if task.operator == "VALIDATE_NON_NULL":
        return f"({value.native} IS NOT NULL)"
    if task.operator == "VALIDATE_NUMERIC":
        return f"coalesce(regexp_full_match({value.text}, {literal(_NUMBER)}), FALSE)"
    sign = "<>" if task.operator == "VALIDATE_NON_ZERO" else ">="
    return _number(value, sign, "0")


def _any(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions)})"


def _compares(task: Filter, value: Value, sign: str, wanted: str) -> str:
    if task.kind == "number":
        return _number(value, sign, wanted)
    if task.kind == "instant":
        return f"coalesce({instant(value)} {sign} {_instant_literal(wanted)}, FALSE)"
    if task.kind == "boolean":
        return f"coalesce(TRY_CAST({value.text} AS BOOLEAN) {sign} TRY_CAST({literal(wanted)} AS BOOLEAN), FALSE)"
    return f"coalesce({value.text} {sign} {literal(wanted)}, FALSE)"


def _number(value: Value, sign: str, wanted: str) -> str:
    number = Decimal(wanted.strip())
    exponent = number.as_tuple().exponent
    is_exact = abs(number) < _EXACT_BOUND and isinstance(exponent, int) and exponent >= -_EXACT_DIGITS
    exact = f"TRY_CAST({_exact_source(value)} AS {_EXACT}) {sign} {number:f}::{_EXACT}"
    if is_exact and is_within(value.type, 38 - _EXACT_DIGITS, _EXACT_DIGITS):
        return f"coalesce({exact}, FALSE)"
    double = f"TRY_CAST({value.text} AS DOUBLE)"
    inexact = f"CASE WHEN isfinite({double}) THEN {double} {sign} {float(wanted)!r}::DOUBLE END"
    compared = f"{exact}, {inexact}" if is_exact else inexact
    return f"(NOT contains({value.text}, '_') AND coalesce({compared}, FALSE))"


def _exact_source(value: Value) -> str:
    """The text of all but whole numbers and decimals: the binary value of a float shows digits that nobody wrote."""
    return value.native if value.type.partition("(")[0] in EXACT else value.text


def _instant_literal(wanted: str) -> str:
    return f"{literal(parse_instant(wanted).isoformat())}::TIMESTAMPTZ"


def parse_instant(text: str) -> datetime:
    """The instant of ISO 8601 text (UTC where it names no zone), of epoch milliseconds or of EPOCH_SECONDS.

    Raises ValueError where it is none of them.
    """
    if re.fullmatch(EPOCH_SECONDS, text.strip()):
        return _EPOCH + timedelta(microseconds=int(text.strip().replace(".", "")))
    try:
        return _EPOCH + timedelta(microseconds=int(Decimal(text.strip()) * 1000))
    except InvalidOperation:
        parsed = datetime.fromisoformat(text.strip())
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
