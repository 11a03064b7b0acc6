"""Batches of events, each an execution of its own but in name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.errors import Retry, Stop
from headrace.model.states import State
from headrace.store import flows
from headrace.store.tx import Tx
from tests.unit.runner.event_rig import come, drop, has_batch, lines, listen, parked, rouse, runs, waiting
from tests.unit.runner.rig import Rig, expire, hold, rig, wait_for

PERIOD = timedelta(minutes=5)


@pytest.fixture(name="town")
def a_rig(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path / "data", turned_by_hand=True) as made:
        made.objects.objects.clear()
        listen(made)
        yield made


def close(town: Rig) -> None:
    town.clock.turn(PERIOD)  # type: ignore[attr-defined]
    rouse(town)


def test_each_batch_is_visible_while_its_execution_is_still_open(town: Rig) -> None:
    with town.work():
        drop(town, a="1\n", b="2\n3\n")
        rouse(town)
        assert (parked(town).counts or {})["recordsWritten"] == 3
        assert lines(town) == ["1", "2", "3"]
        drop(town, c="4\n")
        rouse(town)
        town.until(lambda found: (found.counts or {})["recordsWritten"] == 4, runs(town)[0].execution_id)
        parked(town)
        assert len(town.objects.output()) == 2

    close(town)
    (run,) = runs(town)
    assert (run.state, run.trigger, run.message) == (State.DONE, "event", None)
    assert (waiting(town), has_batch(town), town.left_over()) == (0, False, [])


def test_a_flow_without_events_has_no_executions(town: Rig) -> None:
    rouse(town)
    close(town)
    assert runs(town) == []


def test_events_after_the_period_are_those_of_another_execution(town: Rig) -> None:
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        parked(town)
        town.clock.turn(PERIOD)  # type: ignore[attr-defined]
        drop(town, b="2\n")
        rouse(town)
        parked(town)
    first, second = runs(town)
    assert (first.state, second.state) == (State.DONE, State.WAITING)
    assert [(run.counts or {})["recordsWritten"] for run in (first, second)] == [1, 1]


def test_an_event_that_is_told_twice_is_one(town: Rig) -> None:
    drop(town, a="1\n")
    assert come(town, "in/a") == 0
    with town.work():
        rouse(town)
        parked(town)
        assert come(town, "in/a") == 0
    assert lines(town) == ["1"]


def test_two_events_that_mean_one_version_of_an_object_read_it_once(town: Rig) -> None:
    drop(town, a="1\n")
    come(town, "in/a", told="by another")
    with town.work():
        rouse(town)
        parked(town)
        come(town, "in/a", told="later")
        rouse(town)
        town.until(lambda _: waiting(town) == 0, runs(town)[0].execution_id)
    assert lines(town) == ["1"]


def test_an_object_that_is_gone_is_passed_over(town: Rig) -> None:
    come(town, "in/gone")
    with town.work():
        rouse(town)
        assert parked(town).counts is not None
    assert (lines(town), waiting(town)) == ([], 0)


def test_rejected_records_hold_up_no_batch(town: Rig) -> None:
    with town.work():
        drop(town, a="bad\n")
        rouse(town)
        parked(town)
        drop(town, b="bad 2\n1\n")
        rouse(town)
        town.until(lambda found: (found.counts or {})["recordsRead"] == 3, runs(town)[0].execution_id)
        parked(town)
    close(town)
    (run,) = runs(town)
    assert run.state is State.DONE
    assert run.message is not None
    assert run.message.startswith("2 of 3 records were rejected")
    assert sorted(town.kept_rejects().values()) == ["bad\n", "bad 2\n"]


def test_a_period_of_which_nothing_was_written_ends_as_an_error(town: Rig) -> None:
    with town.work():
        drop(town, a="bad\n")
        rouse(town)
        parked(town)
    close(town)
    (run,) = runs(town)
    assert run.state is State.FAILED
    assert run.message is not None
    assert "rejected" in run.message


def test_a_batch_that_fails_is_tried_again_later_and_the_events_behind_it_wait(town: Rig) -> None:
    failing = [Stop("The disk is full")]

    def fail(bucket: str) -> None:
        if failing:
            raise failing[0]

    town.engine.on_split = lambda split: fail("")
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        run = town.settled(runs(town)[0].execution_id)
        assert (run.state, run.message) == (State.FAILED, "The disk is full")
        assert (waiting(town), has_batch(town)) == (1, False)

        drop(town, b="2\n")
        rouse(town)
        assert len(runs(town)) == 1
        failing.clear()
        town.clock.turn(timedelta(seconds=5))  # type: ignore[attr-defined]
        rouse(town)
        parked(town)
    assert lines(town) == ["1", "2"]
    assert len(runs(town)) == 2


def test_output_that_began_to_be_visible_is_finished_under_its_names(town: Rig) -> None:
    failures = [Retry("busy")] * 5
    town.objects.on_publish = lambda bucket: _raise(failures)
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        first = town.settled(runs(town)[0].execution_id)
        assert (first.state, has_batch(town)) == (State.FAILED, True)
        assert (first.counts or {}).get("recordsWritten", 0) == 0

        town.clock.turn(timedelta(seconds=5))  # type: ignore[attr-defined]
        rouse(town)
        second = parked(town)
    (name,) = town.objects.output()
    assert first.execution_id in name
    assert ((second.counts or {})["recordsWritten"], lines(town)) == (1, ["1"])
    assert (waiting(town), town.left_over()) == (0, [])


def _raise(failures: list[Retry]) -> None:
    if failures:
        raise failures.pop()


def test_failures_in_a_row_suspend_the_flow_which_keeps_its_events(tmp_path: Path) -> None:
    with rig(tmp_path / "other", turned_by_hand=True) as town:
        listen(town, threshold=2)
        town.engine.on_split = lambda split: _fail()
        with town.work():
            drop(town, a="1\n")
            for _ in range(3):
                rouse(town)
                town.settled(runs(town)[-1].execution_id)
                town.clock.turn(timedelta(minutes=1))  # type: ignore[attr-defined]
        assert [run.state for run in runs(town)] == [State.FAILED, State.FAILED]
        assert waiting(town) == 1


def _fail() -> None:
    raise Stop("No such table")


def test_a_cancelled_execution_gives_up_the_events_it_worked_on(town: Rig) -> None:
    hold(town)
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        wait_for(town.engine.running)
        assert town.cancel(runs(town)[0].execution_id)
        run = town.settled(runs(town)[0].execution_id)
    assert (run.state, waiting(town), has_batch(town), lines(town)) == (State.CANCELLED, 0, False, [])
    assert town.left_over() == []


def test_an_execution_that_waits_for_events_is_cancelled_at_once(town: Rig) -> None:
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        parked(town)
        assert town.cancel(runs(town)[0].execution_id)
        assert runs(town)[0].state is State.CANCELLED
        drop(town, b="2\n")
        rouse(town)
        parked(town)
    assert lines(town) == ["1", "2"]


def test_a_batch_is_taken_up_by_the_next_holder(town: Rig) -> None:
    hold(town)
    with town.work(), town.work():
        drop(town, a="1\n")
        rouse(town)
        wait_for(town.engine.running)
        expire(town)
        town.until(lambda found: found.fence == 2, runs(town)[0].execution_id)
        town.engine.hold.set()
        run = parked(town)
    assert (lines(town), (run.counts or {})["recordsWritten"], town.left_over()) == (["1"], 1, [])


def test_an_execution_ends_its_batches_under_the_document_it_was_begun_with(town: Rig) -> None:
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        parked(town)
        town.store.write(_change).result()
        drop(town, b="2\n")
        rouse(town)
        parked(town)
    first, second = runs(town)
    assert (first.state, first.revision, second.revision) == (State.DONE, 1, 2)


def _change(tx: Tx) -> None:
    flow = flows.get(tx, "1", "r", "orders")
    assert flow is not None
    assert flows.update(
        tx,
        flow,
        trigger_type="Event",
        failure_threshold=None,
        status="Active",
        status_message=None,
        schema_version=1,
        document=flow.document,
        by="me",
        now_ms=0,
    )


def test_staged_files_that_are_gone_are_made_again_under_the_same_names(town: Rig) -> None:
    failures = [Retry("busy")] * 5
    town.objects.on_publish = lambda bucket: _raise(failures)
    with town.work():
        drop(town, a="1\n")
        rouse(town)
        first = town.settled(runs(town)[0].execution_id)
        shutil.rmtree(town.data / "staging")
        town.clock.turn(timedelta(seconds=5))  # type: ignore[attr-defined]
        rouse(town)
        parked(town)
    (name,) = town.objects.output()
    assert first.execution_id in name
    assert lines(town) == ["1"]
