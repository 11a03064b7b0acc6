"""What the values of a filter look like: text, numbers, instants or booleans."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from headrace.engine.tasks import Kind
from headrace.engine.values import EPOCH_SECONDS

_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_EPOCH_MS: Final = re.compile(r"[+-]?[0-9]{1,18}")
_EPOCH_SECONDS: Final = re.compile(EPOCH_SECONDS)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EARLIEST_MS: Final = int(datetime(1, 1, 1, tzinfo=UTC).timestamp()) * 1000
_LATEST_MS: Final = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 1000
_DIGITS: Final = 38


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
    """Whether this is epoch milliseconds, seconds with six decimals, or ISO 8601 of the years 1 to 9999."""
    if _EPOCH_SECONDS.fullmatch(text):
        return True
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
