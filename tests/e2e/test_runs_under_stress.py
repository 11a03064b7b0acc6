"""Runs that are cancelled, drained, killed and asked for fifty times at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest

from bench import data
from bench.load import cpu_s
from tests.e2e.life import records_of, settled
from tests.standins.callers import Answer, Boto3, Caller
from tests.standins.objects import EmbeddedObjects
from tests.standins.processes import until
from tests.standins.service import ServiceProcess

StartService = Callable[..., ServiceProcess]

FILE_RECORDS = 50_000


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One CSV of fifty thousand people."""
    return data.write(tmp_path_factory.mktemp("people") / "people.csv", FILE_RECORDS)


def _plant(service: ServiceProcess, people: Path, files: int) -> None:
    """So many objects under in/, all the same file, which lies on the disk once."""
    folder = EmbeddedObjects(service.data).folder / "big" / "in"
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / f"people-{number:03}.csv").hardlink_to(people)


def _flow(name: str) -> dict[str, Any]:
    fields = ["id", "email", "price", "note"]
    tasks: list[dict[str, Any]] = [
        {"taskType": "Filter", "connectorOperator": {"S3": "PROJECTION"}, "sourceFields": fields},
        *(
            {
                "taskType": "Map",
                "sourceFields": [field],
                "destinationField": field,
                "connectorOperator": {"S3": "NO_OP"},
            }
            for field in fields
        ),
    ]
    destination = {"bucketName": "big", "bucketPrefix": "out", "s3OutputFormatConfig": {"fileType": "PARQUET"}}
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "big", "bucketPrefix": "in/"}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": destination}},
        ],
        "tasks": tasks,
    }


def _started(caller: Caller, name: str) -> str:
    caller.call("CreateFlow", _flow(name))
    return caller.call("StartFlow", {"flowName": name})["executionId"]


def _wait_for_records(caller: Caller, name: str) -> None:
    """Until some records are through, and not all."""

    def some() -> bool:
        [record] = records_of(caller, name)
        assert record["executionStatus"] == "InProgress", record
        return record["executionResult"]["recordsProcessed"] > 0

    until(some, every_s=0.02)


def _check_whole(service: ServiceProcess, record: Answer, files: int) -> None:
    """Every record of every file once, all counted, nothing left over."""
    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == files * FILE_RECORDS
    out = EmbeddedObjects(service.data).folder / "big" / "out"
    written = [path for path in out.rglob("*") if path.is_file()]
    assert written
    assert all(record["executionId"] in str(path) for path in written)
    with duckdb.connect() as connection:
        each = f"SELECT id, count(*) AS n FROM '{out}/**/*.parquet' GROUP BY id"
        found = connection.sql(f"SELECT count(*), min(n), max(n) FROM ({each})").fetchall()
    assert found == [(FILE_RECORDS, files, files)]
    assert _left_over(service) == []


def _left_over(service: ServiceProcess) -> list[str]:
    staging = service.data / "staging"
    return [str(path) for path in staging.rglob("*") if path.is_file()]


def test_a_big_run_is_cancelled_at_once_and_leaves_nothing(headrace_service: StartService, people: Path) -> None:
    service = headrace_service()
    _plant(service, people, files=150)
    with closing(Boto3(service)) as caller:
        execution_id = _started(caller, "cancelled")
        _wait_for_records(caller, "cancelled")
        before_s = cpu_s(service.program.pid)
        answer = caller.call("CancelFlowExecutions", {"flowName": "cancelled", "executionIds": [execution_id]})
        assert answer.get("invalidExecutions", []) == []
        record = settled(caller, "cancelled", execution_id)
        assert record["executionStatus"] == "Canceled"
        # What it did then, and not how long it took: others use the machine too.
        assert cpu_s(service.program.pid) - before_s < 2
        assert record["executionResult"]["recordsProcessed"] < 75 * FILE_RECORDS
        assert not (EmbeddedObjects(service.data).folder / "big" / "out").exists()
        assert until(lambda: not _left_over(service))


@pytest.mark.parametrize("drain", ["300", "0"], ids=["finished", "handed-back"])
def test_sigterm_drains_and_the_run_ends_whole(headrace_service: StartService, people: Path, drain: str) -> None:
    service = headrace_service({"HEADRACE_DRAIN": drain})
    _plant(service, people, files=30)
    with closing(Boto3(service)) as caller:
        execution_id = _started(caller, "drained")
        _wait_for_records(caller, "drained")
    assert service.terminate() == 0
    assert (EmbeddedObjects(service.data).folder / "big" / "out").exists() is (drain == "300")
    service.restart()
    with closing(Boto3(service)) as caller:
        record = settled(caller, "drained", execution_id)
    _check_whole(service, record, files=30)


def test_a_run_killed_half_way_ends_whole_after_a_restart(headrace_service: StartService, people: Path) -> None:
    service = headrace_service()
    _plant(service, people, files=30)
    with closing(Boto3(service)) as caller:
        execution_id = _started(caller, "killed")
        _wait_for_records(caller, "killed")
    service.kill()
    service.restart()
    with closing(Boto3(service)) as caller:
        record = settled(caller, "killed", execution_id)
    _check_whole(service, record, files=30)


def test_fifty_retries_of_one_start_at_once_start_one_run(headrace_service: StartService, people: Path) -> None:
    service = headrace_service()
    _plant(service, people, files=1)
    with closing(Boto3(service)) as caller:
        caller.call("CreateFlow", _flow("retried"))
    client, token = service.client(max_pool_connections=50), str(uuid4())

    def start() -> str:
        return client.start_flow(flowName="retried", clientToken=token)["executionId"]

    with ThreadPoolExecutor(50) as pool:
        answers = {each.result() for each in [pool.submit(start) for _ in range(50)]}
    assert len(answers) == 1
    with closing(Boto3(service)) as caller:
        assert [each["executionId"] for each in records_of(caller, "retried")] == list(answers)
        record = settled(caller, "retried", answers.pop())
    _check_whole(service, record, files=1)
