"""Flows that events start: files dropped into a bucket, with an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from headrace.testing import Headrace, running
from tests.e2e.life import Place, renamed
from tests.standins.processes import until
from tests.standins.service import ServiceProcess
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


def test_what_comes_while_no_process_runs_is_moved_after_the_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put(data, "in/before.csv", "id\nbefore\n")
    with closing(ServiceProcess(data)) as service:
        with closing(service.client()) as client:
            client.create_flow(**document())
            client.start_flow(flowName="people")
        put(data, "in/1.csv", "id\n1\n")
        until(lambda: ids_in(data) == ["1"])
        service.kill()
        put(data, "in/2.csv", "id\n2\n")
        service.restart()
        until(lambda: "2" in ids_in(data))
        assert ids_in(data).count("2") == 1
        assert "before" not in ids_in(data)


def ids_in(data: Path) -> list[str]:
    texts = [path.read_text("utf-8") for path in (data / "buckets" / "lake").rglob("*.json")]
    return sorted(json.loads(line)["id"] for text in texts for line in text.splitlines())


def test_objects_of_a_server_are_moved_when_it_tells_of_them(on_s3: Place) -> None:
    made = renamed(document())
    name, source = made["flowName"], made["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketName"]
    target = made["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["bucketName"]
    on_s3.objects.make(source)
    on_s3.objects.make(target)
    with closing(on_s3.service.client()) as client:
        client.create_flow(**made)
        client.start_flow(flowName=name)
        on_s3.objects.put(source, "in/a b.csv", b"id\n1\n")
        told = notification(source, "in/a+b.csv")
        url = f"{on_s3.service.url}/headrace/v1/events/s3"
        answers = [httpx.post(url, json=each).json() for each in (told, told, sns(told), {"Event": "s3:TestEvent"})]
        assert [(each["objects"], each["events"]) for each in answers] == [(1, 1), (1, 0), (1, 0), (0, 0)]

        found = until(lambda: on_s3.objects.read(target))
        assert list(found.values()) == [b'{"id":"1"}\n']
        client.stop_flow(flowName=name)
        record = until(lambda: ended(client, name))
        assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 1)
        assert httpx.post(url, json=notification(source, "in/later.csv")).json() == {"objects": 1, "events": 0}


def notification(bucket: str, key: str) -> dict[str, Any]:
    """As S3 and MinIO send it."""
    entity = {"bucket": {"name": bucket}, "object": {"key": key, "size": 5, "eTag": "b1", "sequencer": "0055"}}
    return {"Records": [{"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": entity}]}


def sns(told: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:…", "Message": json.dumps(told)}


def ended(client: Any, name: str) -> dict[str, Any] | None:
    records = client.describe_flow_execution_records(flowName=name)["flowExecutions"]
    return records[0] if records and records[0]["executionStatus"] != "InProgress" else None
