"""Leases, cancellations, drains and what the next holder of an execution finds."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import HandClock
from headrace.engine.results import SplitOrder
from headrace.errors import InternalServerException
from headrace.log import Log
from headrace.model.states import State
from headrace.runner.execution import MOST_ATTEMPTS
from headrace.store import executions, flows
from tests.standins.processes import PATIENCE_S
from tests.unit.runner.rig import (
    DYING,
    TWO_SPLITS,
    Death,
    Rig,
    claim,
    document,
    expire,
    hold,
    rig,
    run_until_dead,
    wait_for,
)


def test_an_execution_that_waits_is_found_at_the_start(rig: Rig) -> None:
    rig.queue("e1")
    rig.queue("e2", document("other"))

    with rig.work():
        assert rig.settled("e1").state is State.DONE
        assert rig.settled("e2").state is State.DONE


def test_an_execution_that_is_queued_later_wakes_the_worker(rig: Rig) -> None:
    with rig.work():
        rig.queue("e1")
        assert rig.settled("e1").state is State.DONE


class FullOnce:
    """The rig's store on a disk that has no room for the first write; `was_full` is set by it."""

    def __init__(self, rig: Rig) -> None:
        self.read = rig.store.read
        self.watch = rig.store.watch
        self.is_shared = rig.store.is_shared
        self.was_full = threading.Event()
        self._write = rig.store.write

    def write(self, work: Any) -> Future[Any]:
        if self.was_full.is_set():
            return self._write(work)
        self.was_full.set()
        refused: Future[Any] = Future()
        refused.set_exception(InternalServerException("the disk is full. Make room"))
        return refused


def test_a_full_disk_is_told_in_a_line_and_executions_run_once_there_is_room(rig: Rig) -> None:
    stream = io.StringIO()
    rig.log = Log(stream, form="json")
    store = FullOnce(rig)
    with rig.work(store=store):
        wait_for(store.was_full)
        rig.queue("e1")
        assert rig.settled("e1").state is State.DONE

    (told,) = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["level"] == "error"]
    assert (told["event"], told["reason"]) == ("no executions claimed", "the disk is full. Make room")
    assert "traceback" not in told


def test_no_more_executions_run_at_once_than_the_setting_says(tmp_path: Path) -> None:
    with rig(tmp_path / "data", concurrent_executions=2) as made:
        hold(made)
        begun = threading.Semaphore(0)
        made.engine.on_split = lambda split: begun.release()
        for number in range(4):
            made.queue(f"e{number}", document(f"flow-{number}"))
        with made.work():
            assert begun.acquire(timeout=PATIENCE_S)
            assert begun.acquire(timeout=PATIENCE_S)
            assert not begun.acquire(timeout=0.3)
            made.engine.hold.set()
            for number in range(4):
                assert made.settled(f"e{number}").state is State.DONE


@pytest.mark.parametrize("is_deaf", [True, False], ids=["at its next write", "while the query runs"])
def test_a_worker_that_lost_its_lease_stops_and_changes_nothing(tmp_path: Path, is_deaf: bool) -> None:
    with rig(tmp_path / "data", concurrent_executions=1) as made:
        hold(made)
        made.engine.is_deaf = is_deaf
        made.queue("e1")
        with made.work():
            wait_for(made.engine.running)
            expire(made)
            taken = claim(made)
            made.store.write(lambda tx: tx.announce(executions.TOPIC)).result()
            if is_deaf:
                made.engine.hold.set()
            else:
                wait_for(made.engine.stopped)

        execution = made.get("e1")
        assert (execution.state, execution.owner) == (State.RUNNING, "another")
        assert execution.fence == taken.execution.fence
        assert execution.counts is None
        assert [split.result for split in made.splits()] == [None]
        assert made.objects.output() == {}
        assert made.left_over() == ["e1"]


def test_a_worker_that_takes_its_own_execution_again_ends_the_older_run(rig: Rig) -> None:
    hold(rig)
    rig.queue("e1")
    with rig.work():
        wait_for(rig.engine.running)
        rig.engine.running.clear()
        expire(rig)
        wait_for(rig.engine.running)
        wait_for(rig.engine.stopped)
        rig.engine.hold.set()
        execution = rig.settled("e1")

    assert (execution.state, execution.fence) == (State.DONE, 2)
    assert len(rig.objects.published) == 1


def test_a_deleted_flow_ends_its_execution(rig: Rig) -> None:
    hold(rig)
    rig.queue("e1")
    with rig.work():
        wait_for(rig.engine.running)
        rig.store.write(lambda tx: flows.delete_flow(tx, "id of orders")).result()

    assert rig.objects.output() == {}


def test_leases_are_renewed_while_an_execution_runs(tmp_path: Path) -> None:
    with rig(tmp_path / "data", turned_by_hand=True, lease_s=3.0) as made:
        assert isinstance(made.clock, HandClock)
        hold(made)
        made.queue("e1")
        with made.work():
            wait_for(made.engine.running)
            before = made.get("e1").lease_until_ms
            made.clock.turn(timedelta(seconds=1.5))
            found = made.until(lambda found: found.lease_until_ms != before)
            made.engine.hold.set()
            assert made.settled("e1").state is State.DONE

    assert found.lease_until_ms is not None
    assert before is not None
    assert found.lease_until_ms - before == 1500
    assert found.fence == 1


