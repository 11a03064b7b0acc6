"""A data folder on a disk that is really full: told in words, nothing half done, and all goes on once there is room."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.standins.processes import PATIENCE_S, plain_environment, until
from tests.standins.service import CREDENTIALS, HEADRACE, ServiceProcess
from tests.standins.small_disk import SmallDisk, can_mount
from tests.standins.town import KEY
from tests.unit.cli.documents import flow_document

RECORDS = 30_000
# What they take once they are staged; the disk has room for the store and not for this.
STAGED_BYTES = 100 * RECORDS
DOCUMENT = flow_document(tasks=flow_document()["tasks"][1:])

Start = Callable[..., SmallDisk]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a subcommand of headrace whose data folder is a small disk, and whose buckets lie elsewhere."""
    if not can_mount(tmp_path):
        pytest.skip("no disk can be mounted in a namespace of one's own here (unshare --user --mount)")
    (tmp_path / "raw" / "in").mkdir(parents=True)
    (tmp_path / "lake").mkdir()
    lines = (f"{number},{'x' * 80}" for number in range(RECORDS))
    (tmp_path / "raw" / "in" / "1.csv").write_text("\n".join(["id,name", *lines, ""]))
    buckets = f"raw=file://{tmp_path}/raw,lake=file://{tmp_path}/lake"
    environment = {"HEADRACE_BUCKETS": buckets, "HEADRACE_LEASE": "3", "HEADRACE_PARALLEL_RUNS": "yes"}
    disks: list[SmallDisk] = []

    def started(size: str, *arguments: str, **more: str) -> SmallDisk:
        command = [*HEADRACE, arguments[0], "--data", str(tmp_path / "data"), *arguments[1:]]
        disks.append(
            SmallDisk(size, tmp_path / "data", command, plain_environment(HOME=str(tmp_path), **environment, **more))
        )
        return disks[-1]

    yield started
    for disk in disks:
        disk.close()


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(DOCUMENT))
    return str(path)


def written(tmp_path: Path, execution_id: str = "") -> list[int]:
    files = [path for path in (tmp_path / "lake").rglob("*") if path.is_file() and execution_id in str(path)]
    return sorted(int(json.loads(line)["id"]) for path in files for line in path.read_text().splitlines())


def staged(disk: SmallDisk) -> list[Path]:
    return [path for path in (disk.inside / "staging").rglob("*") if path.is_file()]


def test_a_run_whose_output_has_no_room_says_so(start: Start, document: str, tmp_path: Path) -> None:
    program = start("1200k", "run", document).program

    assert program.wait() == 1
    assert "No space left on the disk. Free some and start the flow again" in program.output
    assert written(tmp_path) == []


def test_a_run_whose_end_can_not_be_kept_does_not_go_on_for_ever(start: Start, document: str, tmp_path: Path) -> None:
    disk, ended = start("40m", "run", document), Event()
    disk.program.find("Flow people created")

    def fill_again_and_again() -> None:
        while not (ended.is_set() or disk.program.has_ended):
            disk.try_to_fill()

    filler = Thread(target=fill_again_and_again)
    filler.start()
    try:
        assert disk.program.wait() == 1
    finally:
        ended.set()
        filler.join()
    assert "No space left" in disk.program.output or "Make room, then try again" in disk.program.output
    assert written(tmp_path) == []


def test_a_service_on_a_full_disk_answers_in_words_and_goes_on_once_there_is_room(start: Start, tmp_path: Path) -> None:
    disk = start("40m", "serve", "--port", "0")
    with closing(_client(disk)) as appflow:
        appflow.create_flow(**DOCUMENT)
        disk.fill()
        started: dict[str, str] = {}
        refused = _start_until_refused(appflow, started)
        assert "the disk is full. Make room, then try again" in refused
        assert appflow.describe_flow(flowName="people")["flowStatus"] == "Active"
        disk.make_room()

        for token in (*started, "one more"):
            answer = appflow.start_flow(flowName="people", clientToken=token)["executionId"]
            assert started.setdefault(token, answer) == answer
        found = until(lambda: _all_settled(appflow))
    assert {each["executionId"] for each in found} == {*started.values()}
    assert _status(found, started["one more"]) == "Successful"
    for each in found:
        whole = [*range(RECORDS)] if each["executionStatus"] == "Successful" else []
        assert written(tmp_path, each["executionId"]) == whole
    assert until(lambda: not staged(disk))


