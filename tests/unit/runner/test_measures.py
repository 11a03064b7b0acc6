"""What a worker and a scheduler count of what they do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from headrace.clock import to_ms
from headrace.errors import Stop
from headrace.meters import FlowFigures, FlowName, Meters, Timer
from headrace.model.states import State
from headrace.store import executions
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import until
from tests.unit.runner.rig import Rig, claim, document, expire, hold, wait_for
from tests.unit.runner.schedules import MINUTE, scheduled, town

ORDERS, OTHER = FlowName("1", "r", "orders"), FlowName("1", "r", "other")


def counted(timer: Timer) -> int:
    return sum(sum(timing.counts) for timing in timer.read())


def test_an_execution_is_counted_when_it_begins_and_when_it_has_ended(rig: Rig) -> None:
    meters = Meters()
    rig.queue("e1")
    with rig.work(meters=meters):
        assert rig.settled("e1").state is State.DONE
        until(lambda: counted(meters.runs) == 1)
    [(name, figures)] = meters.flows.read()
    assert (name, figures.started, figures.succeeded, figures.failed, figures.records) == (ORDERS, 1, 1, 0, 2)
    assert meters.claims.read() == [((), 1)]
    assert counted(meters.waits) == 1


def test_an_execution_that_fails_is_counted_as_failed(rig: Rig) -> None:
    meters = Meters()

    def fail() -> None:
        raise Stop("no such bucket")

    rig.objects.on_list = fail
    rig.queue("e1", document("other"))
    with rig.work(meters=meters):
        assert rig.settled("e1").state is State.FAILED
        until(lambda: counted(meters.runs) == 1)
    [(name, figures)] = meters.flows.read()
    assert (name, figures.started, figures.succeeded, figures.failed) == (OTHER, 1, 0, 1)


def test_an_execution_that_is_taken_again_has_begun_once(rig: Rig) -> None:
    meters = Meters()
    rig.queue("e1")
    claim(rig)
    expire(rig)
    with rig.work(meters=meters):
        assert rig.settled("e1").state is State.DONE
        until(lambda: counted(meters.runs) == 1)
    assert meters.claims.read() == [((), 1)]
    [(_, figures)] = meters.flows.read()
    assert (figures.started, figures.succeeded, counted(meters.waits)) == (0, 1, 0)


def test_a_lease_that_is_lost_is_counted(rig: Rig) -> None:
    meters = Meters()
    rig.queue("e1")
    hold(rig)
    much_later_ms = to_ms(rig.clock.now()) + 10**9

    def take(tx: Tx) -> None:
        (taken,) = executions.claim(tx, owner="another", now_ms=much_later_ms, lease_until_ms=2**60, limit=1)
        fence = taken.execution.fence
        assert executions.settle(tx, "e1", fence, state=State.DONE, counts=None, message=None, now_ms=much_later_ms)

    with rig.work(meters=meters):
        wait_for(rig.engine.running)
        rig.store.write(take).result()
        until(lambda: meters.leases_lost.read() == [((), 1)])
    assert [figures for _, figures in meters.flows.read()] == [FlowFigures(started=1)]


def test_how_late_a_tick_was_queued_is_counted(tmp_path: Path) -> None:
    meters = Meters()
    with town(tmp_path / "data") as place:
        place.add(scheduled())
        place.look()
        place.clock.turn(MINUTE + timedelta(seconds=2))
        assert len(place.scheduler(meters=meters).look()) == 1
    [timing] = meters.lateness.read()
    assert (sum(timing.counts), 1 <= timing.sum_s <= 3) == (1, True)


def test_how_long_a_change_takes_to_be_durable_is_counted(tmp_path: Path) -> None:
    meters = Meters()
    store = Store.open(tmp_path / "data", meters=meters)
    store.write(lambda tx: tx.announce("any")).result()
    store.close()
    assert counted(meters.writes) == 1
