"""Filters as hints for connectors, which may let more records through, never fewer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from headrace.connector_sdk.records import Condition, ConditionKind, ConditionOperator
from headrace.engine.predicates import parse_instant
from headrace.engine.tasks import Comparison, Filter, Kind

# Tokens of the grammar in AWS's custom connector SDK.
_NAME: Final = re.compile(r"[a-zA-Z][A-Za-z0-9_.-]*")
_WORDS: Final = frozenset({"and", "or", "not", "true", "false", "contains", "between", "null", "in", "limit"})
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Quotes and backslashes: connectors that make a query of the text get them wrong.
_TEXT: Final = re.compile(r"[^\"'\\]+")
_PRINTED: Final = re.compile(r"[^\x00-\x1f\x7f]+")
_SIGNS: Final[dict[ConditionOperator, str]] = {
    "EQUAL_TO": "=",
    "CONTAINS": "contains",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL_TO": "<=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL_TO": ">=",
}
_ORDERS: Final[dict[Comparison, ConditionOperator]] = {
    "LESS_THAN": "LESS_THAN",
    "LESS_THAN_OR_EQUAL_TO": "LESS_THAN_OR_EQUAL_TO",
    "GREATER_THAN": "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL_TO": "GREATER_THAN_OR_EQUAL_TO",
}
# A day or a millisecond may be all that a connector compares, so bounds that are instants are let in.
_LETS_IN: Final[dict[ConditionOperator, ConditionOperator]] = {
    "LESS_THAN": "LESS_THAN_OR_EQUAL_TO",
    "GREATER_THAN": "GREATER_THAN_OR_EQUAL_TO",
}
_UPPER: Final = frozenset({"LESS_THAN", "LESS_THAN_OR_EQUAL_TO"})
_KINDS: Final[dict[Kind, ConditionKind]] = {
    "string": "text",
    "number": "number",
    "instant": "instant",
    "boolean": "boolean",
}
# More digits than these are not the same number in every connector.
_DIGITS: Final = 15
_MILLISECOND: Final = timedelta(milliseconds=1)


def conditions(filters: Iterable[Filter]) -> tuple[Condition, ...]:
    """The filters as conditions that hold for every record that passes them.

    The engine filters again, so what is left out costs time only: NOT_EQUAL_TO (null passes it here, in most
    applications it does not), the order of texts, numbers of many digits. Of several values that are in an order,
    the one that lets most through stands for all.
    """
    return tuple(dict.fromkeys(found for task in filters for found in _conditions(task)))


def filter_expression(filters: Iterable[Filter]) -> str | None:
    """The conditions in AppFlow's grammar, but for those that the grammar, or custom connectors, may read otherwise.

    Left out are names that are no names of the grammar, and text with quotes or backslashes. None: nothing is left.
    """
    parts = [part for found in conditions(filters) if (part := _expression(found)) is not None]
    return " and ".join(parts) or None


def _conditions(task: Filter) -> tuple[Condition, ...]:
    operator = task.operator
    if operator == "BETWEEN":
        return _between(task)
    if operator == "EQUAL_TO" and task.kind == "instant":
        return _around(task)
    if operator == "EQUAL_TO" or operator == "CONTAINS":  # noqa: PLR1714 - narrows the type
        values = [_literal(task.kind, value) for value in task.values]
        found = tuple(dict.fromkeys(value for value in values if value is not None))
        # Any of the values may be met, so one that can't be said takes the whole condition with it.
        return (_condition(task, operator, *found),) if found and None not in values else ()
    order = _ORDERS.get(operator)
    return () if order is None else _ordered(task, order)


def _ordered(task: Filter, operator: ConditionOperator) -> tuple[Condition, ...]:
    is_upper = operator in _UPPER
    if task.kind == "instant":
        at = [parse_instant(value) for value in task.values]
        chosen = task.values[at.index(max(at) if is_upper else min(at))]
        bound = _bound(chosen, is_upper=is_upper)
        return () if bound is None else (_condition(task, _LETS_IN.get(operator, operator), bound),)
    if task.kind != "number":
        return ()
    numbers = [Decimal(value.strip()) for value in task.values]
    number = _number(str(max(numbers) if is_upper else min(numbers)))
    return () if number is None else (_condition(task, operator, number),)


def _around(task: Filter) -> tuple[Condition, ...]:
    """From the first instant to the last: each lies within a millisecond, or a day."""
    ordered = sorted(task.values, key=parse_instant)
    low, high = _bound(ordered[0], is_upper=False), _bound(ordered[-1], is_upper=True)
    if low is None or high is None:
        return ()
    return _condition(task, "GREATER_THAN_OR_EQUAL_TO", low), _condition(task, "LESS_THAN_OR_EQUAL_TO", high)


def _between(task: Filter) -> tuple[Condition, ...]:
    low, high = task.values
    if task.kind == "instant":
        bounds = _bound(low, is_upper=False), _bound(high, is_upper=True)
    elif task.kind == "number":
        bounds = _number(low), _number(high)
    else:
        return ()
    return () if bounds[0] is None or bounds[1] is None else (_condition(task, "BETWEEN", bounds[0], bounds[1]),)


def _condition(task: Filter, operator: ConditionOperator, *values: str) -> Condition:
    return Condition(task.field, operator, values, _KINDS[task.kind])


def _literal(kind: Kind, value: str) -> str | None:
    if kind == "number":
        return _number(value)
    return value if kind == "boolean" or _PRINTED.fullmatch(value) else None


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


def _expression(condition: Condition) -> str | None:
    name = condition.field
    if _NAME.fullmatch(name) is None or name.lower() in _WORDS:
        return None
    if condition.kind == "text" and not all(_TEXT.fullmatch(value) for value in condition.values):
        return None
    literals = [f'"{value}"' if condition.kind == "text" else value for value in condition.values]
    if condition.operator == "BETWEEN":
        return f"{name} between {literals[0]} and {literals[1]}"
    parts = [f"{name} {_SIGNS[condition.operator]} {literal}" for literal in literals]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"
