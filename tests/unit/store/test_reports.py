from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from headrace.model.states import State
from headrace.store import executions, outbox, schedules
from headrace.store.executions import Claim
from headrace.store.outbox import Report
from headrace.store.sql import outbox as outbox_sql
from headrace.store.store import Store
from tests.standins.stores import StorePlace
from tests.unit.store.rows import add_flow, queue, read, take, write

ARN = "arn:aws:appflow:us-east-1:000000000000:flow/orders"
DOCUMENT: dict[str, Any] = {
    "flowName": "orders",
    "sourceFlowConfig": {
        "connectorType": "S3",
        "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in/"}},
    },
    "destinationFlowConfigList": [
        {
            "connectorType": "CustomConnector",
            "connectorProfileName": "shop",
            "destinationConnectorProperties": {"CustomConnector": {"entityName": "order"}},
        }
    ],
    "tasks": [],
}
OF_FLOW = {
    "flow-name": "orders",
    "created-by": "someone",
    "flow-arn": ARN,
    "source": "S3",
    "destination": "CUSTOMCONNECTOR/shop",
    "source-object": "s3://raw/in/",
    "destination-object": "order",
}
COMMON = {
    "version": "0",
    "source": "aws.appflow",
    "account": "000000000000",
    "region": "us-east-1",
    "resources": [ARN],
}
COUNTS = {
    "recordsRead": 63000,
    "recordsWritten": 62990,
    "recordsRejected": 3,
    "dropped": {"0": 5, "2": 2},
    "bytesRead": 10226699,
    "bytesWritten": 5,
}


@pytest.fixture(name="telling")
def store_that_tells(store_place: StorePlace) -> Iterator[Store]:
    with closing(store_place.open(executions_kept=1, reports_to=("a", "b"))) as store:
        write(store, lambda tx: add_flow(tx, document=DOCUMENT))
        yield store


def told(store: Store, receiver: str = "a") -> list[Report]:
    return read(store, lambda tx: outbox.page(tx, receiver, after=0, limit=99))


def settle(store: Store, claim: Claim, state: State, message: str | None = None) -> bool:
    execution = claim.execution
    return write(
        store,
        lambda tx: executions.settle(
            tx,
            execution.execution_id,
            execution.fence,
            state=state,
            counts=COUNTS,
            message=message,
            now_ms=4_567,
        ),
    )


def run(store: Store, state: State, message: str | None = None, **given: Any) -> list[Report]:
    """What is told of one run, beyond what was told before."""
    before = len(told(store))
    write(store, lambda tx: queue(tx, f"e{before}", **given))
    (claim,) = write(store, take)
    if state is State.CANCELLED:
        assert write(store, lambda tx: executions.cancel(tx, claim.execution.execution_id, now_ms=3_500))
    assert settle(store, claim, state, message)
    return told(store)[before:]


def test_a_run_is_told_of_in_the_form_of_appflows_events(telling: Store) -> None:
    start, end = run(telling, State.DONE)

    run_detail = {
        **OF_FLOW,
        "trigger-type": "ONDEMAND",
        "execution-id": "e0",
        "start-time": "1970-01-01T00:00:03.000Z[UTC]",
    }
    assert start.event == {
        **COMMON,
        "id": start.event_id,
        "detail-type": "AppFlow Start Flow Run Report",
        "time": "1970-01-01T00:00:03Z",
        "detail": run_detail,
    }
    assert end.event == {
        **COMMON,
        "id": end.event_id,
        "detail-type": "AppFlow End Flow Run Report",
        "time": "1970-01-01T00:00:04Z",
        "detail": {
            **run_detail,
            "num-of-records-processed": "63000",
            "num-of-records-filtered": "7",
            "num-of-documents-processed": "0",
            "num-of-record-failures": "3",
            "data-processed": "10226699",
            "status": "Execution Successful",
            "end-time": "1970-01-01T00:00:04.567Z[UTC]",
        },
    }
    assert start.event_id != end.event_id
    assert [each.event for each in told(telling, "b")] == [start.event, end.event]


def test_a_failed_run_says_why_and_a_cancelled_one_what_it_is(telling: Store) -> None:
    failed = run(telling, State.FAILED, "no bucket")[-1].event["detail"]
    assert (failed["status"], failed["error"]) == ("Execution Failed", "no bucket")

    cancelled = run(telling, State.CANCELLED, "by you")[-1].event["detail"]
    assert (cancelled["status"], "error" in cancelled) == ("Execution Canceled", False)


def test_a_run_that_is_cancelled_in_the_queue_has_an_end_and_no_start(telling: Store) -> None:
    write(telling, lambda tx: queue(tx, "e"))
    for _ in range(2):
        write(telling, lambda tx: executions.cancel(tx, "e", now_ms=2_500))

    (end,) = told(telling)
    assert end.event["detail"]["status"] == "Execution Canceled"
    assert end.event["detail"]["start-time"] == "1970-01-01T00:00:02.000Z[UTC]"


