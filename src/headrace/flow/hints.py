"""Filters as a filterExpression for connectors: a hint that may let more records through, never fewer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from headrace.engine.predicates import parse_instant
from headrace.engine.tasks import Comparison, Filter

# Tokens of the grammar in AWS's custom connector SDK.
_NAME: Final = re.compile(r"[a-zA-Z][A-Za-z0-9_.-]*")
_WORDS: Final = frozenset({"and", "or", "not", "true", "false", "contains", "between", "null", "in", "limit"})
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Quotes and backslashes: connectors that make a query of the text get them wrong.
_TEXT: Final = re.compile(r"[^\"'\\\x00-\x1f\x7f]+")
_SIGNS: Final[dict[Comparison, str]] = {
    "EQUAL_TO": "=",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL_TO": "<=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL_TO": ">=",
}
# More digits than these are not the same number in every connector.
_DIGITS: Final = 15
_MILLISECOND: Final = timedelta(milliseconds=1)


def filter_expression(filters: Iterable[Filter]) -> str | None:
    """The filters joined by `and`, those left out that the grammar, or connectors, may read otherwise.

    The engine filters again, so what is left out costs time only: NOT_EQUAL_TO (null passes it here, in most
    applications it does not), the order of texts, text with quotes, numbers of many digits. None: nothing is left.
    """
    parts = [part for task in filters if (part := _condition(task)) is not None]
    return " and ".join(dict.fromkeys(parts)) or None


def _condition(task: Filter) -> str | None:
    if _NAME.fullmatch(task.field) is None or task.field.lower() in _WORDS:
        return None
    if task.operator == "BETWEEN":
        return _between(task)
    literals = [_comparison(task, value) for value in task.values]
    found = [literal for literal in literals if literal is not None]
    # Any of the values may be met, so one that can't be said takes the whole condition with it.
    if not found or len(found) < len(literals):
        return None
    return found[0] if len(found) == 1 else f"({' or '.join(dict.fromkeys(found))})"


def _comparison(task: Filter, value: str) -> str | None:
    if task.operator == "CONTAINS":
        return f'{task.field} contains "{value}"' if _TEXT.fullmatch(value) else None
    sign = _SIGNS.get(task.operator)
    if sign is None:
        return None
    if task.kind == "instant" and task.operator == "EQUAL_TO":
        bounds = _bound(value, is_upper=False), _bound(value, is_upper=True)
        return f"({task.field} >= {bounds[0]} and {task.field} <= {bounds[1]})" if all(bounds) else None
    literal = _literal(task, sign, value)
    return None if literal is None else f"{task.field} {_widened(task, sign)} {literal}"


def _literal(task: Filter, sign: str, value: str) -> str | None:
    if task.kind == "instant":
        return _bound(value, is_upper=sign in {"<", "<="})
    if task.kind == "number":
        return _number(value)
    if sign != "=":
        return None
    if task.kind == "boolean":
        return value
    return f'"{value}"' if _TEXT.fullmatch(value) else None


def _widened(task: Filter, sign: str) -> str:
    """A day or a millisecond may be all that a connector compares, so its bounds are let in."""
    return f"{sign}=" if task.kind == "instant" and sign in {"<", ">"} else sign


def _between(task: Filter) -> str | None:
    low, high = task.values
    if task.kind == "instant":
        bounds = _bound(low, is_upper=False), _bound(high, is_upper=True)
    elif task.kind == "number":
        bounds = _number(low), _number(high)
    else:
        return None
    return f"{task.field} between {bounds[0]} and {bounds[1]}" if all(bounds) else None


def _number(value: str) -> str | None:
    number = Decimal(value.strip())
    text = f"{number:f}"
    if len(text.strip("-0").replace(".", "")) > _DIGITS or len(text) > 2 * _DIGITS:
        return None
    return text.removeprefix("+")


def _bound(value: str, *, is_upper: bool) -> str | None:
    """The instant, rounded away from what lies between the bounds; a day stays a day."""
    if _DATE.fullmatch(value.strip()):
        return value.strip()
    try:
        at = parse_instant(value).astimezone(UTC)
        below = at.replace(microsecond=at.microsecond // 1000 * 1000)
        rounded = below + _MILLISECOND if is_upper and below < at else below
    except (OverflowError, ValueError):
        return None
    return _shown(rounded)


def _shown(at: datetime) -> str:
    text = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")