@DYING
def test_splits_that_have_a_result_are_not_run_again(rig: Rig) -> None:
    rig.objects.objects = TWO_SPLITS | {("raw", "in/0000"): "first\n"}
    rig.engine.on_split = death = Death(at_call=2)
    rig.queue("e1")
    run_until_dead(rig, death)
    done_before = [split.result is not None for split in rig.splits()]

    with rig.work():
        execution = rig.settled("e1")

    assert done_before == [True, False]
    assert execution.state is State.DONE
    assert [split.number for split in rig.engine.seen] == [0, 1, 1]
    assert rig.objects.listed == 1
    assert sorted(rig.objects.output()) == ["orders/e1-00000.json", "orders/e1-00001.json"]
    assert rig.counts().records_read == 300
    assert rig.left_over() == []


@DYING
def test_a_result_whose_file_is_gone_is_made_again(rig: Rig) -> None:
    rig.objects.objects = dict(TWO_SPLITS)
    rig.engine.on_split = death = Death(at_call=2)
    rig.queue("e1")
    run_until_dead(rig, death)
    (staged,) = (rig.data / "staging").rglob("*-00000.json")
    staged.unlink()

    with rig.work():
        assert rig.settled("e1").state is State.DONE

    assert [split.number for split in rig.engine.seen] == [0, 1, 0, 1]
    assert sorted(rig.objects.output()) == ["orders/e1-00000.json", "orders/e1-00001.json"]


@DYING
def test_a_commit_that_was_interrupted_is_finished_not_repeated(rig: Rig) -> None:
    rig.objects.objects = dict(TWO_SPLITS)
    rig.objects.on_publish = death = Death(at_call=2)
    rig.queue("e1")
    run_until_dead(rig, death)
    assert len(rig.objects.output()) == 1

    with rig.work():
        execution = rig.settled("e1")

    assert execution.state is State.DONE
    assert len(rig.engine.seen) == 2
    assert rig.objects.listed == 1
    assert len(rig.objects.output()) == 2
    assert rig.counts().balanced


def test_an_execution_that_takes_its_worker_down_every_time_is_given_up(rig: Rig) -> None:
    rig.queue("e1")
    for _ in range(MOST_ATTEMPTS):
        claim(rig)
        expire(rig)

    with rig.work():
        execution = rig.settled("e1")

    assert execution.state is State.FAILED
    assert f"begun {MOST_ATTEMPTS} times" in str(execution.message)


def test_a_stop_lets_what_runs_finish(tmp_path: Path) -> None:
    with rig(tmp_path / "data", drain_s=PATIENCE_S) as made:
        hold(made)
        made.queue("e1")
        worker = made.worker()
        worker.start()
        wait_for(made.engine.running)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        worker._claiming.join(PATIENCE_S)
        made.queue("e2", document("other"))
        made.engine.hold.set()
        stopping.join(PATIENCE_S)

        assert made.get("e1").state is State.DONE
        assert made.get("e2").state is State.QUEUED


def test_a_stop_hands_back_what_takes_too_long(rig: Rig) -> None:
    hold(rig)
    rig.queue("e1")
    worker = rig.worker()
    worker.start()
    wait_for(rig.engine.running)

    worker.stop()

    execution = rig.get("e1")
    assert (execution.state, execution.owner) == (State.QUEUED, None)
    assert rig.objects.output() == {}
    rig.engine.hold.set()
    with rig.work():
        assert rig.settled("e1").state is State.DONE
    assert rig.left_over() == []


def test_what_finished_executions_left_behind_is_swept_at_the_start(rig: Rig) -> None:
    rig.run()
    for execution_id in ("e1", "never heard of"):
        (rig.data / "staging" / execution_id / "1-00000").mkdir(parents=True)
    rig.queue("e2", document("other"))
    claim(rig, "alive")
    (rig.data / "staging" / "e2").mkdir(parents=True)

    with rig.work():
        pass

    assert rig.left_over() == ["e2"]


def test_counts_are_shown_while_an_execution_runs(tmp_path: Path) -> None:
    with rig(tmp_path / "data", turned_by_hand=True) as made:
        assert isinstance(made.clock, HandClock)
        clock = made.clock
        made.objects.objects = dict(TWO_SPLITS)
        second = threading.Event()

        def hold_the_second(split: SplitOrder) -> None:
            clock.turn(timedelta(seconds=1))
            if split.number == 1:
                made.engine.hold.clear()
                second.set()

        made.engine.on_split = hold_the_second
        made.queue("e1")
        with made.work():
            wait_for(second)
            found = made.until(lambda found: found.counts is not None)
            made.engine.hold.set()
            made.settled("e1")

    assert found.counts is not None
    assert found.state is State.RUNNING
    assert found.counts["recordsRead"] == 256


@pytest.mark.parametrize("prefix, key", [("why", "why/"), ("why/", "why/"), (None, "")])
def test_the_prefix_of_rejects_may_end_with_a_slash(rig: Rig, prefix: str | None, key: str) -> None:
    rig.objects.objects["raw", "in/1"] = "a\nbad\n"
    errors = {"bucketName": "errors"} | ({} if prefix is None else {"bucketPrefix": prefix})

    rig.run(document(**errors))

    assert list(rig.objects.output("errors")) == [f"{key}orders/e1/1.json"]
