"""Filters as connectors are told of them."""

from __future__ import annotations

import pytest

from headrace.connector_sdk.records import Condition
from headrace.engine.tasks import Comparison, Filter, Kind
from headrace.flow.hints import conditions, filter_expression


def task(operator: Comparison, *values: str, kind: Kind = "string", field: str = "f") -> Filter:
    return Filter(index=0, field=field, operator=operator, kind=kind, values=values)


@pytest.mark.parametrize(
    "given,expected",
    [
        (task("EQUAL_TO", "a b"), 'f = "a b"'),
        (task("EQUAL_TO", "a", "b"), '(f = "a" or f = "b")'),
        (task("CONTAINS", "x"), 'f contains "x"'),
        (task("EQUAL_TO", "true", kind="boolean"), "f = true"),
        (task("GREATER_THAN", "3", kind="number"), "f > 3"),
        (task("LESS_THAN_OR_EQUAL_TO", "-1.50", kind="number"), "f <= -1.50"),
        (task("EQUAL_TO", "1e3", kind="number"), "f = 1000"),
        (task("EQUAL_TO", ".5", kind="number"), "f = 0.5"),
        (task("BETWEEN", "1", "10", kind="number"), "f between 1 and 10"),
        (task("BETWEEN", "2026-01-01", "2026-02-01", kind="instant"), "f between 2026-01-01 and 2026-02-01"),
        (task("GREATER_THAN", "1706702400000", kind="instant"), "f >= 2024-01-31T12:00:00Z"),
        (task("LESS_THAN", "2024-01-31T12:00:00+02:00", kind="instant"), "f <= 2024-01-31T10:00:00Z"),
        (task("GREATER_THAN_OR_EQUAL_TO", "2024-01-31T12:00:00.1239", kind="instant"), "f >= 2024-01-31T12:00:00.123Z"),
        (task("LESS_THAN_OR_EQUAL_TO", "2024-01-31T12:00:00.1231", kind="instant"), "f <= 2024-01-31T12:00:00.124Z"),
        (task("EQUAL_TO", "2024-01-31", kind="instant"), "f >= 2024-01-31 and f <= 2024-01-31"),
    ],
)
def test_a_filter_is_told_in_appflows_grammar(given: Filter, expected: str) -> None:
    assert filter_expression([given]) == expected


@pytest.mark.parametrize(
    "given",
    [
        task("NOT_EQUAL_TO", "a"),
        task("NOT_EQUAL_TO", "1", kind="number"),
        task("LESS_THAN", "b"),
        task("BETWEEN", "a", "b"),
        task("LESS_THAN", "true", kind="boolean"),
        task("EQUAL_TO", ""),
        task("EQUAL_TO", 'say "no"'),
        task("EQUAL_TO", "O'Brien"),
        task("EQUAL_TO", "a\\"),
        task("EQUAL_TO", "a\nb"),
        task("EQUAL_TO", "a", "b'"),
        task("CONTAINS", '"'),
        task("EQUAL_TO", "12345678901234567", kind="number"),
        task("EQUAL_TO", "1e-20", kind="number"),
        task("LESS_THAN", "9999-12-31T23:59:59.9999", kind="instant"),
        task("EQUAL_TO", "a", field="two words"),
        task("EQUAL_TO", "a", field="1st"),
        task("EQUAL_TO", "a", field="In"),
        task("EQUAL_TO", "a", field="f\n"),
    ],
)
def test_what_a_connector_may_read_otherwise_is_left_out(given: Filter) -> None:
    assert filter_expression([given]) is None


def test_filters_are_joined_and_what_is_left_out_leaves_the_others() -> None:
    tasks = [task("EQUAL_TO", "a"), task("NOT_EQUAL_TO", "b"), task("LESS_THAN", "2", kind="number", field="n")]

    assert filter_expression(tasks) == 'f = "a" and n < 2'


def test_no_filters_are_no_expression() -> None:
    assert filter_expression([]) is None


@pytest.mark.parametrize(
    "given,expected",
    [
        (task("EQUAL_TO", "a", "b"), Condition("f", "EQUAL_TO", ("a", "b"), "text")),
        (task("EQUAL_TO", "O'Brien", field="two words"), Condition("two words", "EQUAL_TO", ("O'Brien",), "text")),
        (task("CONTAINS", '"'), Condition("f", "CONTAINS", ('"',), "text")),
        (task("EQUAL_TO", "true", kind="boolean"), Condition("f", "EQUAL_TO", ("true",), "boolean")),
        (task("LESS_THAN", "2", "10", kind="number"), Condition("f", "LESS_THAN", ("10",), "number")),
        (task("GREATER_THAN", "2", "10", kind="number"), Condition("f", "GREATER_THAN", ("2",), "number")),
        (
            task("LESS_THAN", "2024-01-31T00:00:00Z", "1706745600000", kind="instant"),
            Condition("f", "LESS_THAN_OR_EQUAL_TO", ("2024-02-01T00:00:00Z",), "instant"),
        ),
        (task("BETWEEN", "1", "10", kind="number"), Condition("f", "BETWEEN", ("1", "10"), "number")),
    ],
)
def test_a_built_in_connector_is_told_of_the_same_filter_in_parts(given: Filter, expected: Condition) -> None:
    assert conditions([given]) == (expected,)


def test_one_of_several_instants_is_told_as_the_time_from_the_first_to_the_last() -> None:
    given = task("EQUAL_TO", "2024-03-01", "2024-01-31T12:00:00.0001Z", kind="instant")
    assert conditions([given]) == (
        Condition("f", "GREATER_THAN_OR_EQUAL_TO", ("2024-01-31T12:00:00Z",), "instant"),
        Condition("f", "LESS_THAN_OR_EQUAL_TO", ("2024-03-01",), "instant"),
    )


@pytest.mark.parametrize(
    "given",
    [
        task("NOT_EQUAL_TO", "a"),
        task("LESS_THAN", "b"),
        task("BETWEEN", "a", "b"),
        task("EQUAL_TO", ""),
        task("EQUAL_TO", "a", "a\nb"),
        task("EQUAL_TO", "12345678901234567", kind="number"),
        task("LESS_THAN", "9999-12-31T23:59:59.9999", kind="instant"),
    ],
)
def test_what_any_connector_may_read_otherwise_is_no_condition(given: Filter) -> None:
    assert conditions([given]) == ()
