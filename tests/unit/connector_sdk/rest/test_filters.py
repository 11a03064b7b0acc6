"""Conditions as an application is asked them: exactly, wider, or not at all; never narrower."""

from __future__ import annotations

import pytest

from headrace.connector_sdk.declaring import DataType
from headrace.connector_sdk.records import Condition, ConditionKind, ConditionOperator
from headrace.connector_sdk.rest import Contain, Equal, Language, Span
from headrace.connector_sdk.rest.bounds import Form

TYPES: dict[str, DataType] = {"at": "DateTime", "day": "Date", "n": "Double", "name": "String", "ok": "Boolean"}
ODATA = Language(
    param="$filter",
    says={
        "EQUAL_TO": "{field} eq {value}",
        "GREATER_THAN_OR_EQUAL_TO": "{field} ge {value}",
        "LESS_THAN_OR_EQUAL_TO": "{field} le {value}",
        "CONTAINS": "contains({field},{value})",
    },
)


def on(field: str, operator: ConditionOperator, *values: str, kind: ConditionKind = "instant") -> Condition:
    return Condition(field, operator, values, kind)


@pytest.mark.parametrize(
    "form, low, high",
    [
        ("iso", "2024-01-31T12:00:00.500Z", "2024-01-31T12:00:01.500Z"),
        ("iso_s", "2024-01-31T12:00:00Z", "2024-01-31T12:00:02Z"),
        ("day", "2024-01-31", "2024-02-01"),
        ("epoch_s", "1706702400", "1706702402"),
        ("epoch_ms", "1706702400500", "1706702401500"),
        ("epoch_us", "1706702400.500000", "1706702401.500000"),
    ],
)
def test_bounds_are_rounded_away_from_what_lies_between(form: Form, low: str, high: str):
    span = Span("at", "from", "to", form=form)
    between = on("at", "BETWEEN", "2024-01-31T12:00:00.5Z", "2024-01-31T12:00:01.5Z")
    assert span.params([between], TYPES) == {"from": low, "to": high}


def test_of_several_bounds_the_narrowest_count():
    span = Span("at", "from", "to", form="epoch_s")
    asked = [
        on("at", "GREATER_THAN", "2024-01-01"),
        on("at", "GREATER_THAN_OR_EQUAL_TO", "2024-01-02"),
        on("at", "LESS_THAN", "2024-01-04"),
        on("at", "LESS_THAN_OR_EQUAL_TO", "2024-01-03"),
        on("other", "LESS_THAN", "2020-01-01"),
    ]
    assert span.params(asked, TYPES) == {"from": "1704153600", "to": "1704240000"}


def test_where_bounds_are_not_let_in_they_are_moved_by_one_unit():
    span = Span("at", "after", "before", form="epoch_s", is_exclusive=True)
    asked = [on("at", "BETWEEN", "2024-01-31T12:00:00Z", "2024-01-31T12:00:05Z")]
    assert span.params(asked, TYPES) == {"after": "1706702399", "before": "1706702406"}
    assert (
        Span("n", "over", form="number", is_exclusive=True).params([on("n", "GREATER_THAN", "5", kind="number")], {})
        == {}
    )


def test_an_instant_is_a_span_of_a_millisecond_to_either_side():
    span = Span("at", "from", "to")
    found = span.params([on("at", "EQUAL_TO", "2024-01-31T12:00:00Z", "2024-01-31T13:00:00Z")], TYPES)
    assert found == {"from": "2024-01-31T11:59:59.999Z", "to": "2024-01-31T13:00:00.001Z"}


@pytest.mark.parametrize(
    "condition",
    [
        on("at", "LESS_THAN", "soon"),
        on("at", "EQUAL_TO", "2024-01-31T12:00:00Z", "soon"),
        on("at", "LESS_THAN", "x", kind="text"),
        on("at", "CONTAINS", "2024-01-31"),
        on("at", "GREATER_THAN", "5", kind="number"),
        on("at", "BETWEEN", "2024-01-31"),
    ],
)
def test_what_is_no_span_is_not_asked(condition: Condition):
    assert Span("at", "from", "to").params([condition], TYPES) == {}


