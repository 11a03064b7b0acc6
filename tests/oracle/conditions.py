"""A connector that reads conditions, record by record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from headrace.connector_sdk.records import Condition
from tests.oracle.expressions import Value, compares

_SIGNS = {
    "EQUAL_TO": "=",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL_TO": "<=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL_TO": ">=",
}


def answers(conditions: Iterable[Condition], record: Mapping[str, Value]) -> bool:
    """Whether the connector answers the record. Raises ValueError for a condition of another shape than promised."""
    return all(_holds(each, record[each.field]) for each in conditions)


def _holds(condition: Condition, value: Value) -> bool:
    wanted = [_literal(condition, text) for text in condition.values]
    if condition.operator == "BETWEEN":
        low, high = wanted
        return compares(">=", value, low) and compares("<=", value, high)
    if condition.operator == "CONTAINS":
        return any(isinstance(value, str) and str(text) in value for text in condition.values)
    if condition.operator != "EQUAL_TO":
        (bound,) = wanted
        return compares(_SIGNS[condition.operator], value, bound)
    return any(compares("=", value, each) for each in wanted)


def _literal(condition: Condition, text: str) -> Value:
    match condition.kind:
        case "number":
            return Decimal(text)
        case "instant":
            return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
        case "boolean":
            return {"true": True, "false": False}[text]
        case _:
            return text
