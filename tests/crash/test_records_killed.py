"""SIGKILL while records go to an application: after a restart each was taken, and at most one batch came twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headrace.engine.results import Counts
from headrace.model.states import State
from tests.crash.records_process import BATCH_SIZE, REFUSED, received_by, work_to_application
from tests.crash.runner_process import EXECUTION, Steps
from tests.crash.test_runner_killed import DOCUMENT, RECORDS, planted, run_killed_at, settled
from tests.standins.application import to_records

SCRIPT = Path(__file__).with_name("records_process.py")
FLOW: dict[str, Any] = DOCUMENT | {"destinationFlowConfigList": [to_records()]}
BATCHES = -(-len(RECORDS) // BATCH_SIZE)
SPLITS = 3
# Claim, recording of the splits, and two writes and two looks a split: then the batches begin.
BEFORE_BATCHES = 1 + 2 + SPLITS * 4
# What has just happened when the process is killed; a batch takes four steps.
MOMENTS = {
    BEFORE_BATCHES: "last result recorded",
    BEFORE_BATCHES + 2: "delivery begun",
    BEFORE_BATCHES + 3: "first batch asked for",
    BEFORE_BATCHES + 4: "first batch taken",
    BEFORE_BATCHES + 5: "first batch about to be recorded",
    BEFORE_BATCHES + 6: "first batch recorded",
    BEFORE_BATCHES + 2 + 4 * 6 + 2: "seventh batch taken",
    BEFORE_BATCHES + 2 + 4 * 6 + 4: "seventh batch recorded",
    BEFORE_BATCHES + 2 + 4 * BATCHES - 2: "last batch taken",
    BEFORE_BATCHES + 2 + 4 * BATCHES: "last batch recorded",
}


def received(data: Path) -> list[dict[str, Any]]:
    """Every batch that the application was sent, those that came twice too."""
    return [json.loads(line) for line in received_by(data).read_text("utf-8").splitlines()]


def refused(data: Path) -> list[str]:
    files = sorted((data / "rejects" / "orders" / EXECUTION).iterdir())
    return [json.loads(line)["record"]["id"] for file in files for line in file.read_text("utf-8").splitlines()]


def assert_taken_once(data: Path, *, most_repeats: int) -> None:
    execution = settled(data)
    assert execution.state is State.DONE, execution.message
    assert execution.counts is not None
    counts = Counts.from_document(execution.counts)
    wanted = [record["id"] for record in RECORDS if not record["id"].endswith(REFUSED)]
    assert counts.balanced
    assert (counts.records_read, counts.records_written, counts.dropped) == (55, len(wanted), {0: 5})
    assert counts.records_rejected == len(RECORDS) - len(wanted)

    batches = received(data)
    # A batch that comes again is the same to the last record, so that an application can know it by its key.
    of_keys = {batch["key"]: batch["taken"] for batch in batches}
    assert all(of_keys[batch["key"]] == batch["taken"] for batch in batches)
    assert sorted(record["id"] for taken in of_keys.values() for record in taken) == wanted
    repeats = Counter(batch["key"] for batch in batches)
    assert sum(times - 1 for times in repeats.values()) <= most_repeats

    assert sorted(refused(data)) == [record["id"] for record in RECORDS if record["id"].endswith(REFUSED)]
    assert not (data / "staging" / EXECUTION).exists()


def test_an_execution_has_the_steps_that_are_killed_below(tmp_path: Path) -> None:
    data = planted(tmp_path / "data", FLOW)

    steps = run_killed_at(data, 0, SCRIPT)

    write, batch = ["before a write", "after a write"], ["before a batch", "after a batch"]
    split = ["before a split", "after a split", *write]
    begin, settle_and_release = write, [*write, *write]
    batches = [*batch, *write] * BATCHES
    assert steps == ["after a write", *write, *split * SPLITS, *begin, *batches, *settle_and_release]
    assert_taken_once(data, most_repeats=0)


@pytest.mark.parametrize("step", MOMENTS, ids=MOMENTS.values())
def test_a_worker_killed_between_batches_loses_nothing_and_repeats_one_at_most(step: int, tmp_path: Path) -> None:
    data = planted(tmp_path / "data", FLOW)

    assert len(run_killed_at(data, step, SCRIPT)) == step
    work_to_application(data, Steps(0))

    assert_taken_once(data, most_repeats=1)


def test_a_worker_killed_again_and_again_ends_up_right(tmp_path: Path) -> None:
    data = planted(tmp_path / "data", FLOW)

    for step in (BEFORE_BATCHES + 4, 4, 8, 4):
        run_killed_at(data, step, SCRIPT)
    work_to_application(data, Steps(0))

    assert_taken_once(data, most_repeats=4)
