"""Where incremental flows go on, shown and set."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import ConflictException, ResourceNotFoundException, ValidationException
from headrace.operations import runs
from headrace.operations.positions import DESCRIBE, SET
from headrace.store import bookmarks
from headrace.store.bookmarks import Bookmark
from tests.standins.described import check_answer
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import START as NOW
from tests.unit.operations.calls import Calls, Json, flow, mapping
from tests.unit.operations.test_backfills import start as start_backfill
from tests.unit.operations.test_runs import INCREMENTAL

DAY_S = 86_400
NOW_S = NOW.timestamp()


def beyond(call: Calls, name: str, **asked: Any) -> Json:
    answer = call.dispatcher.call(name, call.caller, {"flowName": "orders"} | asked).result(timeout=PATIENCE_S)
    check_answer(name, answer)
    return answer


def records_flow() -> Json:
    """An incremental flow from an application."""
    source: Json = {
        "connectorType": "Salesforce",
        "connectorProfileName": "profile",
        "sourceConnectorProperties": {"Salesforce": {"object": "Account"}},
    }
    tasks: list[Json] = [
        mapping("Id") | {"connectorOperator": {"Salesforce": "NO_OP"}},
        {"taskType": "Filter", "sourceFields": ["Id"], "connectorOperator": {"Salesforce": "PROJECTION"}},
    ]
    return flow(sourceFlowConfig=source, tasks=tasks, triggerConfig=INCREMENTAL)


def test_a_position_is_where_the_last_successful_window_ended(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    call("StartFlow", flowName="orders")
    first = beyond(call, DESCRIBE)
    assert "readUntil" not in first
    assert (first["kind"], first["failuresInARow"], first["flowStatus"]) == ("window", 0, "Active")
    assert first["nextWindow"]["from"] == first["nextTick"] - 30 * DAY_S

    beyond(call, runs.START)
    call.settle(call.claim())

    after = beyond(call, DESCRIBE)
    assert after["readUntil"] == NOW_S - 60
    assert after["nextWindow"] == {"from": NOW_S - 60, "to": after["nextTick"] - 60}


def test_a_position_that_was_set_is_where_the_next_run_begins(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    answer = beyond(call, SET, readUntil=NOW_S - 5 * DAY_S)
    assert answer["nextWindow"] == {"from": NOW_S - 5 * DAY_S, "to": NOW_S - 60}
    beyond(call, runs.START)
    (execution,) = call.records()
    assert execution["dataPullStartTime"] == NOW_S - 5 * DAY_S


def test_a_position_goes_back_only_where_somebody_says_so(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    beyond(call, SET, readUntil=NOW_S - DAY_S)
    assert beyond(call, SET, readUntil=NOW_S - 2 * DAY_S)["readUntil"] == NOW_S - 2 * DAY_S
    cleared = beyond(call, SET, clear=True)
    assert "readUntil" not in cleared
    assert cleared["nextWindow"]["from"] == NOW_S - 30 * DAY_S


def test_a_bookmark_takes_the_place_of_a_window_where_the_source_gives_some(call: Calls) -> None:
    call("CreateFlow", records_flow())
    call.sources.has_bookmarks = True
    assert beyond(call, SET, bookmark="page 7")["bookmark"] == "page 7"
    with pytest.raises(ValidationException, match="says by bookmarks where to go on"):
        beyond(call, SET, readUntil=NOW_S)

    # The next run goes on from it, and what it ends with takes its place.
    beyond(call, runs.START)
    claim = call.claim()
    assert claim.bookmark is not None
    assert claim.bookmark.text == "page 7"
    call.store.write(
        lambda tx: bookmarks.put(
            tx,
            claim.execution.flow_id,
            Bookmark(claim.bookmark.source if claim.bookmark else "", "page 8"),
            sequence=claim.execution.sequence,
        )
    ).result(timeout=PATIENCE_S)
    call.settle(claim)
    assert beyond(call, DESCRIBE)["bookmark"] == "page 8"
    assert beyond(call, SET, clear=True)["kind"] == "window"


def test_a_bookmark_is_refused_where_the_source_goes_by_time(call: Calls) -> None:
    call("CreateFlow", records_flow())
    with pytest.raises(ValidationException, match="gives no bookmarks"):
        beyond(call, SET, bookmark="page 7")


def test_a_position_is_not_set_under_a_run(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    beyond(call, SET, readUntil=NOW_S - DAY_S)
    beyond(call, runs.START)
    with pytest.raises(ConflictException, match="Flow orders is running"):
        beyond(call, SET, readUntil=NOW_S - 2 * DAY_S)
    assert beyond(call, DESCRIBE)["readUntil"] == NOW_S - DAY_S
    call.settle(call.claim())
    start_backfill(call)
    assert beyond(call, SET, readUntil=NOW_S - 2 * DAY_S)["readUntil"] == NOW_S - 2 * DAY_S


def test_a_flow_that_reads_everything_has_no_position_and_says_so(call: Calls) -> None:
    call("CreateFlow", flow())
    assert beyond(call, DESCRIBE)["kind"] == "none"
    with pytest.raises(ValidationException, match="Flow orders keeps no position: each of its runs reads everything"):
        beyond(call, SET, readUntil=NOW_S)


@pytest.mark.parametrize(
    "asked, words",
    [
        ({}, "Write one of readUntil, bookmark, clear, not none"),
        ({"clear": False}, "not none"),
        ({"clear": True, "readUntil": 5}, "not readUntil and clear"),
        ({"readUntil": NOW_S + 1}, "lies ahead"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Calls, asked: Json, words: str) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    with pytest.raises(ValidationException, match=words):
        beyond(call, SET, **asked)


def test_a_flow_that_is_not_there_has_no_position(call: Calls) -> None:
    for name in (DESCRIBE, SET):
        with pytest.raises(ResourceNotFoundException):
            beyond(call, name, clear=True)