def test_before_1970_counts_as_1970():
    assert Span("at", "from", form="epoch_s").params([on("at", "GREATER_THAN", "1950-01-01")], {}) == {"from": "0"}
    assert Span("at", "from").params([on("at", "GREATER_THAN", "0001-01-01")], {}) == {
        "from": "1970-01-01T00:00:00.000Z"
    }


def test_numbers_are_bounds_with_all_their_digits():
    span = Span("n", "min", "max", form="number")
    assert span.params([on("n", "BETWEEN", "1.50", "10", kind="number")], {}) == {"min": "1.50", "max": "10"}


def test_a_value_is_a_parameter_where_the_application_compares_as_the_flow_does():
    status = Equal("status", "status")
    assert status.params([on("status", "EQUAL_TO", "open", kind="text")], {}) == {"status": "open"}
    assert status.params([on("status", "EQUAL_TO", "5", kind="number")], {}) == {}
    assert status.params([on("status", "EQUAL_TO", "a", "b", kind="text")], {}) == {}
    several = Equal("status", "in", join=",")
    assert several.params([on("status", "EQUAL_TO", "a", "b", kind="text")], {}) == {"in": "a,b"}
    assert several.params([on("status", "EQUAL_TO", "a,c", "b", kind="text")], {}) == {}
    assert Contain("name", "q").params([on("name", "CONTAINS", "x", kind="text")], {}) == {"q": "x"}
    assert Contain("name", "q").params([on("name", "CONTAINS", "x", "y", kind="text")], {}) == {}


def test_a_language_says_all_conditions_at_once():
    asked = [
        on("name", "EQUAL_TO", "O'Hara", "b", kind="text"),
        on("n", "GREATER_THAN", "1.50", kind="number"),
        on("ok", "EQUAL_TO", "true", kind="boolean"),
        on("at", "EQUAL_TO", "2024-01-31T12:00:00Z"),
        on("day", "LESS_THAN", "2024-01-31T12:00:00Z"),
        on("name", "CONTAINS", "x", kind="text"),
    ]
    assert ODATA.params(asked, TYPES) == {
        "$filter": "(name eq 'O''Hara' or name eq 'b') and n ge 1.50 and ok eq true"
        " and at ge 2024-01-31T11:59:59.999Z and at le 2024-01-31T12:00:00.001Z and day le 2024-02-01"
        " and contains(name,'x')"
    }


@pytest.mark.parametrize(
    "condition",
    [
        on("name", "EQUAL_TO", "5", kind="number"),
        on("name", "LESS_THAN", "m", kind="text"),
        on("unheard", "EQUAL_TO", "x", kind="text"),
        on("name", "EQUAL_TO", "a\nb", kind="text"),
        on("name", "EQUAL_TO", "a", "b\0", kind="text"),
    ],
)
def test_what_an_application_may_read_otherwise_is_not_asked(condition: Condition):
    assert ODATA.params([condition], TYPES) == {}


def test_a_field_that_is_no_name_is_not_asked():
    assert ODATA.params([on("name eq 1 or x", "EQUAL_TO", "a", kind="text")], {"name eq 1 or x": "String"}) == {}


def test_a_value_can_not_be_taken_for_a_place_in_the_template():
    assert ODATA.params([on("name", "EQUAL_TO", "{field} {value}", kind="text")], TYPES) == {
        "$filter": "name eq '{field} {value}'"
    }


def test_a_language_may_have_text_around_its_conditions_and_instead_of_them():
    language = Language(
        param="q",
        says={"EQUAL_TO": "{field}={value}"},
        literals={},
        both="^",
        whole="{conditions}^ORDERBYat",
        none="ORDERBYat",
    )
    asked = [on("name", "EQUAL_TO", "a", kind="text"), on("ok", "EQUAL_TO", "true", kind="boolean")]
    assert language.params(asked, TYPES) == {"q": "name=a^ok=true^ORDERBYat"}
    assert language.params([], TYPES) == {"q": "ORDERBYat"}
