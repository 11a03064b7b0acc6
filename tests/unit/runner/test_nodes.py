"""Several nodes on one PostgreSQL database: what one says or takes holds for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from headrace.clock import HandClock, SystemClock, to_ms
from headrace.log import silent
from headrace.model.states import State
from headrace.runner.notifier import Notifier, Rounds
from headrace.runner.shifts import OthersShift, Shift
from headrace.store import instants, listeners, outbox, receivers
from headrace.store.outbox import Report
from headrace.store.store import Store
from tests.standins.processes import PATIENCE_S, until
from tests.standins.stores import StorePlace
from tests.unit.runner.event_rig import EventTown, Replays, come, listen, runs, waiting
from tests.unit.runner.rig import Rig, hold, wait_for
from tests.unit.runner.schedules import MINUTE, START, Town, scheduled


@pytest.fixture(name="stores")
def three_stores(shared_place: StorePlace) -> Iterator[list[Store]]:
    with ExitStack() as stack:
        names = ("one", "two", "three")
        yield [stack.enter_context(closing(shared_place.open(reports_to=("a",), data=name))) for name in names]


def test_a_run_is_cancelled_on_whatever_node_it_runs(stores: list[Store], tmp_path: Path) -> None:
    here, there = Rig(tmp_path / "one", stores[0]), Rig(tmp_path / "two", stores[1])
    hold(there)
    here.queue()
    with there.work():
        wait_for(there.engine.running)
        assert here.cancel()
        wait_for(there.engine.stopped)
        assert here.settled().state is State.CANCELLED


def test_leases_are_counted_by_the_clock_of_the_database(stores: list[Store], tmp_path: Path) -> None:
    ahead = Rig(tmp_path / "one", stores[0], HandClock(START))
    hold(ahead)
    ahead.queue()
    with ahead.work():
        wait_for(ahead.engine.running)
        lease_until_ms = ahead.get().lease_until_ms
        now_ms = stores[1].read(instants.now_ms).result(PATIENCE_S)
        assert abs(now_ms - to_ms(SystemClock().now())) < 60_000
        assert lease_until_ms is not None
        assert now_ms < lease_until_ms <= now_ms + 60_000


def test_sources_of_events_are_shared_out_by_the_clock_of_the_database(stores: list[Store], tmp_path: Path) -> None:
    behind, ahead = Rig(tmp_path / "one", stores[0], HandClock(START)), Rig(tmp_path / "two", stores[1])
    listen(behind)
    replays = [Replays(1), Replays(2)]
    town, other = EventTown(behind, replays[0]), EventTown(ahead, replays[1])
    first, second = town.listener(), other.listener()
    town.ask(first)
    # Its own clock is years ahead of the one by which the first took the source.
    other.ask(second)
    assert (waiting(behind), town.cursor, replays[1].interests) == (1, "1", [])

    stores[0].write(listeners.expire).result(PATIENCE_S)
    other.ask(second)
    assert (waiting(ahead), other.cursor, replays[1].interests[0].cursor) == (2, "2", "1")


def test_the_five_minutes_of_an_event_flow_are_those_of_the_database(stores: list[Store], tmp_path: Path) -> None:
    behind = Rig(tmp_path / "one", stores[0], HandClock(START))
    listen(behind)
    come(behind, "in/1")
    EventTown(behind).listener().rouse()
    (run,) = runs(behind)
    assert abs(run.queued_ms - stores[1].read(instants.now_ms).result(PATIENCE_S)) < 60_000


def test_a_tick_is_queued_once_however_many_nodes_look(stores: list[Store]) -> None:
    towns = [Town(stores[0])]
    clock = towns[0].clock
    towns += [Town(store, clock, numbers=iter(range(1000 * place, 9999))) for place, store in enumerate(stores[1:], 1)]
    names = [f"f{number:02d}" for number in range(40)]
    for name in names:
        towns[0].add(scheduled(), name)
    for minute in range(1, 4):
        clock.turn(MINUTE)
        with ThreadPoolExecutor(3) as nodes:
            fired = [id_ for ids in nodes.map(lambda town: town.scheduler().look(), towns) for id_ in ids]
        assert len(fired) == len(set(fired)) == len(names)
        for _ in names:
            towns[0].settle()
        assert {len(towns[0].runs(name)) for name in names} == {minute}


class Listener:
    """Keeps what it is told, and by how many at a time."""

    key, name, most_together = "a", "the listener", 3

    def __init__(self, told: list[str]) -> None:
        self.told = told

    def deliver(self, reports: Sequence[Report]) -> Mapping[str, str]:
        self.told += [report.event_id for report in reports]
        return {}

    def close(self) -> None:
        return


def put(store: Store, count: int) -> list[str]:
    names = [f"{'xyz'[number % 3]}{number:03d}" for number in range(count)]
    for name in names:
        store.write(lambda tx, name=name: outbox.put(tx, name[0], {"id": name}, now_ms=to_ms(START))).result(PATIENCE_S)
    return names


def test_each_report_is_told_once_by_one_of_the_nodes_and_in_order(stores: list[Store]) -> None:
    told: list[str] = []
    clock = HandClock(START)
    notifiers = [
        Notifier(store=store, clock=clock, receivers=[Listener(told)], owner=str(place))
        for place, store in enumerate(stores)
    ]
    for notifier in notifiers:
        notifier.start()
    try:
        names = put(stores[0], 60)
        until(lambda: len(told) >= len(names))
    finally:
        for notifier in notifiers:
            notifier.stop()
    assert sorted(told) == sorted(names)
    for flow in "xyz":
        assert [name for name in told if name[0] == flow] == [name for name in names if name[0] == flow]


def test_a_receiver_of_a_node_that_died_is_told_by_another(stores: list[Store]) -> None:
    told: list[str] = []
    rounds = Rounds(stores[1], HandClock(START), Listener(told), silent(), lambda _: 0.0, "two")
    put(stores[0], 1)

    def hold_until(until_ms: int) -> None:
        work = lambda tx: receivers.take(tx, "a", owner="one", now_ms=0, until_ms=until_ms)  # noqa: E731
        assert stores[0].write(work).result(PATIENCE_S)

    hold_until(10**15)
    with pytest.raises(OthersShift):
        rounds.deliver_all()
    assert told == []
    hold_until(1)
    assert rounds.deliver_all()
    assert told == ["x000"]


def test_a_shift_that_was_lost_ends_before_the_next_delivery(stores: list[Store]) -> None:
    clock = HandClock(START)
    shift = Shift(stores[0], clock, "a", "one")
    with shift.held():
        shift.keep()
        clock.turn(MINUTE)
        shift.keep()
        stores[1].write(lambda tx: receivers.give_back(tx, "a", owner="one")).result(PATIENCE_S)
        assert stores[1].write(lambda tx: receivers.take(tx, "a", owner="two", now_ms=0, until_ms=10**15)).result()
        clock.turn(MINUTE)
        with pytest.raises(OthersShift):
            shift.keep()
    assert not stores[0].write(lambda tx: receivers.take(tx, "a", owner="one", now_ms=0, until_ms=9)).result()
