"""Cancellations: in the queue, while a query runs, between two splits, and too late."""

from __future__ import annotations

import threading
from pathlib import Path

from headrace.engine.results import Counts, SplitOrder
from headrace.errors import Retry
from headrace.model.states import State
from headrace.runner.control import Control
from headrace.store import executions, flows
from headrace.store.tx import Tx
from tests.unit.runner.rig import TWO_SPLITS, Rig, claim, expire, hold, rig, wait_for


def test_a_cancelled_execution_in_the_queue_never_runs(rig: Rig) -> None:
    rig.queue("e1")
    assert rig.cancel("e1")

    with rig.work():
        rig.queue("e2")
        rig.settled("e2")

    assert rig.get("e1").state is State.CANCELLED
    assert [split.naming.execution_id for split in rig.engine.seen] == ["e2"]


def test_a_running_execution_is_cancelled_at_once(tmp_path: Path) -> None:
    """Not at the worker's next look at its leases, which is minutes away here, nor at one for more work."""
    with rig(tmp_path / "data", lease_s=3600.0, concurrent_executions=1) as made:
        hold(made)
        made.queue("e1")
        with made.work():
            wait_for(made.engine.running)
            made.cancel("e1")
            assert made.settled("e1").state is State.CANCELLED

        assert made.objects.output() == {}
        assert made.left_over() == []


def test_a_cancellation_is_noticed_between_two_splits(rig: Rig) -> None:
    rig.objects.objects |= TWO_SPLITS
    rig.engine.is_deaf = True

    def cancel(split: SplitOrder) -> None:
        rig.cancel("e1")
        rig.until_told()

    rig.engine.on_split = cancel
    execution = rig.run()

    assert execution.state is State.CANCELLED
    assert [split.number for split in rig.engine.seen] == [0]
    assert rig.objects.output() == {}
    assert rig.left_over() == []


def test_a_cancellation_that_is_not_heard_in_time_is_seen_before_the_commit(rig: Rig) -> None:
    """The last look is the store's own: begin_commit refuses an execution that is being cancelled."""
    hold(rig)
    rig.engine.is_deaf = True
    rig.queue("e1")
    with rig.work():
        wait_for(rig.engine.running)
        rig.cancel("e1")
        rig.engine.hold.set()
        assert rig.settled("e1").state is State.CANCELLED

    assert rig.objects.output() == {}


def test_a_run_that_found_nothing_can_be_cancelled_to_the_last(rig: Rig) -> None:
    """It has no commit, so it is the settling that is refused."""
    rig.objects.objects.clear()
    rig.objects.on_list = lambda: rig.store.write(cancel_quietly).result()
    execution = rig.run()

    assert execution.state is State.CANCELLED
    assert execution.commit_ms is None


def cancel_quietly(tx: Tx) -> None:
    """Without word to the worker."""
    assert executions.cancel(tx, "e1", now_ms=10**12)
    tx.topics.clear()


def test_a_run_that_found_nothing_has_no_commit(rig: Rig) -> None:
    rig.objects.objects.clear()
    execution = rig.run()

    assert execution.state is State.DONE
    assert (execution.commit_ms, execution.counts) == (None, Counts().to_document())


def test_a_cancellation_ends_the_wait_for_a_busy_source(rig: Rig) -> None:
    waiting = threading.Event()

    def wait(control: Control, seconds: float) -> None:
        waiting.set()
        control.wait(3600)

    def busy() -> None:
        raise Retry("busy")

    rig.objects.on_list = busy
    rig.queue("e1")
    with rig.work(wait=wait):
        wait_for(waiting)
        rig.cancel("e1")
        assert rig.settled("e1").state is State.CANCELLED


def test_an_execution_whose_commit_has_begun_can_not_be_cancelled(rig: Rig) -> None:
    answers: list[bool] = []
    rig.objects.on_publish = lambda bucket: answers.append(rig.cancel("e1"))

    assert rig.run().state is State.DONE
    assert answers == [False]
    assert rig.objects.output() != {}


def delete_flow(rig: Rig, execution_id: str = "e1") -> None:
    flow_id = rig.get(execution_id).flow_id
    rig.store.write(lambda tx: flows.delete_flow(tx, flow_id)).result()


def test_an_execution_whose_flow_is_deleted_stops_and_leaves_nothing_staged(rig: Rig) -> None:
    rig.objects.objects |= TWO_SPLITS
    hold(rig)
    rig.queue("e1")
    with rig.work():
        wait_for(rig.engine.running)
        delete_flow(rig)
        wait_for(rig.engine.stopped)

    assert rig.objects.output() == {}
    assert rig.left_over() == []


def test_a_flow_deleted_while_its_execution_commits_leaves_nothing_staged(rig: Rig) -> None:
    committing = threading.Event()

    def delete(bucket: str) -> None:
        delete_flow(rig)
        committing.set()

    rig.objects.on_publish = delete
    rig.queue("e1")
    with rig.work():
        wait_for(committing)

    assert rig.objects.output() != {}
    assert rig.left_over() == []


def test_a_cancelling_execution_of_a_dead_worker_is_settled_by_the_next(rig: Rig) -> None:
    rig.queue("e1")
    claim(rig)
    rig.cancel("e1")
    expire(rig)

    with rig.work():
        assert rig.settled("e1").state is State.CANCELLED
    assert rig.engine.seen == []
