"""The listener asks each source from one node, and keeps what it says before it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.clock import HandClock
from headrace.connector_sdk.listening import Arrival, News
from headrace.errors import Retry
from headrace.model.states import State
from headrace.runner.listener import AFTER_FAILURE_S, MOST_TOGETHER
from headrace.store import events, flows
from tests.standins.processes import until
from tests.unit.runner.event_rig import FLOW, LEASE_S, EventTown, Replays, listen, runs, waiting
from tests.unit.runner.rig import rig


@pytest.fixture(name="town")
def a_town(tmp_path: Path) -> Iterator[EventTown]:
    with rig(tmp_path / "data", turned_by_hand=True) as made:
        listen(made)
        assert isinstance(made.clock, HandClock)
        town = EventTown(made)
        yield town


def status(town: EventTown, status: str) -> None:
    town.rig.store.write(lambda tx: flows.set_status(tx, FLOW, status=status)).result()


def test_what_a_source_tells_is_kept_with_the_place_to_go_on(town: EventTown) -> None:
    town.replays.count = 3
    listener = town.listener()
    town.ask(listener)
    assert (waiting(town.rig), town.cursor) == (3, "3")
    town.ask(listener)
    assert (waiting(town.rig), len(town.replays.interests)) == (3, 1)


def test_many_events_go_in_several_transactions_the_place_with_the_last(town: EventTown) -> None:
    town.replays.count = 2 * MOST_TOGETHER + 1
    town.ask(town.listener())
    assert town.cursor == str(town.replays.count)
    found = town.rig.store.read(lambda tx: events.listener(tx, FLOW)).result()
    assert found is not None
    assert found.waiting_events == town.replays.count


def test_another_node_goes_on_where_the_first_one_stopped(town: EventTown) -> None:
    town.replays.count = 3
    first, second = town.listener(), town.listener()
    town.ask(first)
    town.ask(second)
    assert len(town.replays.interests) == 1
    town.clock.turn(timedelta(seconds=LEASE_S))
    town.replays.count = 5
    town.ask(second)
    assert town.replays.interests[-1].cursor == "3"
    town.ask(first)
    assert (waiting(town.rig), town.cursor) == (5, "5")


def test_a_node_that_lost_its_lease_keeps_nothing(town: EventTown) -> None:
    first, second = town.listener(), town.listener()
    town.ask(first)
    town.clock.turn(timedelta(seconds=LEASE_S))
    town.ask(second)
    town.clock.turn(timedelta(seconds=-LEASE_S))
    town.replays.count = 2
    town.ask(first)
    assert (waiting(town.rig), town.cursor) == (0, "0")
    assert town.replays.closed == 1


def test_a_flow_that_is_stopped_is_followed_no_more_and_begins_anew(town: EventTown) -> None:
    listener = town.listener()
    town.ask(listener)
    status(town, "Suspended")
    town.replays.count = 2
    town.ask(listener)
    assert (waiting(town.rig), town.replays.closed) == (0, 1)

    town.clock.turn(timedelta(seconds=1))
    now_ms = town.replays.interests[0].since_ms + 1000
    status(town, "Active")
    town.rig.store.write(lambda tx: events.begin(tx, FLOW, now_ms=now_ms)).result()
    town.ask(listener)
    assert (town.replays.interests[-1].since_ms, town.replays.interests[-1].cursor) == (now_ms, None)


def test_a_source_that_fails_is_followed_anew_a_little_later(town: EventTown) -> None:
    listener = town.listener()
    town.replays.fault = Retry("busy")
    town.ask(listener)
    town.replays.fault, town.replays.count = None, 1
    town.ask(listener)
    assert waiting(town.rig) == 0
    town.now_s += AFTER_FAILURE_S
    town.ask(listener)
    assert waiting(town.rig) == 1


def test_a_flow_that_is_far_behind_takes_no_more(town: EventTown) -> None:
    town.replays.count = 1
    big = [Arrival(None, "x" * events.MOST_WAITING_BYTES)]
    town.rig.store.write(lambda tx: events.take(tx, FLOW, big, now_ms=0)).result()
    listener = town.listener()
    town.ask(listener)
    assert waiting(town.rig) == 1


def test_a_source_that_takes_long_is_asked_less_often(town: EventTown) -> None:
    listener = town.listener()
    polled: list[float] = []

    class Slow(Replays):
        def poll(self) -> News:
            polled.append(town.now_s)
            town.now_s += 1.0
            return super().poll()

    town.replays = Slow()
    for _ in range(30):
        town.ask(listener)
    assert len(polled) == 2


def test_a_threaded_listener_puts_to_work_what_comes_and_closes_what_is_over(town: EventTown) -> None:
    town.replays.count = 1
    town.rig.objects.objects = {("raw", "in/1"): "1\n"}
    listener = town.listener()
    listener.start()
    with town.rig.work():
        until(lambda: runs(town.rig))
        run = town.rig.until(lambda found: found.state is State.WAITING, runs(town.rig)[0].execution_id)
        town.clock.turn(timedelta(minutes=5))
        town.rig.settled(run.execution_id)
    listener.stop()
    ((_, figures),) = town.meters.flows.read()
    assert (figures.succeeded, figures.records) == (1, 1)
    assert town.replays.closed == 1


def test_events_that_are_long_done_are_forgotten(town: EventTown) -> None:
    town.rig.objects.objects = {("raw", "in/1"): "1\n"}
    town.replays.count = 1
    listener = town.listener()
    town.ask(listener)
    listener.rouse()
    with town.rig.work():
        town.rig.until(lambda found: found.state is State.WAITING, runs(town.rig)[0].execution_id)
    known = Arrival("1", "{}")
    town.clock.turn(timedelta(milliseconds=events.KNOWN_FOR_MS))
    listener.rouse()
    assert town.rig.store.write(lambda tx: events.take(tx, FLOW, [known], now_ms=0)).result() == 0
    town.clock.turn(timedelta(milliseconds=1))
    listener.rouse()
    assert town.rig.store.write(lambda tx: events.take(tx, FLOW, [known], now_ms=0)).result() == 1
