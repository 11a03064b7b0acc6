"""Backfills of files and of an application's records: cancelled, resumed, and killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.cli.asking import flow_path
from headrace.cli.calling import Api
from headrace.cli.main import DONE, run
from headrace.errors import Stop
from headrace.testing import START, Headrace, running
from tests.crash.scenarios import FROM_LEDGER, TO_S3
from tests.crash.world import S3, Made
from tests.standins.ledger import PROFILE, Ledger
from tests.standins.objects import EmbeddedObjects
from tests.standins.processes import until
from tests.standins.service import ServiceProcess
from tests.unit.cli.documents import flow_document

DAY = timedelta(days=1)
SLICES = 40
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
Json = dict[str, Any]


@pytest.fixture
def service(headrace_service: Callable[..., ServiceProcess]) -> ServiceProcess:
    """A service with the flow `people`, and an object a day for SLICES days."""
    started = headrace_service()
    objects = EmbeddedObjects(started.data)
    for day in range(SLICES):
        objects.put("raw", f"in/{day:02}.csv", f"id,name\n{day},Ada\n".encode())
        at_s = (FIRST + (day + 0.5) * DAY).timestamp()
        os.utime(objects.folder / "raw" / "in" / f"{day:02}.csv", (at_s, at_s))
    started.client().create_flow(**flow_document())
    return started


def start(service: ServiceProcess, **asked: Any) -> Json:
    span = {"from": FIRST.timestamp(), "to": (FIRST + SLICES * DAY).timestamp(), "every": "1d"}
    return ask(service, "POST", "backfills", span | asked)


def ask(service: ServiceProcess, method: str, rest: str, body: Json | None = None) -> Json:
    sent = b"" if body is None else json.dumps(body).encode()
    return Api(service.url, "us-east-1", {}).ask(method, flow_path("people", rest), sent)


def ended(service: ServiceProcess) -> Json:
    def found() -> Json | None:
        backfill = ask(service, "GET", "backfills/1")
        return backfill if "finishedAt" in backfill else None

    return until(found)


def written(service: ServiceProcess) -> list[int]:
    bodies = EmbeddedObjects(service.data).read("lake").values()
    return sorted(int(json.loads(line)["id"]) for body in bodies for line in body.decode().splitlines())


def successes(service: ServiceProcess) -> Counter[int]:
    """How many successful executions each slice has."""
    query = "executions?maxResults=100&statuses=Successful"
    return Counter(each["overrides"]["slice"] for each in ask(service, "GET", query)["executions"])


def test_a_service_killed_in_the_middle_of_a_backfill_runs_every_slice_once(service: ServiceProcess) -> None:
    token = {"clientToken": "the one backfill"}
    first = start(service, parallel=3, **token)
    for at_least in (2, SLICES // 2):
        until(lambda least=at_least: ask(service, "GET", "backfills/1")["slices"]["done"] >= least)
        service.program.send(signal.SIGKILL)
        service.restart()
    # The caller, who may have heard no answer, asks again.
    assert start(service, parallel=3, **token)["backfillId"] == first["backfillId"] == "people/1"

    backfill = ended(service)

    assert (backfill["status"], backfill["percent"], backfill["slices"]["done"]) == ("Successful", 100.0, SLICES)
    assert backfill["counts"] == {"read": SLICES, "written": SLICES, "rejected": 0, "dropped": 0}
    assert successes(service) == Counter(range(SLICES))
    assert written(service) == list(range(SLICES))
    records = service.client().describe_flow_execution_records(flowName="people", maxResults=100)["flowExecutions"]
    windows = sorted((each["dataPullStartTime"], each["dataPullEndTime"]) for each in records)
    assert windows == [(FIRST + day * DAY, FIRST + (day + 1) * DAY) for day in range(SLICES)]


def test_a_backfill_is_cancelled_and_taken_up_again(service: ServiceProcess) -> None:
    start(service, parallel=1)
    until(lambda: ask(service, "GET", "backfills/1")["slices"]["done"] >= 1)
    ask(service, "POST", "backfills/1/cancel")
    cancelled = ended(service)
    assert cancelled["status"] == "Canceled"
    assert cancelled["slices"]["left"] > 0

    assert run(["backfill", "resume", "people/1", "--wait", "--url", service.url]) == DONE
    assert written(service) == list(range(SLICES))
    assert successes(service) == Counter(range(SLICES))


def test_a_backfill_of_a_flow_that_was_put_right_runs_what_had_failed_alone(
    service: ServiceProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in (3, 17):
        path = EmbeddedObjects(service.data).folder / "raw" / "in" / f"{day:02}.csv"
        at_s = path.stat().st_mtime
        path.write_bytes(b"id,name\n" + f"{day},Eve\n".encode())
        os.utime(path, (at_s, at_s))
    client = service.client()
    document = flow_document()
    # A record of Eve ends the run of its slice.
    guard = {
        "taskType": "Validate",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "VALIDATE_NUMERIC"},
        "taskProperties": {"VALIDATION_ACTION": "DropDataset"},
    }
    only_eve = {
        "taskType": "Filter",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "EQUAL_TO"},
        "taskProperties": {"DATA_TYPE": "string", "VALUE": "Eve"},
    }
    kept = {name: value for name, value in document.items() if name != "tasks"}
    client.update_flow(**kept, tasks=[only_eve, guard, document["tasks"][1]])
    start(service, parallel=4)
    assert ended(service)["slices"]["failed"] == 2
    client.update_flow(**kept, tasks=document["tasks"])

    assert run(["backfill", "resume", "people/1", "--wait", "--url", service.url]) == DONE
    assert written(service) == [3, 17]
    assert successes(service) == Counter(range(SLICES))
    assert re.search(r"people/1  Successful +40 of 40 slices done \(100 %\)", capsys.readouterr().err)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An application with five records a day, for four days before the clock's start."""
    made = Ledger(tmp_path / "ledger")
    for day in range(4):
        made.hold(5, START - (4 - day) * DAY)
    return made