def test_a_run_that_is_claimed_again_starts_and_ends_once(telling: Store) -> None:
    write(telling, lambda tx: queue(tx, "e"))
    (lost,) = write(telling, take)
    (claim,) = write(telling, lambda tx: take(tx, now_ms=5_000))

    assert not settle(telling, lost, State.DONE)
    assert settle(telling, claim, State.DONE)

    assert [each.event["detail-type"].split()[1] for each in told(telling)] == ["Start", "End"]


def test_the_window_of_a_scheduled_run_is_told(telling: Store) -> None:
    start, end = run(telling, State.DONE, trigger="scheduled", window_from_ms=1, window_to_ms=60_000)

    between = "1970-01-01T00:00:00.001Z[UTC]/1970-01-01T00:01:00.000Z[UTC]"
    for report in (start, end):
        assert report.event["detail"]["trigger-type"] == "SCHEDULED"
        assert report.event["detail"]["incremental-transfer-time-range"] == between


def test_a_flow_that_is_suspended_is_told_of_after_the_run_that_failed(telling: Store) -> None:
    write(
        telling,
        lambda tx: add_flow(tx, "often", trigger_type="Scheduled", threshold=2, document=DOCUMENT),
    )
    first = run(telling, State.FAILED, flow="often")
    second = run(telling, State.FAILED, flow="often")

    assert len(first) == 2
    deactivated = second[2].event
    assert deactivated["detail-type"] == "AppFlow Scheduled Flow Deactivated"
    assert deactivated["detail"] == {
        **OF_FLOW,
        "flow-name": "often",
        "flow-arn": ARN.replace("orders", "often"),
        "trigger-type": "SCHEDULED",
        "deactivation-reason": deactivated["detail"]["deactivation-reason"],
        "deactivation-time": "1970-01-01T00:00:04.567Z[UTC]",
    }
    assert "failed as often in a row" in deactivated["detail"]["deactivation-reason"]


def test_an_event_flow_has_a_deactivation_of_its_own_name(telling: Store) -> None:
    write(telling, lambda tx: add_flow(tx, "heard", trigger_type="Event", threshold=1, document=DOCUMENT))

    reports = run(telling, State.FAILED, flow="heard", trigger="event")

    assert reports[-1].event["detail-type"] == "AppFlow Event Flow Deactivated"
    assert reports[0].event["detail"]["trigger-type"] == "EVENT"


def test_a_flow_that_cannot_be_scheduled_any_more_is_told_of(telling: Store) -> None:
    write(telling, lambda tx: add_flow(tx, "odd", trigger_type="Scheduled", document=DOCUMENT))
    write(telling, lambda tx: schedules.give_up(tx, "id of odd", "no schedule", now_ms=9_000))

    (report,) = told(telling)
    assert report.event["detail"]["deactivation-reason"] == "no schedule"


def test_what_is_undone_is_not_told(telling: Store) -> None:
    write(telling, lambda tx: queue(tx, "e"))

    def fail(tx: Any) -> None:
        take(tx)
        raise ValueError("undo it")

    with pytest.raises(ValueError, match="undo it"):
        write(telling, fail)

    assert told(telling) == []


def test_where_nobody_is_told_nothing_is_kept_or_announced(queue_store: Store) -> None:
    topics: set[str] = set()
    queue_store.watch(topics.add)
    write(queue_store, lambda tx: add_flow(tx, "often", trigger_type="Scheduled", threshold=1))

    run(queue_store, State.FAILED, flow="often")

    assert topics == {executions.TOPIC}
    assert read(queue_store, lambda tx: tx.rows(outbox_sql.SELECT_PAGE, receiver="a", after=0, limit=9)) == []


def test_a_document_that_lacks_what_is_told_keeps_no_run_from_its_end(telling: Store) -> None:
    write(telling, lambda tx: add_flow(tx, "bare", document={}))

    _, end = run(telling, State.DONE, flow="bare")

    assert (end.event["detail"]["source"], end.event["detail"]["destination-object"]) == ("", "")


def test_a_report_outlives_its_run(telling: Store) -> None:
    run(telling, State.DONE)
    run(telling, State.DONE)

    assert read(telling, lambda tx: executions.get(tx, "e0")) is None
    assert [each.event["detail"]["execution-id"] for each in told(telling)] == ["e0", "e0", "e2", "e2"]


def test_of_five_minutes_of_events_one_report_is_told_at_their_end(telling: Store) -> None:
    (report,) = run(telling, State.DONE, trigger="event")
    assert report.event["detail-type"] == "AppFlow Event Flow Report"
    detail = report.event["detail"]
    assert (detail["trigger-type"], detail["execution-id"], detail["num-of-records-processed"]) == (
        "EVENT",
        "e0",
        "63000",
    )
    assert detail["status-report"] == "Execution Successful: 63000 records processed, 7 filtered, 3 failed"
