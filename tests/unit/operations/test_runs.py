"""Runs with a window or filters of their own, and a flow's runs by id, status and time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headrace.clock import to_ms
from headrace.engine.results import Counts
from headrace.errors import (
    ConflictException,
    ResourceNotFoundException,
    ServiceError,
    UnsupportedOperationException,
    ValidationException,
)
from headrace.model.states import State
from headrace.operations.runs import LIST, START
from headrace.operations.starting import PARALLEL_RUNS_TAG
from headrace.store import executions
from tests.standins.described import check_answer
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import SCHEDULED, Calls, Json, events_flow, flow
from tests.unit.operations.calls import START as NOW

NOW_MS = to_ms(NOW)
INCREMENTAL: Json = {
    "triggerType": "Scheduled",
    "triggerProperties": {
        "Scheduled": {"scheduleExpression": "rate(1days)", "dataPullMode": "Incremental", "scheduleOffset": 60}
    },
}
LARGE: Json = {
    "taskType": "Filter",
    "sourceFields": ["id"],
    "connectorOperator": {"S3": "GREATER_THAN"},
    "taskProperties": {"DATA_TYPE": "number", "VALUE": "10"},
}


def beyond(call: Calls, name: str, **asked: Any) -> Json:
    answer = call.dispatcher.call(name, call.caller, {"flowName": "orders"} | asked).result(timeout=PATIENCE_S)
    check_answer(name, answer)
    return answer


def start(call: Calls, **asked: Any) -> executions.Execution:
    execution_id = beyond(call, START, **asked)["executionId"]
    found = call.store.read(lambda tx: executions.get(tx, execution_id)).result(timeout=PATIENCE_S)
    assert found is not None
    return found


def refused(call: Calls, kind: type[ServiceError], **asked: Any) -> str:
    with pytest.raises(kind) as raised:
        start(call, **asked)
    return str(raised.value)


def window(execution: executions.Execution) -> tuple[int | None, int | None]:
    return execution.window_from_ms, execution.window_to_ms


@pytest.mark.parametrize(
    "asked, expected",
    [
        ({"from": 100, "to": 200.5}, (100_000, 200_500)),
        ({"from": 100}, (100_000, NOW_MS)),
        ({"to": 100}, (0, 100_000)),
        ({"fullRefresh": True}, (None, None)),
        ({"filters": [LARGE]}, (None, None)),
    ],
)
@pytest.mark.parametrize("trigger", [{"triggerType": "OnDemand"}, INCREMENTAL], ids=["OnDemand", "Incremental"])
def test_a_run_reads_what_it_was_asked_to_read(
    call: Calls, trigger: Json, asked: Json, expected: tuple[Any, Any]
) -> None:
    call("CreateFlow", flow(triggerConfig=trigger))

    execution = start(call, **asked)

    assert window(execution) == expected
    assert (execution.trigger, execution.overrides) == ("ondemand", {"filters": asked.get("filters", [])})


def test_a_run_with_a_limit_leaves_the_position_alone(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    execution = start(call, limit=10)
    assert (window(execution), execution.overrides) == ((None, None), {"filters": [], "limit": 10})


def test_filters_of_a_run_come_after_the_tasks_of_its_flow(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, filters=[LARGE])
    assert call.claim().document["tasks"] == [*flow()["tasks"], LARGE]
    assert call.describe()["tasks"] == flow()["tasks"]


def test_an_incremental_flow_reads_its_next_window_when_it_is_asked_for_nothing_else(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    first = start(call)
    call.settle(call.claim())
    call.clock.turn(timedelta(minutes=10))
    second = start(call)

    assert first.overrides is None
    assert first.window_to_ms == NOW_MS - 60_000
    assert window(second) == (NOW_MS - 60_000, NOW_MS + 540_000)


def test_a_run_with_a_window_of_its_own_leaves_the_next_one_alone(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL))
    start(call, to=NOW.timestamp())
    call.settle(call.claim())
    assert start(call).window_from_ms == NOW_MS - 30 * 86_400_000


def test_a_flow_that_reads_everything_does_so(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=SCHEDULED))
    assert window(start(call)) == (None, None)


def test_a_flow_that_runs_is_not_started_unless_its_runs_may_overlap(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=INCREMENTAL, tags={PARALLEL_RUNS_TAG: "true"}))
    start(call, fullRefresh=True)
    start(call, fullRefresh=True)
    assert "already running" in refused(call, ConflictException)


def test_a_token_starts_one_run(call: Calls) -> None:
    call("CreateFlow", flow())
    first = start(call, clientToken="t", fullRefresh=True)
    assert start(call, clientToken="t", fullRefresh=True) == first
    assert "other parameters" in refused(call, ConflictException, clientToken="t")
    assert len(call.records()) == 1


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"from": 5, "fullRefresh": True}, "fullRefresh reads everything"),
        ({"from": 5, "to": 5}, "from 1970-01-01T00:00:05+00:00 is not before to 1970-01-01T00:00:05+00:00"),
        ({"from": 9e9}, "without a to it is now"),
        ({"filters": [LARGE, flow()["tasks"][0]]}, "filters[1] is no Filter task"),
        ({"filters": [flow()["tasks"][1]]}, "filters[0] is no Filter task"),
        ({"filters": [LARGE | {"sourceFields": []}]}, "Start Flow request failed: [Task Validation Error: tasks[2]"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_started(call: Calls, asked: Json, words: str) -> None:
    call("CreateFlow", flow())
    assert words in refused(call, ValidationException, **asked)
    assert call.records() == []


def test_a_flow_that_is_not_there_or_waits_for_events_is_not_started(call: Calls) -> None:
    assert refused(call, ResourceNotFoundException) == "Flow orders not found."
    call("CreateFlow", events_flow())
    assert "when events come" in refused(call, UnsupportedOperationException)


def listed(call: Calls, **asked: Any) -> list[str]:
    return [each["executionId"][-2:] for each in beyond(call, LIST, **asked)["executions"]]


def test_runs_are_found_by_id_status_and_time(call: Calls) -> None:
    call("CreateFlow", flow())
    ids: list[str] = []
    for state in (State.DONE, State.FAILED, State.DONE):
        ids.append(start(call).execution_id)
        call.settle(call.claim(), state)
        call.clock.turn(timedelta(seconds=10))
    ids.append(start(call).execution_id)
    short = [each[-2:] for each in ids]
    begun = NOW.timestamp()

    assert listed(call) == short[::-1]
    assert listed(call, statuses=["Successful"]) == [short[2], short[0]]
    assert listed(call, statuses=["Error", "InProgress"]) == [short[3], short[1]]
    assert listed(call, ids=[ids[1], "unknown"]) == [short[1]]
    assert listed(call, **{"from": begun + 10, "to": begun + 30}) == [short[2], short[1]]


def test_listed_runs_come_in_pages(call: Calls) -> None:
    call("CreateFlow", flow(tags={PARALLEL_RUNS_TAG: "true"}))
    ids = [start(call).execution_id[-2:] for _ in range(3)]
    first = beyond(call, LIST, maxResults=2)
    assert [each["executionId"][-2:] for each in first["executions"]] == [ids[2], ids[1]]
    assert listed(call, maxResults=2, nextToken=first["nextToken"]) == [ids[0]]


def test_a_listed_run_says_what_became_of_its_records(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, filters=[LARGE])
    counts = Counts(10, 4, {0: 1, -3: 1}, {2: 3, -2: 1}).to_document()
    call.settle(call.claim(), counts=counts, message="some words")
    (run,) = beyond(call, LIST)["executions"]
    assert run["counts"] == {"read": 10, "written": 4, "rejected": 2, "dropped": {"-2": 1, "2": 3}}
    assert run["tasks"] == [
        {"index": 0, "name": "Map id", "dropped": 0, "rejected": 1},
        {"index": 2, "name": "Filter id", "dropped": 3, "rejected": 0},
        {"name": "the window of the run", "dropped": 1, "rejected": 0},
        {"name": "the destination", "dropped": 0, "rejected": 1},
    ]
    assert (run["executionStatus"], run["trigger"], run["message"]) == ("Successful", "ondemand", "some words")
    assert run["overrides"] == {"filters": [LARGE]}
    assert run["queuedAt"] == NOW.timestamp()
