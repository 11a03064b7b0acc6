"""Backfills as callers start, see and steer them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headrace.clock import to_ms
from headrace.errors import (
    ConflictException,
    ResourceNotFoundException,
    ServiceError,
    UnsupportedOperationException,
    ValidationException,
)
from headrace.model.states import State
from headrace.operations import runs
from headrace.operations.backfills import CANCEL, DESCRIBE, LIST, LIST_OF_FLOW, RESUME, START
from tests.standins.described import check_answer
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import SCHEDULED, Calls, Json, events_flow, flow
from tests.unit.operations.calls import START as NOW

DAY_S = 86_400
FROM_S = NOW.timestamp() - 10 * DAY_S
COUNTS: Json = {"recordsRead": 5, "recordsWritten": 2, "recordsRejected": 1, "dropped": {"1": 2}}
LARGE: Json = {
    "taskType": "Filter",
    "sourceFields": ["id"],
    "connectorOperator": {"S3": "GREATER_THAN"},
    "taskProperties": {"DATA_TYPE": "number", "VALUE": "10"},
}


def beyond(call: Calls, name: str, request: Json) -> Json:
    answer = call.dispatcher.call(name, call.caller, request).result(timeout=PATIENCE_S)
    check_answer(name, answer)
    return answer


def start(call: Calls, **asked: Any) -> Json:
    return beyond(call, START, {"flowName": "orders", "from": FROM_S} | asked)


def of(call: Calls, name: str, number: int = 1) -> Json:
    return beyond(call, name, {"flowName": "orders", "number": str(number)})


def refused(call: Calls, kind: type[ServiceError], **asked: Any) -> str:
    with pytest.raises(kind) as raised:
        start(call, **asked)
    return str(raised.value)


def end(call: Calls, state: State = State.DONE, message: str | None = None) -> None:
    call.settle(call.claim(), state, COUNTS, message)


def slices(answer: Json) -> dict[str, int]:
    return {name: count for name, count in answer["slices"].items() if count}


def test_a_backfill_reads_its_span_in_slices_up_to_now(call: Calls) -> None:
    call("CreateFlow", flow())
    answer = start(call, every="3d", parallel=3, filters=[LARGE])

    assert (answer["backfillId"], answer["status"], slices(answer)) == (
        "orders/1",
        "InProgress",
        {"total": 4, "running": 3, "left": 1},
    )
    assert (answer["from"], answer["to"], answer["createdBy"]) == (FROM_S, NOW.timestamp(), call.caller.arn)
    claim = call.claim()
    assert claim.document["tasks"] == [*flow()["tasks"], LARGE]
    assert claim.execution.window_from_ms == to_ms(NOW) - 10 * DAY_S * 1000
    (first, *_) = beyond(call, runs.LIST, {"flowName": "orders"})["executions"][::-1]
    assert first["overrides"] == {"filters": [LARGE], "backfill": 1, "slice": 0}


def test_what_its_slices_came_to_is_told_as_one_thing(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, parallel=1)
    for _ in range(3):
        end(call)
    end(call, State.FAILED, "Nobody is there")
    call.clock.turn(timedelta(seconds=8))

    answer = of(call, DESCRIBE)

    assert slices(answer) == {"total": 10, "done": 3, "failed": 1, "running": 1, "left": 5}
    assert (answer["percent"], answer["secondsLeft"]) == (30.0, 12.0)
    assert answer["counts"] == {"read": 20, "written": 8, "rejected": 4, "dropped": 8}
    (failure,) = answer["failures"]
    assert (failure["slice"], failure["from"], failure["message"]) == (3, FROM_S + 3 * DAY_S, "Nobody is there")


def test_one_that_has_ended_says_how(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, every="5d")
    end(call, State.FAILED)
    end(call)
    assert of(call, DESCRIBE)["status"] == "Error"

    assert of(call, RESUME)["status"] == "InProgress"
    end(call)
    answer = of(call, DESCRIBE)
    assert (answer["status"], answer["percent"], answer["failures"]) == ("Successful", 100.0, [])
    with pytest.raises(ConflictException, match="Every slice of backfill orders/1 was successful"):
        of(call, RESUME)
    with pytest.raises(ConflictException, match="has ended"):
        of(call, CANCEL)


def test_one_that_is_cancelled_waits_for_what_runs_before_it_is_taken_up_again(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, parallel=2)
    claim = call.claim()
    assert of(call, CANCEL)["status"] == "CancelStarted"
    with pytest.raises(ConflictException, match="orders/1 is still being cancelled: 1 of its slices have not ended"):
        of(call, RESUME)
    call.settle(claim, State.CANCELLED)
    assert (of(call, DESCRIBE)["status"], slices(of(call, DESCRIBE))) == (
        "Canceled",
        {"total": 10, "cancelled": 2, "left": 8},
    )
    assert slices(of(call, RESUME)) == {"total": 10, "running": 2, "left": 8}


def test_cancelling_all_runs_of_a_flow_cancels_its_backfills(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, parallel=2)
    call("CancelFlowExecutions", flowName="orders")
    assert of(call, DESCRIBE)["status"] == "Canceled"


def test_a_slice_that_is_cancelled_alone_makes_room_for_the_next(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call, parallel=1)
    (execution,) = call.records()
    call("CancelFlowExecutions", flowName="orders", executionIds=[execution["executionId"]])
    assert slices(of(call, DESCRIBE)) == {"total": 10, "cancelled": 1, "running": 1, "left": 8}


def test_a_flow_runs_beside_its_backfill_and_is_deleted_with_it_by_force_alone(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call)
    assert call("StartFlow", flowName="orders")["executionId"]
    assert beyond(call, LIST, {})["backfills"][0]["backfillId"] == "orders/1"
    with pytest.raises(ConflictException, match="forceDelete"):
        call("DeleteFlow", flowName="orders")
    call("DeleteFlow", flowName="orders", forceDelete=True)
    assert beyond(call, LIST, {}) == {"backfills": []}


def test_a_scheduled_flow_keeps_its_own_failures_and_position(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=SCHEDULED))
    call("StartFlow", flowName="orders")
    start(call, every="5d")
    end(call, State.FAILED)
    assert call.describe()["flowStatus"] == "Active"


def test_a_token_starts_one_backfill(call: Calls) -> None:
    call("CreateFlow", flow())
    first = start(call, clientToken="t")
    end(call)
    assert start(call, clientToken="t") == first
    assert "other parameters" in refused(call, ConflictException, clientToken="t", every="2d")
    assert len(beyond(call, LIST_OF_FLOW, {"flowName": "orders"})["backfills"]) == 1


def test_backfills_are_listed_page_by_page(call: Calls) -> None:
    for name in ("orders", "others"):
        call("CreateFlow", flow(name))
        beyond(call, START, {"flowName": name, "from": FROM_S})
        call.clock.turn(timedelta(seconds=1))
    first = beyond(call, LIST, {"maxResults": 1})
    second = beyond(call, LIST, {"maxResults": 1, "nextToken": first["nextToken"]})
    assert [each["backfillId"] for each in (*first["backfills"], *second["backfills"])] == ["others/1", "orders/1"]
    assert "nextToken" not in second
    assert [each["flowName"] for each in beyond(call, LIST_OF_FLOW, {"flowName": "orders"})["backfills"]] == ["orders"]
    assert beyond(call.by(account="999999999999"), LIST, {})["backfills"] == []


def test_the_present_of_a_caller_whose_clock_is_ahead_is_now(call: Calls) -> None:
    call("CreateFlow", flow())
    assert start(call, to=NOW.timestamp() + 60)["to"] == NOW.timestamp()


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"to": FROM_S}, "is not before to"),
        ({"from": 9e9}, "without a to it is now"),
        ({"to": NOW.timestamp() + 61}, "is in the future"),
        ({"every": "1y"}, "every: '1y' is no length of a slice; write a number and m, h, d, w or mo"),
        ({"from": 0, "every": "1m"}, "slices, and at most 100000 are taken. Write a longer every"),
        ({"filters": [flow()["tasks"][1]]}, "filters[0] is no Filter task"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_started(call: Calls, asked: Json, words: str) -> None:
    call("CreateFlow", flow())
    assert words in refused(call, ValidationException, **asked)
    assert beyond(call, LIST, {})["backfills"] == []


def test_a_flow_whose_source_has_no_time_is_refused_with_what_to_write(call: Calls) -> None:
    call("CreateFlow", flow())
    call.sources.no_window = ValidationException("Source Validation Error: names no datetimeTypeFieldName.")
    assert "datetimeTypeFieldName" in refused(call, ValidationException)
    call.sources.absent = "There is no connector."
    assert refused(call, ValidationException) == "There is no connector."


def test_a_backfill_is_not_taken_up_again_once_events_start_its_flow(call: Calls) -> None:
    call("CreateFlow", flow())
    start(call)
    of(call, CANCEL)
    call("UpdateFlow", flow(triggerConfig={"triggerType": "Event"}))
    with pytest.raises(UnsupportedOperationException, match="reads no windows"):
        of(call, RESUME)
    assert slices(of(call, DESCRIBE)) == {"total": 10, "cancelled": 4, "left": 6}


def test_what_is_not_there_or_waits_for_events_has_no_backfill(call: Calls) -> None:
    assert refused(call, ResourceNotFoundException) == "Flow orders not found."
    call("CreateFlow", events_flow())
    assert "reads no windows" in refused(call, UnsupportedOperationException)
    with pytest.raises(ResourceNotFoundException, match="Backfill orders/7 not found"):
        of(call, DESCRIBE, 7)
