"""Conditions as $filter."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.connector_sdk.records import Condition
from headrace.connectors.sapodata.edmx import Version, parse
from headrace.connectors.sapodata.filters import filter_of
from tests.standins import odata_metadata

V2 = parse(odata_metadata.v2(), "x")
V4 = parse(odata_metadata.v4(), "x")


def said(field: str, operator: Any, *values: str, kind: Any = "text", version: Version = "V2") -> str | None:
    metadata = V2 if version == "V2" else V4
    return filter_of([Condition(field, operator, values, kind)], metadata.entity_sets["Things"], version)


@pytest.mark.parametrize(
    "field,operator,values,kind,expected",
    [
        ("Id", "EQUAL_TO", ("a",), "text", "Id eq 'a'"),
        ("Id", "EQUAL_TO", ("a", "b"), "text", "(Id eq 'a' or Id eq 'b')"),
        ("Id", "EQUAL_TO", ("O'Neil",), "text", "Id eq 'O''Neil'"),
        ("Id", "CONTAINS", ("a",), "text", "substringof('a',Id)"),
        ("Count", "GREATER_THAN", ("5",), "number", "Count gt 5"),
        ("Count", "EQUAL_TO", ("5",), "text", "Count eq 5"),
        ("Big", "LESS_THAN_OR_EQUAL_TO", ("-5",), "number", "Big le -5L"),
        ("Price", "BETWEEN", ("1.5", "2"), "number", "(Price ge 1.4M and Price le 3M)"),
        ("IsNew", "EQUAL_TO", ("true",), "boolean", "IsNew eq true"),
        (
            "Guid",
            "EQUAL_TO",
            ("00000000-0000-4000-8000-000000000001",),
            "text",
            "Guid eq guid'00000000-0000-4000-8000-000000000001'",
        ),
        ("Day", "GREATER_THAN", ("2024-02-29",), "instant", "Day ge datetime'2024-02-29T00:00:00'"),
        ("At", "LESS_THAN", ("2024-02-29T12:00:00Z",), "instant", "At le datetime'2024-02-29T12:00:02'"),
        (
            "Changed",
            "EQUAL_TO",
            ("2024-01-01T00:00:00.5Z",),
            "instant",
            "(Changed ge datetimeoffset'2023-12-31T23:59:59Z' and Changed le datetimeoffset'2024-01-01T00:00:02Z')",
        ),
    ],
)
def test_a_condition_is_said_in_version_2(field: str, operator: str, values: tuple[str, ...], kind: str, expected: str):
    assert said(field, operator, *values, kind=kind) == expected


@pytest.mark.parametrize(
    "field,operator,values,kind,expected",
    [
        ("Name", "CONTAINS", ("it's",), "text", "contains(Name,'it''s')"),
        ("Id", "EQUAL_TO", ("5",), "number", "Id eq 5"),
        ("Price", "LESS_THAN", ("1.50",), "number", "Price le 1.51"),
        (
            "Price",
            "EQUAL_TO",
            ("0.05", "7"),
            "number",
            "((Price ge 0.04 and Price le 0.06) or (Price ge 6 and Price le 8))",
        ),
        ("Id", "BETWEEN", ("1", "5"), "number", "(Id ge 1 and Id le 5)"),
        (
            "Day",
            "BETWEEN",
            ("2024-01-31", "2024-02-29T12:00:00Z"),
            "instant",
            "(Day ge 2024-01-31 and Day le 2024-02-29)",
        ),
        ("Changed", "GREATER_THAN", ("2024-01-01T00:00:00Z",), "instant", "Changed ge 2023-12-31T23:59:59Z"),
    ],
)
def test_a_condition_is_said_in_version_4(field: str, operator: str, values: tuple[str, ...], kind: str, expected: str):
    assert said(field, operator, *values, kind=kind, version="V4") == expected


@pytest.mark.parametrize(
    "field,operator,values,kind",
    [
        ("Missing", "EQUAL_TO", ("a",), "text"),
        ("Hidden", "EQUAL_TO", ("a",), "text"),
        ("Place", "EQUAL_TO", ("a",), "text"),
        ("Opens", "EQUAL_TO", ("09:00:00",), "text"),
        ("Id", "GREATER_THAN", ("a",), "text"),
        ("Id", "BETWEEN", ("a", "b"), "text"),
        ("Id", "EQUAL_TO", ("5",), "number"),
        ("Id", "EQUAL_TO", ("",), "text"),
        ("Id", "EQUAL_TO", ("a", "b\x00"), "text"),
        ("Id", "EQUAL_TO", ("\ud800",), "text"),
        ("Count", "EQUAL_TO", ("05",), "text"),
        ("Count", "EQUAL_TO", ("2147483648",), "number"),
        ("Count", "GREATER_THAN", ("0.5",), "number"),
        ("Count", "CONTAINS", ("5",), "text"),
        ("Weight", "GREATER_THAN", ("0.5",), "number"),
        ("Price", "EQUAL_TO", ("1234567890123456.5",), "number"),
        ("Price", "EQUAL_TO", ("1",), "text"),
        ("Guid", "EQUAL_TO", ("1' or '1' eq '1",), "text"),
        ("IsNew", "EQUAL_TO", ("yes",), "text"),
        ("Day", "EQUAL_TO", ("2024-01-31",), "text"),
        ("At", "GREATER_THAN", ("0001-01-01T00:00:00Z",), "instant"),
        ("At", "LESS_THAN", ("9999-12-31T23:59:59Z",), "instant"),
        ("At", "LESS_THAN", ("soon",), "instant"),
        ("Count", "LESS_THAN", ("2024-01-31",), "instant"),
    ],
)
def test_what_the_service_would_refuse_or_read_otherwise_is_left_out(
    field: str, operator: str, values: tuple[str, ...], kind: str
):
    assert said(field, operator, *values, kind=kind) is None


def test_conditions_are_joined_and_those_left_out_do_not_matter():
    conditions = [
        Condition("Id", "EQUAL_TO", ("a",), "text"),
        Condition("Missing", "EQUAL_TO", ("a",), "text"),
        Condition("IsNew", "EQUAL_TO", ("false",), "boolean"),
    ]
    assert filter_of(conditions, V2.entity_sets["Things"], "V2") == "Id eq 'a' and IsNew eq false"


def test_a_filter_that_no_url_has_room_for_loses_its_longest_condition():
    long = Condition("Id", "EQUAL_TO", tuple(f"value {n}" for n in range(1000)), "text")
    short = Condition("Count", "GREATER_THAN", ("5",), "number")
    assert filter_of([long, short], V2.entity_sets["Things"], "V2") == "Count gt 5"


@given(st.text(min_size=1))
def test_no_text_gets_out_of_its_quotes(value: str):
    literal = said("Id", "EQUAL_TO", value)
    if literal is not None:
        found = re.fullmatch(r"Id eq '((?:[^']|'')*)'", literal, re.DOTALL)
        assert found
        assert found[1].replace("''", "'") == value
