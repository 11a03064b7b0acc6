"""SIGKILL at every step of an execution: after a restart it is done, with the right output once (invariant 9)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import to_ms
from headrace.engine.results import Counts
from headrace.model.states import State
from headrace.store import executions, flows
from headrace.store.executions import Execution
from headrace.store.store import Store
from tests.crash.runner_process import EXECUTION, NOW, Steps, work
from tests.standins.processes import PATIENCE_S, plain_environment
from tests.unit.cli.documents import flow_document

SCRIPT = Path(__file__).with_name("runner_process.py")
ROOT = Path(__file__).parents[2]
FILES = 5
# What has just happened when the process is killed. The steps between are the same moments: nothing lasts
# between a write that is durable and the beginning of what comes next.
MOMENTS = {
    1: "claimed",
    3: "splits recorded",
    5: "first split staged",
    7: "first result recorded",
    13: "last split staged",
    15: "last result recorded",
    17: "commit begun",
    19: "one object published",
    22: "all objects but one published",
    23: "all objects published",
    25: "settled",
}

# Its filter drops every Grace.
DOCUMENT = flow_document(flowName="orders")
RECORDS = [{"id": f"{file}-{line}", "name": f"n{line}"} for file in range(FILES) for line in range(10)]


def planted(data: Path, document: dict[str, Any] = DOCUMENT) -> Path:
    """A data folder with one queued execution over five files, each with a record that the filter drops."""
    folder = data / "buckets" / "raw" / "in"
    folder.mkdir(parents=True)
    for file in range(FILES):
        lines = [f"{record['id']},{record['name']}" for record in RECORDS if record["id"].startswith(f"{file}-")]
        (folder / f"{file}.csv").write_text("\n".join(["id,name", *lines, f"{file}-x,Grace"]) + "\n", "utf-8")
    with opened(data) as store:
        store.write(lambda tx: queue(tx, document)).result()
    return data


@contextmanager
def opened(data: Path) -> Generator[Store]:
    store = Store.open(data)
    try:
        yield store
    finally:
        store.close()


def queue(tx: Any, document: dict[str, Any]) -> None:
    now_ms = to_ms(NOW)
    flows.insert(
        tx,
        flow_id="f",
        account="000000000000",
        region="us-east-1",
        name="orders",
        arn="arn:aws:appflow:us-east-1:000000000000:flow/orders",
        trigger_type="OnDemand",
        failure_threshold=None,
        status="Active",
        kms_arn=None,
        document=document,
        by="me",
        now_ms=now_ms,
    )
    flow = flows.head(tx, "000000000000", "us-east-1", "orders")
    assert flow is not None
    executions.insert(tx, flow, execution_id=EXECUTION, trigger="ondemand", now_ms=now_ms)


def run_killed_at(data: Path, step: int, script: Path = SCRIPT) -> list[str]:
    """Work in a process that kills itself at the step (0: never); the steps that it took."""
    path = f"{ROOT}:{ROOT / 'src'}"
    environment = plain_environment()
    environment["PYTHONPATH"] = f"{environment.get('PYTHONPATH', '')}:{path}".strip(":")
    done = subprocess.run(
        [sys.executable, str(script), str(data), str(step)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        start_new_session=True,
    )
    assert done.returncode in {0, -9}, done.stderr
    return re.findall(r"^step \d+: (.*)$", done.stdout, re.MULTILINE)


def written(data: Path) -> list[dict[str, str]]:
    """Every record of every object in the destination, duplicates and all."""
    files = [path for path in (data / "buckets" / "lake").rglob("*") if path.is_file()]
    return [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]


def settled(data: Path) -> Execution:
    with opened(data) as store:
        found = store.read(lambda tx: executions.get(tx, EXECUTION)).result()
    assert found is not None
    return found


def assert_done_once(data: Path) -> None:
    execution = settled(data)
    assert execution.state is State.DONE, execution.message
    assert execution.counts is not None
    counts = Counts.from_document(execution.counts)
    assert counts.balanced
    assert (counts.records_read, counts.records_written, counts.dropped) == (55, 50, {0: 5})
    assert sorted(written(data), key=lambda record: record["id"]) == sorted(RECORDS, key=lambda record: record["id"])
    objects = [path for path in (data / "buckets" / "lake").rglob("*") if path.is_file()]
    assert len(objects) == FILES
    assert not (data / "staging" / EXECUTION).exists()


@pytest.fixture(scope="module")
def all_steps(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The steps of an execution that nobody kills."""
    data = planted(tmp_path_factory.mktemp("unkilled"))
    steps = run_killed_at(data, 0)
    assert_done_once(data)
    return steps


def test_an_execution_has_the_steps_that_are_killed_below(all_steps: list[str]) -> None:
    write, publish = ["before a write", "after a write"], "before an object is published"
    split = ["before a split", "after a split", *write]

    assert all_steps == [
        "after a write",
        *write,
        *split * 3,
        *write,
        *[publish] * FILES,
        "after the objects are published",
        *write,
        *write,
    ]


@pytest.mark.parametrize("step", MOMENTS, ids=MOMENTS.values())
def test_a_worker_killed_at_any_moment_loses_and_repeats_nothing(step: int, tmp_path: Path) -> None:
    data = planted(tmp_path / "data")

    assert len(run_killed_at(data, step)) == step
    work(data, Steps(0))

    assert_done_once(data)


def test_a_worker_killed_again_and_again_ends_up_right(all_steps: list[str], tmp_path: Path) -> None:
    data = planted(tmp_path / "data")

    for step in (5, 7, 4, len(all_steps) // 2):
        run_killed_at(data, step)
    work(data, Steps(0))

    assert_done_once(data)