@pytest.fixture
def headrace(tmp_path: Path, ledger: Ledger) -> Iterator[Headrace]:
    entries = [S3, Made("Zendesk", ledger.connector_type())]
    with running(tmp_path / "data", entries=entries) as service:
        yield service


def test_records_of_an_application_are_backfilled_by_their_field_of_time(headrace: Headrace) -> None:
    with closing(boto3.client("appflow", **headrace.client_arguments)) as client:
        client.create_connector_profile(**PROFILE)
        timed = FROM_LEDGER | {"incrementalPullConfig": {"datetimeTypeFieldName": "at_ms"}}
        document = flow_document(sourceFlowConfig=timed, destinationFlowConfigList=[TO_S3], tasks=_everything())
        client.create_flow(**document)
        client.create_flow(**document | {"flowName": "timeless", "sourceFlowConfig": FROM_LEDGER})
    span = json.dumps({"from": (START - 4 * DAY).timestamp(), "every": "1d", "parallel": 2}).encode()
    api = Api(headrace.url, "us-east-1", {})

    with pytest.raises(Stop, match="names no datetimeTypeFieldName"):
        api.ask("POST", flow_path("timeless", "backfills"), span)
    api.ask("POST", flow_path("people", "backfills"), span)
    headrace.wait_until_idle()

    backfill = api.ask("GET", flow_path("people", "backfills/1"))
    assert (backfill["status"], backfill["slices"]["done"]) == ("Successful", 4)
    # Each slice looks at all that the application answers, and keeps its own.
    assert (backfill["counts"]["written"], backfill["counts"]["dropped"]) == (20, 60)
    texts = [headrace.get_object("lake", key).decode() for key in headrace.list_objects("lake")]
    assert sorted(len(text.splitlines()) for text in texts) == [5, 5, 5, 5]
    assert sorted(json.loads(line)["n"] for text in texts for line in text.splitlines()) == list(range(1, 21))


def _everything() -> list[Json]:
    return [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}]
