"""What conditions bound a field to, never narrower than they are, and how bounds are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from headrace.connector_sdk.records import Condition

# How an application writes a bound: a plain number; or an instant, as ISO 8601 to the millisecond or the second, as
# a day of UTC, or counted from 1970 in seconds, milliseconds or microseconds, the last as 1706702400.123456.
Form = Literal["number", "iso", "iso_s", "day", "epoch_s", "epoch_ms", "epoch_us"]

# What each form counts in, in seconds. Numbers are exact.
_UNITS: dict[Form, Decimal] = {
    "iso": Decimal("0.001"),
    "iso_s": Decimal(1),
    "day": Decimal(86_400),
    "epoch_s": Decimal(1),
    "epoch_ms": Decimal("0.001"),
    "epoch_us": Decimal("0.000001"),
}
# Conditions have instants to the millisecond, fields may have more.
_MILLISECOND = Decimal("0.001")
_BELOW = frozenset({"LESS_THAN", "LESS_THAN_OR_EQUAL_TO"})
_ABOVE = frozenset({"GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value that may be met; of instants in seconds since 1970. None: no bound."""

    low: Decimal | None = None
    high: Decimal | None = None


NO_BOUNDS = Bounds()


def bounds(condition: Condition) -> Bounds | None:
    """What the condition bounds its field to; None where it bounds nothing: texts have no order to rely on."""
    if condition.kind not in {"instant", "number"}:
        return None
    values = [_number(value, condition.kind) for value in condition.values]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    if condition.operator in _ABOVE:
        return Bounds(low=known[0])
    if condition.operator in _BELOW:
        return Bounds(high=known[0])
    if condition.operator == "BETWEEN":
        return Bounds(min(known), max(known)) if len(known) == 2 else None
    if condition.operator == "EQUAL_TO":
        slack = _MILLISECOND if condition.kind == "instant" else Decimal(0)
        return Bounds(min(known) - slack, max(known) + slack)
    return None


def written(bound: Decimal, form: Form, *, is_upper: bool, is_exclusive: bool = False) -> str | None:
    """The bound as the application reads it, rounded away from what lies within; None: it can't be.

    `is_exclusive`: the application does not let the bound itself in, so it is moved by one unit.
    """
    if form == "number":
        return None if is_exclusive else f"{bound:f}"
    unit = _UNITS[form]
    count = (bound / unit).to_integral_value(ROUND_CEILING if is_upper else ROUND_FLOOR)
    count += (1 if is_upper else -1) if is_exclusive else 0
    try:
        return _shown(max(count, Decimal(0)), unit, form)
    except OverflowError:
        return None


def _shown(count: Decimal, unit: Decimal, form: Form) -> str:
    seconds = count * unit
    if form in {"epoch_s", "epoch_ms"}:
        return f"{count:f}"
    if form == "epoch_us":
        return f"{seconds:.6f}"
    at = _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    if form == "day":
        return at.date().isoformat()
    return at.isoformat(timespec="seconds" if form == "iso_s" else "milliseconds").replace("+00:00", "Z")


def _number(value: str, kind: str) -> Decimal | None:
    try:
        return Decimal(value) if kind == "number" else _seconds(value)
    except (ArithmeticError, ValueError):
        return None


def _seconds(value: str) -> Decimal:
    at = datetime.fromisoformat(value)
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return Decimal(since // timedelta(microseconds=1)) / 1_000_000
