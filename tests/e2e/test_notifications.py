"""`headrace serve` tells a file, a webhook and an event bus of the runs of an unmodified boto3."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.standins.processes import until
from tests.standins.service import ServiceProcess
from tests.standins.told import Listener, Told, is_signed, listening
from tests.unit.cli.documents import flow_document

SECRET = b"planted-secret-of-the-webhook"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTESTS", "AWS_SECRET_ACCESS_KEY": "planted-key-of-the-bus"}
START, END = "AppFlow Start Flow Run Report", "AppFlow End Flow Run Report"


def put(told: Told, url: str) -> tuple[int, bytes]:
    """What a bus answers that takes only what is signed."""
    if not is_signed(told, f"{url}/", access_key=KEYS["AWS_ACCESS_KEY_ID"], secret_key=KEYS["AWS_SECRET_ACCESS_KEY"]):
        return 400, b'{"__type": "InvalidSignatureException"}'
    entries = [{"EventId": str(number)} for number, _ in enumerate(json.loads(told.body)["Entries"])]
    return 200, json.dumps({"FailedEntryCount": 0, "Entries": entries}).encode()


@pytest.fixture(name="bus")
def event_bus() -> Iterator[Listener]:
    with listening(lambda told: put(told, bus.url)) as bus:
        yield bus


@pytest.fixture(name="hook")
def webhook() -> Iterator[Listener]:
    """Fails at first."""
    with listening(lambda _: (503, b"") if len(hook.told) == 1 else (200, b"")) as hook:
        yield hook


def serve(data: Path, bus: Listener, hook: Listener) -> ServiceProcess:
    raw = data / "buckets" / "raw" / "in"
    raw.mkdir(parents=True)
    (raw / "1.csv").write_text("id\n1\n2\n")
    environment = {
        **KEYS,
        "HEADRACE_NOTIFY": f"file://{data}/told.jsonl,{hook.url}/planted-path,eventbridge:runs",
        "HEADRACE_NOTIFY_SECRET": f"whsec_{b64encode(SECRET).decode()}",
        "AWS_ENDPOINT_URL_EVENTS": bus.url,
    }
    return ServiceProcess(data, environment)


def run(service: ServiceProcess) -> str:
    client = service.client()
    client.create_flow(**flow_document(tasks=flow_document()["tasks"][1:]))
    return client.start_flow(flowName="people")["executionId"]


def written(data: Path) -> list[Any]:
    file = data / "told.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def is_from_headrace(told: Told) -> bool:
    signed = ".".join([told.headers["webhook-id"], told.headers["webhook-timestamp"], told.body.decode()])
    digest = hmac.new(SECRET, signed.encode(), hashlib.sha256).digest()
    return b64decode(told.headers["webhook-signature"].removeprefix("v1,")) == digest


def test_a_run_is_told_to_a_file_a_webhook_and_a_bus(tmp_path: Path, bus: Listener, hook: Listener) -> None:
    with closing(serve(tmp_path, bus, hook)) as service:
        execution_id = run(service)
        until(lambda: len(written(tmp_path)) == 2 and len(hook.told) == 3 and len(bus.told) == 2)
        said = service.program.output

    events = written(tmp_path)
    assert [(each["detail-type"], each["source"]) for each in events] == [(START, "aws.appflow"), (END, "aws.appflow")]
    assert {each["detail"]["execution-id"] for each in events} == {execution_id}
    assert events[1]["detail"]["status"] == "Execution Successful"
    assert events[1]["detail"]["num-of-records-processed"] == "2"
    assert events[1]["detail"]["source-object"] == "s3://raw/in"
    assert all(is_from_headrace(told) for told in hook.told)
    posted = [json.loads(told.body) for told in hook.told]
    # The first attempt failed: it came again, under the same id.
    assert [each["id"] for each in posted] == [events[0]["id"], events[0]["id"], events[1]["id"]]
    assert [each["data"] for each in posted[1:]] == events
    entries = [entry for told in bus.told for entry in json.loads(told.body)["Entries"]]
    assert [entry["DetailType"] for entry in entries] == [START, END]
    assert [json.loads(entry["Detail"]) for entry in entries] == [each["detail"] for each in events]
    assert "answered 503" in said
    assert "planted" not in said


def test_what_was_not_told_before_a_kill_is_told_after_the_next_start(tmp_path: Path) -> None:
    is_up: list[bool] = []
    with listening(lambda _: (200, b"") if is_up else (503, b"")) as hook:
        environment = {"HEADRACE_NOTIFY": hook.url}
        (tmp_path / "buckets" / "raw" / "in").mkdir(parents=True)
        (tmp_path / "buckets" / "raw" / "in" / "1.csv").write_text("id\n1\n")
        with closing(ServiceProcess(tmp_path, environment)) as killed:
            run(killed)
            until(lambda: hook.told)
            client = killed.client()
            until(
                lambda: (
                    client.describe_flow_execution_records(flowName="people")["flowExecutions"][0]["executionStatus"]
                    == "Successful"
                )
            )
        is_up.append(True)
        before = len(hook.told)
        with closing(ServiceProcess(tmp_path, environment)):
            until(lambda: len(hook.told) >= before + 2)

        told = [json.loads(each.body) for each in hook.told]
        assert [each["type"] for each in told[before:]] == [START, END]
        assert {each["id"] for each in told[:before]} == {told[before]["id"]}