def test_a_service_without_room_for_what_a_run_stages_fails_that_run_alone(start: Start, tmp_path: Path) -> None:
    disk = start("40m", "serve", "--port", "0")
    with closing(_client(disk)) as appflow:
        appflow.create_flow(**DOCUMENT)
        disk.fill(leave_bytes=STAGED_BYTES // 2)
        appflow.start_flow(flowName="people")
        [failed] = until(lambda: _all_settled(appflow))
        assert failed["executionStatus"] == "Error"
        assert "No space left on the disk" in failed["executionResult"]["errorInfo"]["executionMessage"]
        assert (written(tmp_path), staged(disk)) == ([], [])
        disk.make_room()

        execution_id = appflow.start_flow(flowName="people")["executionId"]
        assert _status(until(lambda: _all_settled(appflow)), execution_id) == "Successful"
    assert written(tmp_path) == [*range(RECORDS)]
    assert until(lambda: not staged(disk))


def test_a_worker_on_a_full_disk_fails_that_run_alone_and_goes_on_once_there_is_room(
    start: Start, tmp_path: Path, database_url: str
) -> None:
    shared = {"HEADRACE_DATABASE_URL": database_url, "HEADRACE_KEY": KEY}
    disk = start("40m", "work", **shared)
    disk.program.find("working on")
    places = {name: f"file://{tmp_path}/{name}" for name in ("raw", "lake")}
    shared["HEADRACE_BUCKETS"] = ",".join(f"{name}={place}" for name, place in places.items())
    with closing(ServiceProcess(tmp_path / "api", shared, "serve --no-work")) as service:
        appflow = service.client()
        appflow.create_flow(**DOCUMENT)
        disk.fill()
        appflow.start_flow(flowName="people")
        [failed] = until(lambda: _all_settled(appflow))
        assert failed["executionStatus"] == "Error"
        assert "No space left on the disk" in failed["executionResult"]["errorInfo"]["executionMessage"]
        assert (written(tmp_path), staged(disk)) == ([], [])
        disk.make_room()

        execution_id = appflow.start_flow(flowName="people")["executionId"]
        assert _status(until(lambda: _all_settled(appflow)), execution_id) == "Successful"
    assert written(tmp_path) == [*range(RECORDS)]
    assert until(lambda: not staged(disk))


def _client(disk: SmallDisk) -> Any:
    url = disk.program.find(r"AWS_ENDPOINT_URL_APPFLOW=(http://127\.0\.0\.1:\d+)").group(1)
    keys = {name.lower(): value for name, value in CREDENTIALS.items()}
    once = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE_S)
    return boto3.client("appflow", endpoint_url=url, region_name="us-east-1", config=once, **keys)


def _start_until_refused(appflow: Any, started: dict[str, str]) -> str:
    """Start runs, each under a token, until one is refused: the store has some room of its own. Why it was."""
    for number in range(2000):
        try:
            answer = appflow.start_flow(flowName="people", clientToken=f"token {number}")
        except ClientError as error:
            return error.response["Error"]["Message"]
        started[f"token {number}"] = answer["executionId"]
    raise AssertionError("a full disk took two thousand runs")


def _all_settled(appflow: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while not found or more:
        page = appflow.describe_flow_execution_records(flowName="people", maxResults=100, **more)
        found += page["flowExecutions"]
        more = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    return [] if any(each["executionStatus"] == "InProgress" for each in found) else found


def _status(found: list[dict[str, Any]], execution_id: str) -> str:
    [status] = [each["executionStatus"] for each in found if each["executionId"] == execution_id]
    return status
