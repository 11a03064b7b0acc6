"""Which rejects may be run again: of executions that came to their end, once."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.connector_sdk.kept_rejects import Kept
from headrace.errors import ConflictException, ServiceError, ValidationException
from headrace.model.states import State
from headrace.operations.retries import RETRY
from headrace.operations.runs import START
from headrace.store import executions, flows, rejects
from headrace.store.executions import Execution
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import ALICE, SCHEDULED, Calls, Json, events_flow, flow
from tests.unit.operations.test_runs import LARGE, beyond

COUNTS: Json = {"recordsRead": 3, "recordsWritten": 1, "recordsRejected": 2, "dropped": {}, "bytesWritten": 10}


def ended(call: Calls, state: State = State.DONE, *, is_whole: bool = True, counts: Json = COUNTS, **asked: Any) -> str:
    """An execution with two rejects."""
    execution_id = beyond(call, START, **asked)["executionId"]
    settle(call, state, counts)
    kept = Kept("file:///d", None, f"orders/{execution_id}/", 1, 2, 20, is_whole)
    call.store.write(lambda tx: rejects.put(tx, execution_id, kept)).result(timeout=PATIENCE_S)
    return execution_id


def settle(call: Calls, state: State = State.DONE, counts: Json = COUNTS) -> None:
    call.settle(call.claim(), state, counts)


def retry(call: Calls, execution_id: str, **asked: Any) -> Execution:
    started = beyond(call, RETRY, executionId=execution_id, **asked)["executionId"]
    found = call.store.read(lambda tx: executions.get(tx, started)).result(timeout=PATIENCE_S)
    assert found is not None
    return found


def refused(call: Calls, kind: type[ServiceError], execution_id: str, **asked: Any) -> str:
    with pytest.raises(kind) as raised:
        retry(call, execution_id, **asked)
    return str(raised.value)


def head(tx: Any) -> flows.FlowHead:
    found = flows.head(tx, ALICE.account, ALICE.region, "orders")
    assert found is not None
    return found


def test_a_retry_is_an_execution_of_the_flow_as_it_is_now(call: Calls) -> None:
    call("CreateFlow", flow())
    first = ended(call)
    call("UpdateFlow", {**flow(), "description": "mended"})
    found = retry(call, first)
    assert (found.trigger, found.state, found.revision) == ("ondemand", State.QUEUED, 2)
    assert found.overrides == {"filters": [], "retryOf": first}
    assert (found.window_from_ms, found.window_to_ms) == (None, None)


def test_the_filters_of_the_first_one_hold_for_its_rejects_too(call: Calls) -> None:
    call("CreateFlow", flow())
    found = retry(call, ended(call, filters=[LARGE]))
    assert found.overrides is not None
    assert found.overrides["filters"] == [LARGE]


def test_a_scheduled_flow_goes_on_where_it_was(call: Calls) -> None:
    call("CreateFlow", flow(triggerConfig=SCHEDULED))
    found = retry(call, ended(call))
    assert (found.trigger, found.window_to_ms) == ("ondemand", None)


def test_the_rejects_of_a_run_that_did_not_come_to_its_end_are_not_all_that_is_left_of_it(call: Calls) -> None:
    call("CreateFlow", flow())
    first = ended(call, State.FAILED, is_whole=False)
    assert "would leave out the others. Start the flow again." in refused(call, ValidationException, first)


def test_a_run_whose_every_record_was_rejected_can_be_retried(call: Calls) -> None:
    call("CreateFlow", flow())
    assert retry(call, ended(call, State.FAILED)).state is State.QUEUED


@pytest.mark.parametrize(
    "state, counts, is_refused",
    [
        (State.DONE, COUNTS, True),
        (State.FAILED, COUNTS, True),
        (State.FAILED, {**COUNTS, "bytesWritten": 0}, False),
        (State.CANCELLED, {**COUNTS, "bytesWritten": 0}, False),
    ],
)
def test_what_a_retry_may_have_written_is_not_written_again(
    call: Calls, state: State, counts: Json, is_refused: bool
) -> None:
    call("CreateFlow", flow())
    first = ended(call)
    second = retry(call, first).execution_id
    assert f"being retried by {second}" in refused(call, ConflictException, first, again=True)
    if state is State.CANCELLED:
        call("CancelFlowExecutions", {"flowName": "orders"})
    else:
        settle(call, state, counts)
    if is_refused:
        assert f"were retried by {second}" in refused(call, ConflictException, first)
    assert retry(call, first, again=is_refused).state is State.QUEUED


def test_a_retry_waits_for_the_flow_like_any_other_run(call: Calls) -> None:
    call("CreateFlow", flow())
    first = ended(call)
    beyond(call, START)
    assert "already running" in refused(call, ConflictException, first)


def test_a_flow_that_the_filters_do_not_fit_any_more_is_told_of(call: Calls) -> None:
    call("CreateFlow", flow())
    bad = {**LARGE, "taskProperties": {"DATA_TYPE": "number", "VALUE": "10"}, "connectorOperator": {"S3": "CONTAINS"}}
    call.store.write(
        lambda tx: executions.insert(
            tx,
            head(tx),
            execution_id="by hand",
            trigger="ondemand",
            now_ms=0,
            overrides={"filters": [bad]},
        )
    ).result(timeout=PATIENCE_S)
    settle(call)
    kept = Kept("file:///d", None, "orders/by hand/", 1, 2, 20, is_whole=True)
    call.store.write(lambda tx: rejects.put(tx, "by hand", kept)).result(timeout=PATIENCE_S)
    assert "Task Validation Error" in refused(call, ValidationException, "by hand")


def test_rejects_of_another_flow_are_none_of_this_one(call: Calls) -> None:
    call("CreateFlow", flow())
    call("CreateFlow", events_flow("events"))
    first = ended(call)
    with pytest.raises(ServiceError, match=f"Flow events has no execution {first}"):
        call.dispatcher.call(RETRY, call.caller, {"flowName": "events", "executionId": first}).result(PATIENCE_S)
