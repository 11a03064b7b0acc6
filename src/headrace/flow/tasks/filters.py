"""Filter tasks: the projection, and conditions on the records."""

from __future__ import annotations

from typing import Final, cast

from headrace.engine.tasks import Comparison, Filter, Kind
from headrace.engine.types import kind_of
from headrace.flow.faults import listed, shown
from headrace.flow.kinds import guessed_kind, is_boolean, is_instant, is_number
from headrace.flow.operators import operators_of
from headrace.flow.rules import Rule
from headrace.flow.tasks.given import Gathered, Given

_COMPARISONS: Final = (
    "EQUAL_TO",
    "NOT_EQUAL_TO",
    "CONTAINS",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL_TO",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL_TO",
    "BETWEEN",
)
_OPERATORS: Final = ("PROJECTION", *_COMPARISONS)
_UNORDERED: Final = frozenset({"EQUAL_TO", "NOT_EQUAL_TO", "CONTAINS"})
_CHECKS: Final = {
    "number": (is_number, "a number of at most 38 digits, such as 12.5"),
    "instant": (is_instant, "ISO 8601 (2024-01-31T12:00:00Z) or epoch milliseconds (1706702400000)"),
    "boolean": (is_boolean, "true or false"),
}


def read_filter(given: Given, gathered: Gathered) -> None:
    """Read a Filter task, a projection included."""
    operator = _operator(given)
    if operator == "PROJECTION":
        gathered.projections.append((given.index, given.fields))
    elif operator is not None:
        _read_condition(given, cast("Comparison", operator), gathered)


def _operator(given: Given) -> str | None:
    operator = given.operator
    if operator is None or operator in _OPERATORS:
        return given.operator_among(_OPERATORS)
    supported = [choice for choice in _OPERATORS if choice in operators_of(given.source)]
    # AppFlow's own sentence, its two blanks included; what stands in parentheses is ours.
    given.faults.literal(
        Rule.OPERATOR,
        f"The operator {operator} is not valid for filtering tasks.  The task sourceConnectorType is FILTERING "
        f"and the task operator is {operator}",
        f"write {listed(supported)}",
        index=given.index,
        member="connectorOperator",
    )
    return None


def _read_condition(given: Given, operator: Comparison, gathered: Gathered) -> None:
    field = given.one_field()
    values = _bounds(given) if operator == "BETWEEN" else _values(given)
    if values is None:
        return
    kind = _kind(given, operator, values)
    checked = values if kind == "string" else tuple(_checked(given, name, value, kind) for name, value in values)
    if field is not None:
        gathered.filters.append(
            Filter(
                index=given.index,
                field=field,
                operator=operator,
                kind=kind,
                values=tuple(value for _, value in checked),
            )
        )


def _bounds(given: Given) -> tuple[tuple[str, str], ...] | None:
    lower = given.required("LOWER_BOUND", "write the value that the field must be above")
    upper = given.required("UPPER_BOUND", "write the value that the field must be below")
    return None if lower is None or upper is None else (("LOWER_BOUND", lower), ("UPPER_BOUND", upper))


def _values(given: Given) -> tuple[tuple[str, str], ...] | None:
    """The literals to compare with, each beside its property; None, with a fault, if there are none.

    VALUE is one literal, whatever it holds; VALUES is split on ::, or on commas where it has no ::.
    """
    value, values = given.property("VALUE"), given.property("VALUES")
    if value is not None and values is not None:
        given.fault(
            Rule.TASK_PROPERTY,
            "taskProperties has both VALUE and VALUES",
            "write VALUE for one value, VALUES for several",
            "taskProperties",
        )
        return None
    if values is not None:
        return tuple(("VALUES", part) for part in values.split("::" if "::" in values else ","))
    value = given.required("VALUE", "write VALUE for one value, VALUES for several (a::b or a,b)")
    return None if value is None else (("VALUE", value),)


def _kind(given: Given, operator: Comparison, values: tuple[tuple[str, str], ...]) -> Kind:
    """How to compare: by DATA_TYPE; where an order is asked for without one, as the values look."""
    if operator == "CONTAINS":
        return "string"
    data_type = given.property("DATA_TYPE")
    if data_type is not None:
        return kind_of(data_type)
    return "string" if operator in _UNORDERED else guessed_kind(tuple(value.strip() for _, value in values))


def _checked(given: Given, name: str, value: str, kind: Kind) -> tuple[str, str]:
    text = value.strip()
    is_valid, advice = _CHECKS[kind]
    if not is_valid(text):
        data_type = shown(given.property("DATA_TYPE"))
        given.fault(
            Rule.FILTER_VALUE,
            f"{name} has {shown(value)}, but DATA_TYPE {data_type} compares {kind}s",
            f"write {advice}",
            f"taskProperties.{name}",
        )
    return name, text.lower() if kind == "boolean" else text
