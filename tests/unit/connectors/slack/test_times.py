"""Conditions as Slack's oldest and latest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from headrace.connector_sdk.records import Condition
from headrace.connectors.slack.times import Times


def span(conditions: Sequence[Condition]) -> Mapping[str, str]:
    return Times().params(conditions, {})


def of(operator: str, *values: str, kind: str = "instant", field: str = "ts") -> Condition:
    return Condition(field, operator, values, kind)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "condition,wanted",
    [
        (of("GREATER_THAN", "2023-11-14T22:13:20.5Z"), {"oldest": "1700000000.500000"}),
        (of("GREATER_THAN_OR_EQUAL_TO", "2023-11-14"), {"oldest": "1699920000.000000"}),
        (of("LESS_THAN", "2023-11-14T22:13:20Z"), {"latest": "1700000000.000000"}),
        (of("LESS_THAN_OR_EQUAL_TO", "1700000000.25", kind="number"), {"latest": "1700000000.250000"}),
        (of("BETWEEN", "17", "18", kind="number"), {"oldest": "0000000017.000000", "latest": "0000000018.000000"}),
        (
            of("EQUAL_TO", "1700000009.000001", "1700000000.000002", kind="text"),
            {"oldest": "1700000000.000002", "latest": "1700000009.000001"},
        ),
        (
            of("EQUAL_TO", "2023-11-14T22:13:20.123Z"),
            {"oldest": "1700000000.122000", "latest": "1700000000.124000"},
        ),
        (of("LESS_THAN", "1700000000.000002", kind="text"), {"latest": "1700000000.000002"}),
    ],
)
def test_a_condition_bounds_the_time_and_lets_its_bounds_in(condition: Condition, wanted: Mapping[str, str]) -> None:
    assert span([condition]) == {**wanted, "inclusive": "true"}


def test_the_narrowest_bounds_of_several_conditions_are_sent() -> None:
    found = span(
        [
            of("GREATER_THAN", "1700000000", kind="number"),
            of("BETWEEN", "1600000000", "1700000900", kind="number"),
            of("LESS_THAN", "1700000700", kind="number"),
        ]
    )
    assert found == {"oldest": "1700000000.000000", "latest": "1700000700.000000", "inclusive": "true"}


def test_bounds_finer_than_slacks_are_rounded_outwards() -> None:
    found = span([of("BETWEEN", "1700000000.0000019", "1700000001.0000011", kind="number")])
    assert (found["oldest"], found["latest"]) == ("1700000000.000001", "1700000001.000002")


def test_bounds_stay_within_what_slack_takes() -> None:
    found = span([of("BETWEEN", "-5", "99999999999", kind="number")])
    assert (found["oldest"], found["latest"]) == ("0000000000.000001", "9999999999.999999")


@pytest.mark.parametrize(
    "condition",
    [
        of("GREATER_THAN", "1700000000", kind="number", field="thread_ts"),
        of("GREATER_THAN", "17", kind="text"),
        of("GREATER_THAN", "17000000001.00000", kind="text"),
        of("CONTAINS", "1700000000.000001", kind="text"),
        of("EQUAL_TO", "1700000000.000001", "now", kind="text"),
        of("EQUAL_TO", "true", kind="boolean"),
    ],
)
def test_what_slack_cant_select_by_is_left_to_the_engine(condition: Condition) -> None:
    assert span([condition]) == {}
