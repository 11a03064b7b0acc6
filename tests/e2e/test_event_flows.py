"""Flows that events start: files dropped into a bucket, with an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.testing import Headrace, running
from tests.standins.processes import until
from tests.unit.cli.documents import flow_document

EVENT = {"triggerType": "Event"}
PERIOD = timedelta(minutes=5)


def document(**changes: Any) -> dict[str, Any]:
    return flow_document(triggerConfig=EVENT, tasks=flow_document()["tasks"][1:]) | changes


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    put(tmp_path / "data", "in/before.csv", "id\nbefore\n")
    with running(tmp_path / "data") as service:
        # Files have the time of the machine.
        service.clock.turn(datetime.now(UTC) - service.clock.now())
        yield service


@pytest.fixture
def appflow(headrace: Headrace) -> Iterator[Any]:
    with closing(boto3.client("appflow", **headrace.client_arguments)) as client:
        yield client


def records(appflow: Any) -> list[dict[str, Any]]:
    """Oldest first."""
    return appflow.describe_flow_execution_records(flowName="people")["flowExecutions"][::-1]


def written(headrace: Headrace) -> list[str]:
    texts = [headrace.get_object("lake", key).decode() for key in headrace.list_objects("lake")]
    return sorted(json.loads(line)["id"] for text in texts for line in text.splitlines())


def put(data: Path, key: str, text: str) -> None:
    path = data / "buckets" / "raw" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def drop(headrace: Headrace, key: str, text: str) -> None:
    """A file as a program copies it there by hand."""
    put(headrace.data, key, text)


def test_a_file_that_is_dropped_into_the_bucket_is_moved_at_once(headrace: Headrace, appflow: Any) -> None:
    assert appflow.create_flow(**document())["flowStatus"] == "Draft"
    started = appflow.start_flow(flowName="people")
    assert (started["flowStatus"], "executionId" in started) == ("Active", False)

    drop(headrace, "in/1.csv", "id\n1\n")
    until(lambda: written(headrace) == ["1"])
    (record,) = until(lambda: records(appflow) or None)
    assert record["executionStatus"] == "InProgress"
    drop(headrace, "in/sub/2.csv", "id\n2\n3\n")
    drop(headrace, "elsewhere/4.csv", "id\n4\n")
    until(lambda: written(headrace) == ["1", "2", "3"])

    headrace.clock.turn(PERIOD)
    record = until(lambda: records(appflow)[0] if records(appflow)[0]["executionStatus"] != "InProgress" else None)
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 3)

    drop(headrace, "in/1.csv", "id\n1\n5\n")
    until(lambda: written(headrace) == ["1", "1", "2", "3", "5"])
    assert len(records(appflow)) == 2
