"""Findings of any document: never a crash, and errors exactly where CreateFlow refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.errors import ValidationException
from headrace.flow.findings import Described, Fields, NotAsked, find
from headrace.flow.plan import PlanFaults, plan
from headrace.model.check import check
from headrace.model.codec import SerializationError, decode_as
from tests.property.test_plan import aligned, documents, good, likely
from tests.unit.flow.documents import document

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FLOWS = sorted((Path(__file__).parents[1] / "data" / "flows").glob("*.json"))
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
known = st.sampled_from(
    [None, NotAsked("away"), Fields("S3 raw/in", {name: Described(name, "string", ("EQUAL_TO",)) for name in "ab"})]
)


def is_taken(made: Any) -> bool:
    try:
        given = decode_as("CreateFlowRequest", made)
        check("CreateFlow", given)
        plan(given)
    except (SerializationError, ValidationException, PlanFaults):
        return False
    return True


def compare(made: Any, source: Any, destination: Any) -> None:
    before = repr(made)
    found = find(made, now=NOW, source=source, destination=destination)
    assert is_taken(made) == (not [each for each in found if each.level == "error"])
    assert repr(made) == before
    for each in found:
        json.dumps(each.to_document())
        assert each.message
        assert each.level != "error" or each.instead


@settings(max_examples=60, suppress_health_check=QUIET)
@given(made=st.one_of(documents, documents.map(aligned)), source=known, destination=known)
def test_documents_of_the_right_shape_have_errors_where_they_are_refused(
    made: dict[str, Any], source: Any, destination: Any
) -> None:
    compare(made, source, destination)


@settings(max_examples=100, suppress_health_check=QUIET)
@given(tasks=st.one_of(good, st.lists(likely, max_size=6)), source=known, name=st.sampled_from(["S3", "Salesforce"]))
def test_task_lists_have_errors_where_they_are_refused(tasks: list[dict[str, Any]], source: Any, name: str) -> None:
    compare(document(*tasks, source=name), source, source)


@settings(max_examples=60, suppress_health_check=QUIET)
@given(made=documents, at=st.lists(st.integers(0, 5), max_size=4), odd=anything)
def test_a_document_with_anything_in_it_is_looked_at(made: dict[str, Any], at: list[int], odd: Any) -> None:
    inner: Any = made
    for step in at:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner))) if isinstance(inner, list) else []
        if not keys:
            break
        key = keys[step % len(keys)]
        if isinstance(inner[key], dict | list) and inner[key]:
            inner = inner[key]
        else:
            inner[key] = odd
            break
    compare(made, None, None)


@given(anything)
@settings(max_examples=60)
def test_what_is_no_document_is_refused(made: Any) -> None:
    compare(made, None, None)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_published_flows_are_looked_at(path: Path) -> None:
    """Two of them are refused or left empty for what their authors asked about; the others run at AppFlow."""
    found = find(json.loads(path.read_text()), now=NOW)
    levels = {each.rule.value: each.level for each in found if each.level != "note"}
    assert levels == PUBLISHED.get(path.stem, {})


PUBLISHED = {
    "fdmsantos-merge-concat": {"no-projection": "warning"},
    "tf-acc-basic": {"no-projection": "warning"},
    "tf-acc-parquet": {"no-projection": "warning"},
    "tf-acc-multiple-tasks": {"unused-projection": "warning", "unprojected-field": "warning"},
    "tf-issue-34482-map-without-projection": {"projection": "error"},
}
