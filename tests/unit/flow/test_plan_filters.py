"""Projections and conditions, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.engine.tasks import Filter
from headrace.flow.plan import PlanFaults, plan
from tests.unit.flow.documents import MAP_ALL, condition, document, mapped, projection, task


def faults_of(made: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(PlanFaults) as caught:
        plan(made)
    return caught.value.faults


def only_filter(*tasks: dict[str, Any], source: str = "S3") -> Filter:
    (found,) = plan(document(*tasks, MAP_ALL, source=source)).tasks.filters
    return found


def test_value_is_one_literal_whatever_it_holds() -> None:
    assert only_filter(condition("EQUAL_TO", VALUE="1790,2001::x")).values == ("1790,2001::x",)


def test_values_split_on_colons_where_there_are_any_else_on_commas() -> None:
    assert only_filter(condition("EQUAL_TO", VALUES="a,b::c")).values == ("a,b", "c")
    assert only_filter(condition("EQUAL_TO", VALUES="a,b")).values == ("a", "b")


def test_between_takes_its_bounds_in_order() -> None:
    found = only_filter(
        condition("BETWEEN", DATA_TYPE="datetime", LOWER_BOUND="1641945600000", UPPER_BOUND="2022-01-13")
    )
    assert (found.kind, found.values) == ("instant", ("1641945600000", "2022-01-13"))


def test_data_types_of_the_vendors_say_how_to_compare() -> None:
    assert only_filter(condition("EQUAL_TO", DATA_TYPE="Edm.Decimal", VALUE=" 1.50 ")).values == ("1.50",)
    assert only_filter(condition("EQUAL_TO", DATA_TYPE="picklist", VALUE=" 1.50 ")).values == (" 1.50 ",)
    assert only_filter(condition("EQUAL_TO", DATA_TYPE="Boolean", VALUE="TRUE")).values == ("true",)


def test_an_order_without_a_data_type_goes_by_what_the_values_look_like() -> None:
    assert only_filter(condition("GREATER_THAN", VALUE="9")).kind == "number"
    assert only_filter(condition("GREATER_THAN", VALUE="2024-01-31")).kind == "instant"
    assert only_filter(condition("GREATER_THAN", VALUE="m")).kind == "string"
    assert only_filter(condition("EQUAL_TO", VALUE="9")).kind == "string"


def test_contains_is_about_text_whatever_the_data_type() -> None:
    made = condition("CONTAINS", key="Salesforce", DATA_TYPE="integer", VALUE="7x")
    assert only_filter(made, source="Salesforce").kind == "string"


@pytest.mark.parametrize(
    "properties, part",
    [
        ({"DATA_TYPE": "integer", "VALUE": "ten"}, "VALUE has 'ten'"),
        ({"DATA_TYPE": "integer", "VALUES": "1,,2"}, "VALUES has ''"),
        ({"DATA_TYPE": "integer", "VALUE": "1_000"}, "VALUE has '1_000'"),
        ({"DATA_TYPE": "double", "VALUE": "1e999"}, "at most 38 digits"),
        ({"DATA_TYPE": "date", "VALUE": "31.01.2024"}, "ISO 8601"),
        ({"DATA_TYPE": "date", "VALUE": "2024-02-30"}, "ISO 8601"),
        ({"DATA_TYPE": "date", "VALUE": "9" * 18}, "epoch milliseconds"),
        ({"DATA_TYPE": "boolean", "VALUE": "yes"}, "true or false"),
        ({}, "taskProperties has no VALUE"),
        ({"VALUE": "a", "VALUES": "a,b"}, "both VALUE and VALUES"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_what_to_write(properties: dict[str, str], part: str) -> None:
    (fault,) = faults_of(document(condition("EQUAL_TO", **properties), MAP_ALL))
    assert fault.startswith("Task Validation Error: tasks[0] (Filter): ")
    assert part in fault


def test_both_bounds_of_a_between_are_asked_for_at_once() -> None:
    faults = faults_of(document(condition("BETWEEN", DATA_TYPE="integer"), MAP_ALL))
    assert [fault.count("LOWER_BOUND") for fault in faults] == [1, 0]
    assert "UPPER_BOUND" in faults[1]


def test_a_filter_with_an_operator_of_another_task_type_is_refused_in_the_words_of_appflow() -> None:
    (fault,) = faults_of(document(task("Filter", ["a"], operator="NO_OP"), MAP_ALL))
    assert fault.startswith(
        "Task Validation Error: The operator NO_OP is not valid for filtering tasks.  "
        "The task sourceConnectorType is FILTERING and the task operator is NO_OP"
    )
    assert "tasks[0]: write PROJECTION, EQUAL_TO, NOT_EQUAL_TO, LESS_THAN" in fault


@pytest.mark.parametrize(
    "source, operator",
    [("S3", "CONTAINS"), ("Zendesk", "EQUAL_TO"), ("Slack", "NOT_EQUAL_TO"), ("Amplitude", "PROJECTION")],
)
def test_an_operator_that_the_source_lacks_is_refused(source: str, operator: str) -> None:
    (fault,) = faults_of(document(condition(operator, VALUE="a"), MAP_ALL, source=source))
    assert f"the operator {operator} is not supported for {source} sources; write " in fault


def test_the_key_of_the_operator_does_not_matter() -> None:
    made = document(mapped("a"), projection("a", key="Veeva"), source="CustomConnector")
    assert plan(made).tasks.projection == {"a"}


def test_more_than_one_operator_is_refused() -> None:
    made = {**mapped("a"), "connectorOperator": {"S3": "NO_OP", "Salesforce": "NO_OP"}}
    (fault,) = faults_of(document(made))
    assert "connectorOperator has 2 values (NO_OP, NO_OP); write exactly one" in fault


def test_a_filter_without_an_operator_is_refused() -> None:
    (fault,) = faults_of(document({**condition("EQUAL_TO", VALUE="a"), "connectorOperator": {}}, MAP_ALL))
    assert "it has no connectorOperator; write PROJECTION, " in fault


def test_a_condition_has_one_field() -> None:
    (none, two) = faults_of(
        document(
            task("Filter", operator="EQUAL_TO", VALUE="a"),
            task("Filter", ["a", "b"], operator="EQUAL_TO", VALUE="a"),
            MAP_ALL,
        )
    )
    assert "sourceFields has no field" in none
    assert "sourceFields has 2 fields ('a', 'b')" in two


def test_several_projections_add_up() -> None:
    assert plan(document(projection("a", "b"), projection("b", "c"), mapped("a"))).tasks.projection == {"a", "b", "c"}


def test_a_projection_of_nothing_is_refused_unless_map_all_copies_everything() -> None:
    (fault,) = faults_of(document(projection(""), mapped("a")))
    assert "the projection names no field" in fault
    assert plan(document(projection(""), MAP_ALL)).tasks.projection is None


@pytest.mark.parametrize("source", ["Salesforce", "CustomConnector", "Servicenow", "Slack", "Zendesk", "SAPOData"])
def test_a_source_that_needs_a_projection_is_refused_without_in_the_words_of_appflow(source: str) -> None:
    sentence = "Task Validation Error: You must specify a projection task or a MAP_ALL task"
    assert faults_of(document(mapped("a"), source=source)) == (sentence,)
    assert plan(document(MAP_ALL, source=source)).tasks.map_all is not None
    assert plan(document(mapped("a"), projection("a"), source=source)).tasks.projection == {"a"}


@pytest.mark.parametrize("source", ["S3", "Amplitude"])
def test_s3_and_sources_without_the_operator_need_no_projection(source: str) -> None:
    assert plan(document(mapped("a"), source=source)).tasks.projection is None
