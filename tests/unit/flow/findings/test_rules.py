"""Every rule has a document that it speaks of, and one that is as it should be."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headrace.flow.findings import Described, Finding, find
from headrace.flow.findings.about import ABOUT
from headrace.flow.findings.finding import LEVELS
from headrace.flow.rules import Rule
from tests.unit.flow.documents import MAP_ALL, condition, document, mapped, projection, scheduled, source_config, task
from tests.unit.flow.findings.cases import NOW, PLAIN, TYPED, Case, changed, fields, with_source
from tests.unit.flow.findings.odd import NOTES, WARNINGS
from tests.unit.flow.findings.refused import ERRORS

# What can't be asked of a document alone.
ELSEWHERE = {Rule.NOT_THERE, Rule.UPDATE}
CASES = [*ERRORS, *WARNINGS, *NOTES]


def found_in(given: Any, case: Case) -> list[Finding]:
    made, source = given if isinstance(given, tuple) else (given, case.source)
    return [each for each in find(made, now=NOW, source=source, destination=case.destination) if each.rule is case.rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule.value)
def test_a_rule_speaks_where_it_is_broken_and_nowhere_else(case: Case) -> None:
    told = found_in(case.bad, case)

    assert told
    first = told[0]
    assert (first.where, first.level) == (case.where, ABOUT[case.rule][0])
    assert case.instead in first.instead
    assert first.message
    assert found_in(case.good, case) == []


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.rule.value)
def test_what_a_rule_of_refusals_leaves_alone_is_taken(case: Case) -> None:
    assert not [each for each in find(case.good, now=NOW) if each.level == "error"]


def test_every_rule_has_its_case_and_its_line() -> None:
    assert {case.rule for case in CASES} | ELSEWHERE == set(Rule) == set(ABOUT)
    assert {level for level, _ in ABOUT.values()} == set(LEVELS)


def test_a_finding_of_a_task_says_which() -> None:
    (found,) = find(document(projection("a"), mapped("a"), mapped("b")), now=NOW)
    assert (found.task, found.field) == (2, "b")
    assert found.to_document() == {
        "level": "warning",
        "rule": "unprojected-field",
        "place": "tasks[2].sourceFields",
        "task": 2,
        "field": "b",
        "message": "the projection of tasks[0] does not read 'b', so it is written empty",
        "instead": "add 'b' to sourceFields of tasks[0]",
    }


def test_all_is_said_at_once_in_the_order_of_the_document() -> None:
    made = document(
        condition("NO_OP", VALUE="1"),
        projection("a", "c"),
        mapped("a"),
        mapped("b"),
        trigger=scheduled("daily", timezone="Mars"),
    )
    assert [(each.level, each.rule) for each in find(made, now=NOW)] == [
        ("error", Rule.SCHEDULE),
        ("note", Rule.TIME_ZONE),
        ("error", Rule.OPERATOR),
        ("warning", Rule.UNUSED_PROJECTION),
        ("warning", Rule.UNPROJECTED_FIELD),
    ]


@pytest.mark.parametrize(
    "given, wanted",
    [
        (("BIGINT", "double"), "last digits"),
        (("datetime", "date"), "time of day"),
        (("decimal(10,4)", "decimal(10,2)"), "of 4 decimals 2 are left"),
        (("decimal(10,2)", "decimal(5,2)"), "8 digits before the point"),
        (("boolean", "integer"), "no numbers"),
        (("integer", "bigint"), None),
        (("date", "datetime"), None),
        (("string", "integer"), None),
    ],
)
def test_what_a_type_loses_is_said(given: tuple[str, str], wanted: str | None) -> None:
    made = document(projection("a"), mapped("a", DESTINATION_DATA_TYPE=given[1]), destination=TYPED)
    found = find(made, now=NOW, source=fields(a=Described("a", given[0])))
    losses = [each.message for each in found if each.rule is Rule.TYPE_LOSS]
    assert bool(losses) == (wanted is not None)
    assert all(wanted in each for each in losses if wanted)


def test_a_source_whose_objects_were_not_all_looked_into_may_have_more_fields() -> None:
    known = replace(fields("id"), is_whole=False)
    (found,) = find(document(projection("x"), mapped("x")), now=NOW, source=known)[:1]
    assert found.message.startswith("of those objects that were looked into S3 raw/in has no field 'x'")


def test_what_is_no_document_at_all_is_one_error() -> None:
    for given in ([], "flow", 1, None, {"tasks": 1}):
        found = find(given, now=NOW)
        assert [each.rule for each in found if each.level == "error"] == [Rule.DOCUMENT]


def test_limits_of_appflow_are_errors_where_they_hold() -> None:
    made = with_source(PLAIN, s3InputFormatConfig={"s3InputFileType": "PARQUET"})
    found = find(made, now=NOW, limits="aws")
    assert [(each.level, each.rule) for each in found] == [("error", Rule.CONSTRAINT)]


def test_a_flow_of_another_source_is_looked_at_as_well() -> None:
    made = changed(PLAIN, sourceFlowConfig=source_config("Servicenow"))
    found = find(made, now=NOW, source=fields("a"))
    assert found == ()


def test_the_page_has_the_same_table() -> None:
    page = (Path(__file__).parents[4] / "docs" / "plan.md").read_text("utf-8")
    wanted = [f"| `{rule.value}` | {level} | {about} |" for rule, (level, about) in ABOUT.items()]
    assert [line for line in page.splitlines() if re.match(r"\| `[a-z-]+` \| (error|warning|note) \|", line)] == wanted


def test_a_partition_key_that_the_source_lacks_makes_one_folder_of_all() -> None:
    keys = task("Partition", ORDERED_PARTITION_KEYS_LIST='["contry","b"]')
    (found,) = find(document(MAP_ALL, mapped("a", "b"), keys), now=NOW, source=fields("country", "a"))
    assert "every record lies in the folder contry=null" in found.message
    assert found.instead == "write 'country'"


def test_what_a_filter_makes_of_a_field_that_is_not_there_is_said() -> None:
    for operator, outcome in (("EQUAL_TO", "every record is dropped"), ("NOT_EQUAL_TO", "every record passes")):
        (found,) = find(document(MAP_ALL, condition(operator, "x", VALUE="1")), now=NOW, source=fields("a"))
        assert found.message.endswith(outcome)
    strict = task("Validate", ["x"], operator="VALIDATE_NUMERIC", VALIDATION_ACTION="DropRecord")
    (found,) = find(document(MAP_ALL, strict), now=NOW, source=fields("a"))
    assert found.message.endswith("every record fails it")


def test_a_field_that_is_left_out_and_not_there_is_told_of() -> None:
    left_out = task("Map_all", operator="NO_OP", EXCLUDE_SOURCE_FIELDS_LIST='["pasword"]')
    (found,) = find(document(left_out), now=NOW, source=fields("id", "password"))
    assert (found.where, found.instead) == ("tasks[0].taskProperties.EXCLUDE_SOURCE_FIELDS_LIST", "write 'password'")
