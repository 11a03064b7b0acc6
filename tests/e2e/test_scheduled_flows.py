"""Scheduled flows with an unmodified boto3: on a clock turned by hand, and on the machine's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.testing import START, Headrace, running
from tests.e2e.life import settled
from tests.standins.callers import Boto3
from tests.standins.processes import until
from tests.standins.service import ServiceProcess
from tests.unit.cli.documents import flow_document

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def document(**scheduled: Any) -> dict[str, Any]:
    timing = {"scheduleExpression": "rate(1minutes)", "dataPullMode": "Incremental", **scheduled}
    trigger = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}
    return flow_document(triggerConfig=trigger, tasks=flow_document()["tasks"][1:])


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        service.put_object("raw", "in/1.csv", b"id\n1\n")
        yield service


@pytest.fixture
def appflow(headrace: Headrace) -> Iterator[Any]:
    with closing(boto3.client("appflow", **headrace.client_arguments)) as client:
        yield client


def turn(headrace: Headrace, by: timedelta) -> None:
    headrace.turn(by)
    headrace.wait_until_idle()


def records(appflow: Any) -> list[dict[str, Any]]:
    """Oldest first."""
    return appflow.describe_flow_execution_records(flowName="people")["flowExecutions"][::-1]


def written(headrace: Headrace) -> list[str]:
    texts = [headrace.get_object("lake", key).decode() for key in headrace.list_objects("lake")]
    return sorted(json.loads(line)["id"] for text in texts for line in text.splitlines())


def test_a_scheduled_flow_reads_what_is_new_at_each_tick(headrace: Headrace, appflow: Any) -> None:
    assert appflow.create_flow(**document())["flowStatus"] == "Draft"
    started = appflow.start_flow(flowName="people")
    assert (started["flowStatus"], "executionId" in started) == ("Active", False)

    turn(headrace, SECOND)
    assert written(headrace) == ["1"]
    turn(headrace, 30 * SECOND)
    headrace.put_object("raw", "in/2.csv", b"id\n2\n")
    turn(headrace, MINUTE)
    turn(headrace, MINUTE)

    runs = records(appflow)
    activated = START + SECOND
    assert [(each["dataPullStartTime"], each["dataPullEndTime"]) for each in runs] == [
        (activated - timedelta(days=30), activated),
        (activated, activated + MINUTE),
        (activated + MINUTE, activated + 2 * MINUTE),
    ]
    assert {each["executionStatus"] for each in runs} == {"Successful"}
    assert [each["executionResult"]["recordsProcessed"] for each in runs] == [1, 1, 0]
    assert written(headrace) == ["1", "2"]
    last = appflow.describe_flow(flowName="people")["lastRunExecutionDetails"]
    assert last["mostRecentExecutionStatus"] == "Successful"

    assert appflow.stop_flow(flowName="people")["flowStatus"] == "Suspended"
    turn(headrace, 10 * MINUTE)
    assert len(records(appflow)) == 3


def test_failures_in_a_row_suspend_a_flow_which_says_so(headrace: Headrace, appflow: Any) -> None:
    appflow.create_flow(**document(flowErrorDeactivationThreshold=2))
    appflow.start_flow(flowName="people")
    # Where the output is to lie there is a file.
    (headrace.data / "buckets" / "lake").write_bytes(b"")

    turn(headrace, SECOND)
    turn(headrace, MINUTE)
    turn(headrace, MINUTE)

    described = appflow.describe_flow(flowName="people")
    assert [each["executionStatus"] for each in records(appflow)] == ["Error", "Error"]
    assert described["flowStatus"] == "Suspended"
    assert "flowErrorDeactivationThreshold" in described["flowStatusMessage"]
    assert described["lastRunExecutionDetails"]["mostRecentExecutionStatus"] == "Error"

    (headrace.data / "buckets" / "lake").unlink()
    appflow.start_flow(flowName="people")
    turn(headrace, SECOND)
    assert written(headrace) == ["1"]
    assert "flowStatusMessage" not in appflow.describe_flow(flowName="people")


def test_a_schedule_outlives_the_process_that_keeps_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    source = data / "buckets" / "raw" / "in" / "1.csv"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"id\n1\n")
    with closing(ServiceProcess(data)) as service:
        caller = Boto3(service)
        caller.call("CreateFlow", document(scheduleExpression="rate(1hours)"))
        before = datetime.now(UTC)
        # Due within a second, when the process is no longer there, or has just queued it.
        caller.call("StartFlow", {"flowName": "people"})
        service.kill()
        service.restart()
        with closing(Boto3(service)) as again:
            first = until(lambda: again.call("DescribeFlowExecutionRecords", {"flowName": "people"})["flowExecutions"])
            record = settled(again, "people", first[-1]["executionId"])
            assert len(again.call("DescribeFlowExecutionRecords", {"flowName": "people"})["flowExecutions"]) == 1

    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 1)
    assert before <= record["dataPullEndTime"] <= record["startedAt"]
    assert record["dataPullEndTime"].microsecond == 0
    assert record["dataPullEndTime"] - record["dataPullStartTime"] == timedelta(days=30)
