"""What a scheduler queues, and when (invariant 6)."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import HandClock, to_ms
from headrace.log import Log
from headrace.model.states import State
from headrace.runner.scheduler import MOST_TOGETHER
from headrace.store import executions, schedules
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S
from tests.unit.runner.schedules import MINUTE, START, Town, clock_of, scheduled, town

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture(name="town")
def open_town(tmp_path: Path) -> Generator[Town]:
    with town(tmp_path / "data") as opened:
        yield opened


def lines(town: Town) -> io.StringIO:
    stream = io.StringIO()
    town.log = Log(stream)
    return stream


def incremental(expression: str = "rate(1minutes)", **members: Any) -> dict[str, Any]:
    return scheduled(expression, dataPullMode="Incremental", **members)


def run_each(town: Town, *steps: timedelta) -> None:
    """Turn the clock step by step; what is queued succeeds at once."""
    for step in steps:
        for _ in town.look(step):
            town.settle()


def test_a_flow_fires_when_it_is_activated_and_then_at_every_tick_of_its_grid(town: Town) -> None:
    town.add(incremental())
    assert town.look() == ()

    run_each(town, SECOND, MINUTE - SECOND, SECOND, MINUTE)

    assert town.windows() == [
        ("2025-12-03T03:04:06", "03:04:06"),
        ("03:04:06", "03:05:06"),
        ("03:05:06", "03:06:06"),
    ]
    assert [each.trigger for each in town.runs()] == ["scheduled"] * 3
    assert town.next_tick() == START.replace(minute=7, second=6, microsecond=0)


def test_nothing_fires_before_its_instant_and_everything_at_it(town: Town) -> None:
    town.add(scheduled("at(2026-01-02T03:05:00)"))
    town.look(timedelta(seconds=54, milliseconds=321))
    assert town.runs() == []
    town.look(timedelta(milliseconds=1))
    assert len(town.runs()) == 1
    assert town.next_tick() is None


def test_a_draft_and_a_stopped_flow_do_not_fire(town: Town) -> None:
    town.add(scheduled(), is_started=False)
    assert town.look(HOUR) == ()
    town.start()
    town.stop()
    assert town.look(HOUR) == ()
    assert town.next_tick() is None


def test_a_schedule_ends_with_its_last_tick(town: Town) -> None:
    begun = int(START.timestamp()) + 10
    town.add(incremental(scheduleStartTime=begun, scheduleEndTime=begun + 125))
    run_each(town, *[MINUTE] * 5)
    assert [window[1] for window in town.windows()] == ["03:04:15", "03:05:15", "03:06:15"]
    assert town.flow().status == "Active"


def test_a_start_in_the_past_only_says_where_the_grid_lies(town: Town) -> None:
    town.add(incremental("rate(1hours)", scheduleStartTime=1_600_000_000))  # 12:26:40 of some day in 2020
    run_each(town, HOUR, HOUR)
    assert [window[1] for window in town.windows()] == ["03:26:40", "04:26:40"]


def test_after_a_stop_one_missed_tick_is_made_up_for_with_all_that_lies_before_it(town: Town) -> None:
    town.add(incremental())
    run_each(town, SECOND, timedelta(days=3), MINUTE)
    assert town.windows() == [
        ("2025-12-03T03:04:06", "03:04:06"),
        ("03:04:06", "2026-01-05T03:04:06"),
        ("2026-01-05T03:04:06", "2026-01-05T03:05:06"),
    ]


def test_a_missed_last_tick_is_made_up_for(town: Town) -> None:
    town.add(scheduled("at(2026-01-02T03:05:00)", scheduleEndTime=int(START.timestamp()) + 60))
    assert len(town.look(timedelta(days=400))) == 1
    assert town.look(HOUR) == ()


def test_a_tick_while_the_flow_runs_is_skipped_and_the_next_window_covers_it(town: Town) -> None:
    said = lines(town)
    town.add(incremental())
    (first,) = town.look(SECOND)
    claim = town.take()
    assert town.look(MINUTE) == ()
    assert town.look(MINUTE) == ()
    town.settle(claim)
    run_each(town, MINUTE)

    assert town.runs()[0].execution_id == first
    assert town.windows()[1:] == [("03:04:06", "03:07:06")]
    assert said.getvalue().count("tick skipped") == 2


def test_a_tick_that_none_follows_waits_for_the_run_to_end(town: Town) -> None:
    town.add(incremental(scheduleEndTime=int(START.timestamp()) + 61))
    town.look(SECOND)
    claim = town.take()
    assert town.look(MINUTE) == ()
    assert town.look(HOUR) == ()
    town.settle(claim)
    run_each(town, SECOND, HOUR)
    assert town.windows()[1:] == [("03:04:06", "03:05:06")]


def test_flows_that_wait_hold_up_no_others(town: Town) -> None:
    def fill(tx: Tx) -> None:
        for number in range(MOST_TOGETHER + 1):
            town.add_in(tx, scheduled("once"), f"waiting-{number}")
            town.add_in(tx, scheduled("at(2026-01-02T03:04:07)"), f"later-{number}")

    town.write(fill)
    busy = town.write(lambda tx: [queue_by_hand(tx, f"waiting-{number}") for number in range(MOST_TOGETHER + 1)])
    assert len(busy) == MOST_TOGETHER + 1
    assert len(town.look(2 * SECOND)) == MOST_TOGETHER + 1
    assert town.runs("later-100")[0].trigger == "scheduled"


def queue_by_hand(tx: Tx, name: str) -> None:
    (due,) = [each for each in schedules.due(tx, now_ms=10**14, limit=1000) if each.name == name]
    executions.insert(tx, due, execution_id=f"busy {name}", trigger="ondemand", now_ms=1)


def test_a_failed_run_leaves_its_window_to_the_next(town: Town) -> None:
    town.add(incremental(scheduleOffset=30))
    run_each(town, SECOND)
    for state in (State.FAILED, State.FAILED, State.DONE):
        town.look(MINUTE)
        town.settle(state=state)
    run_each(town, MINUTE)
    assert town.windows()[1:] == [
        ("03:03:36", "03:04:36"),
        ("03:03:36", "03:05:36"),
        ("03:03:36", "03:06:36"),
        ("03:06:36", "03:07:36"),
    ]


def test_a_cancelled_run_leaves_its_window_to_the_next(town: Town) -> None:
    town.add(incremental())
    (execution_id,) = town.look(SECOND)
    town.write(lambda tx: executions.cancel(tx, execution_id, now_ms=1))
    town.look(MINUTE)
    assert [window[0] for window in town.windows()] == ["2025-12-03T03:04:06", "2025-12-03T03:05:06"]


def test_the_first_window_begins_where_the_flow_says(town: Town) -> None:
    begun = int((START - timedelta(days=700)).timestamp())
    town.add(incremental(firstExecutionFrom=begun))
    run_each(town, SECOND, MINUTE)
    assert town.windows() == [("2024-02-02T03:04:05", "03:04:06"), ("03:04:06", "03:05:06")]


def test_complete_runs_have_no_window_and_move_none(town: Town) -> None:
    town.add(scheduled())
    run_each(town, SECOND, MINUTE)
    assert town.windows() == [("-", "-")] * 2


def test_a_run_that_a_caller_started_moves_no_window(town: Town) -> None:
    town.add(incremental())
    town.write(lambda tx: queue_by_hand(tx, "orders"))
    town.settle()
    run_each(town, SECOND)
    assert town.windows()[-1] == ("2025-12-03T03:04:06", "03:04:06")


def test_consecutive_failures_suspend_the_flow_and_end_its_schedule(town: Town) -> None:
    town.add(scheduled(), threshold=2)
    for state in (State.FAILED, State.DONE, State.FAILED, State.FAILED):
        town.look(MINUTE)
        town.settle(state=state)

    assert (town.flow().status, town.next_tick()) == ("Suspended", None)
    assert "flowErrorDeactivationThreshold" in (town.flow().status_message or "")
    assert town.look(HOUR) == ()
    town.start()
    assert len(town.look(SECOND)) == 1


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward and back", "back and forth"])
def test_a_clock_that_jumps_an_hour_and_back_doubles_no_instant_and_leaves_no_gap(town: Town, jump: timedelta) -> None:
    town.add(incremental())
    run_each(town, SECOND, MINUTE, jump, MINUTE, -jump, *[MINUTE] * 70)

    instants = [each.window_to_ms for each in town.runs()]
    windows = town.windows()
    assert len(set(instants)) == len(instants)
    assert all(one[1] == other[0] for one, other in pairwise(windows))
    # Every minute after the clock was right for good and beyond all that had fired.
    assert clock_of(instants[-1]) == clock_of(to_ms(town.clock.now()))


def test_a_machine_that_slept_makes_up_for_one_tick(town: Town) -> None:
    town.add(incremental())
    run_each(town, SECOND, 8 * HOUR)
    assert town.windows()[1:] == [("03:04:06", "11:04:06")]


def test_a_clock_that_was_years_ahead_is_forgotten_at_the_next_activation(town: Town) -> None:
    town.add(incremental())
    years = timedelta(days=3650)
    run_each(town, SECOND, years, -years)
    assert town.look(HOUR) == ()

    town.stop()
    town.start()
    run_each(town, SECOND, MINUTE)

    assert town.windows()[2:] == [("04:04:06", "04:04:07"), ("04:04:07", "04:05:07")]


def test_an_instant_that_has_fired_does_not_fire_again_after_a_new_start(town: Town) -> None:
    town.add(scheduled("rate(1hours)", scheduleStartTime=1_600_000_000))
    run_each(town, HOUR)
    town.clock.turn(-HOUR)
    town.stop()
    town.start()
    assert town.look(HOUR) == ()
    assert len(town.look(HOUR)) == 1


def test_the_same_instant_can_not_be_queued_twice_whoever_tries(town: Town) -> None:
    town.add(scheduled())
    (due,) = town.read(lambda tx: schedules.due(tx, now_ms=10**14, limit=1))

    def queue(tx: Tx) -> None:
        for number in range(2):
            executions.insert(
                tx, due, execution_id=f"{number}", trigger="scheduled", now_ms=1, scheduled_for_ms=due.next_fire_ms
            )

    with pytest.raises(sqlite3.IntegrityError, match="scheduled_for_ms"):
        town.write(queue)
    assert town.runs() == []


def test_many_schedulers_at_once_queue_each_of_two_thousand_flows_once(town: Town) -> None:
    def fill(tx: Tx) -> None:
        for number in range(2000):
            town.add_in(tx, scheduled(), f"flow-{number}")

    town.write(fill)
    town.clock.turn(SECOND)
    begin = threading.Barrier(3)
    queued: list[str] = []

    def look() -> None:
        scheduler = town.scheduler()
        begin.wait()
        queued.extend(scheduler.look())

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert len(queued) == len(set(queued)) == 2000
    assert all(len(town.runs(f"flow-{number}")) == 1 for number in (0, 999, 1999))
    assert len(town.read(executions.unfinished)) == 2000
    assert town.look() == ()


class FailingStore:
    """A store whose transactions fail once they have done their work, as if the disk were full at COMMIT."""

    def __init__(self, town: Town) -> None:
        self._store = town.store
        self.failures = 1

    def read(self, work: Callable[[Tx], Any]) -> Future[Any]:
        return self._store.read(work)

    def write(self, work: Callable[[Tx], Any]) -> Future[Any]:
        # However often the work is run.
        self.failures, fails = self.failures - 1, self.failures > 0

        def failing(tx: Tx) -> Any:
            done = work(tx)
            if fails:
                raise OSError(28, "No space left on device")
            return done

        return self._store.write(failing)


def test_a_transaction_that_fails_leaves_the_tick_due(town: Town) -> None:
    town.add(scheduled())
    town.clock.turn(SECOND)
    scheduler = town.scheduler(FailingStore(town))

    with pytest.raises(OSError, match="No space"):
        scheduler.look()
    assert town.runs() == []
    assert len(scheduler.look()) == 1


def test_a_scheduler_that_runs_goes_on_after_a_failure_and_fires_at_the_turn_of_a_second(town: Town) -> None:
    said, fired = lines(town), threading.Event()
    town.add(scheduled())
    town.clock.turn(SECOND)
    town.store.watch(lambda _: fired.set())
    scheduler = town.scheduler(FailingStore(town))
    scheduler.start()
    assert fired.wait(PATIENCE_S)
    scheduler.stop()

    assert len(town.runs()) == 1
    assert "schedules not looked at" in said.getvalue()
    assert "late_s=0.678" in said.getvalue()


def test_a_flow_whose_document_can_not_be_scheduled_is_marked_and_holds_up_nobody(town: Town) -> None:
    said = lines(town)
    town.add(scheduled("rate(1minutes)"), "broken")
    town.add(scheduled(), "sound")
    town.write(
        lambda tx: tx._session.rows(
            "UPDATE revisions SET document = replace(document, '1minutes', 'x') WHERE flow_id = 'id of broken'"
        )
    )

    assert len(town.look(MINUTE)) == 1

    assert town.flow("broken").status == "Errored"
    assert "the schedule expression ratex is not one" in (town.flow("broken").status_message or "")
    assert "flow can't be scheduled" in said.getvalue()
    assert len(town.runs("sound")) == 1


def test_a_flow_that_is_due_without_a_schedule_is_marked(town: Town) -> None:
    town.add({"triggerConfig": {"triggerType": "OnDemand"}}, is_started=False)
    town.write(lambda tx: schedules.schedule(tx, "id of orders", grid_start_ms=0, next_fire_ms=1))
    assert town.look() == ()
    assert town.flow().status == "Errored"


def test_a_due_row_whose_tick_is_gone_only_moves_on(town: Town) -> None:
    town.add(scheduled("rate(1hours)", scheduleStartTime=int(START.timestamp()) + 3600))
    town.write(lambda tx: schedules.set_next(tx, "id of orders", 1))
    assert town.look() == ()
    assert town.next_tick() == START.replace(microsecond=0) + HOUR


def test_a_scheduler_reads_little_while_nothing_is_due(town: Town) -> None:
    town.add(scheduled())

    class ReadOnly:
        reads = 0

        def read(self, work: Callable[[Tx], Any]) -> Future[Any]:
            self.reads += 1
            return town.store.read(work)

    store = ReadOnly()
    assert town.scheduler(store).look() == ()
    assert store.reads == 1


def test_a_clock_by_hand_is_what_a_scheduler_goes_by(town: Town) -> None:
    town.add(scheduled())
    town.clock = HandClock(START - timedelta(days=1))
    assert town.look() == ()
