"""Clocks that jump by an hour while flows run, and two thousand flows that are due in the same second."""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.backend import Backend, new_uuid
from headrace.clock import from_ms
from headrace.operations.context import Caller
from headrace.runner.scheduler import Scheduler
from headrace.settings import Settings
from headrace.store import executions
from tests.crash.scenarios import FROM_LEDGER, TO_S3, flow
from tests.crash.world import S3, Made
from tests.standins.ledger import CONNECTOR_TYPE, PROFILE, Ledger
from tests.standins.processes import PATIENCE_S, until
from tests.standins.stores import StorePlace
from tests.unit.runner.schedules import ACCOUNT, REGION, Town, scheduled

HOUR = timedelta(hours=1)
CALLER = Caller(ACCOUNT, REGION, "arn:aws:iam::000000000000:user/anna", "AKIDANNA")
MANY = 2_000


class JumpingClock:
    """The machine's clock as somebody sets it: by `by` ahead."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by

    def elapsed_s(self) -> float:
        return time.monotonic()


@contextmanager
def node(place: StorePlace, name: str, ledger: Ledger, clock: JumpingClock | None) -> Generator[Backend]:
    shared = place.data.with_name("lake")
    shared.mkdir(exist_ok=True)
    settings = Settings(
        place.data.with_name(name),
        database_url=place.url,
        lease_s=3,
        buckets={"lake": f"file://{shared}"},
        key="cGxhbnRlZC1rZXktb2YtdGhlLXRlc3RzLTMyYnl0ZXM=",
        parallel_runs=True,
    )
    entries = [S3, Made(CONNECTOR_TYPE, ledger.connector_type())]
    backend = Backend(settings, clock, environment={}, entries=entries)
    backend.start()
    try:
        yield backend
    finally:
        backend.stop()


def call(backend: Backend, name: str, **members: Any) -> Any:
    return backend.dispatcher.call(name, CALLER, members).result(timeout=PATIENCE_S)


def records_in(folder: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])
def test_a_run_in_which_the_clock_jumps_is_done_once(store_place: StorePlace, jump: timedelta) -> None:
    clock, ledger = JumpingClock(), Ledger(store_place.data.with_name("ledger"))
    ledger.hold(7, datetime(2026, 1, 1, tzinfo=UTC))
    seen: list[int] = []

    def on_page(number: int) -> None:
        if number == 2 and not seen:
            clock.by = jump
            # Long enough for leases to be renewed by the new time.
            end_s = clock.elapsed_s() + 4
            until(lambda: clock.elapsed_s() >= end_s)
        seen.append(number)

    ledger.on_page = on_page
    with node(store_place, "one", ledger, clock) as one:
        call(one, "CreateConnectorProfile", **PROFILE)
        call(one, "CreateFlow", **flow(FROM_LEDGER, TO_S3))
        started = call(one, "StartFlow", flowName="orders", clientToken="a token")["executionId"]
        found = until(lambda: settled(one, started))

        assert (found.state.value, found.attempt) == ("done", 1)
        assert call(one, "StartFlow", flowName="orders", clientToken="a token")["executionId"] == started
        clock.by = timedelta()
        assert call(one, "StartFlow", flowName="orders", clientToken="a token")["executionId"] == started
        again = call(one, "StartFlow", flowName="orders", clientToken="another")["executionId"]
        assert until(lambda: settled(one, again)).state.value == "done"
    assert records_in(store_place.data.with_name("lake")) == 14


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])
def test_two_nodes_whose_clocks_are_an_hour_apart_do_no_run_twice(shared_place: StorePlace, jump: timedelta) -> None:
    clock, ledger = JumpingClock(), Ledger(shared_place.data.with_name("ledger"))
    ledger.hold(7, datetime(2026, 1, 1, tzinfo=UTC))
    clock.by = jump
    with node(shared_place, "one", ledger, clock) as one, node(shared_place, "other", ledger, None) as other:
        call(one, "CreateConnectorProfile", **PROFILE)
        call(one, "CreateFlow", **flow(FROM_LEDGER, TO_S3))
        ids = [call(each, "StartFlow", flowName="orders")["executionId"] for each in (one, other) * 5]
        ended = [until(lambda name=name: settled(other, name)) for name in ids]
    assert {(each.state.value, each.message) for each in ended} == {("done", None)}
    assert records_in(shared_place.data.with_name("lake")) == 7 * len(ids)


def settled(backend: Backend, execution_id: str) -> executions.Execution | None:
    found = backend.store.read(lambda tx: executions.get(tx, execution_id)).result(timeout=PATIENCE_S)
    return found if found is not None and found.finished_ms is not None else None


def test_two_thousand_flows_that_are_due_together_fire_once_each(store_place: StorePlace) -> None:
    store = store_place.open()
    others = store_place.open(data="other") if store_place.is_postgres else store
    town = Town(store)
    names = [f"flow-{number}" for number in range(MANY)]

    def add(tx: Any) -> None:
        for name in names:
            town.add_in(tx, scheduled("cron(0 4 * * ? *)"), name)

    town.write(add)
    town.clock.turn(datetime(2026, 1, 2, 4, tzinfo=UTC) - town.clock.now())
    began_s = time.monotonic()
    with ThreadPoolExecutor(2) as nodes:
        looks = [Scheduler(store=each, clock=town.clock, new_id=new_uuid).look for each in (store, others)]
        fired = [name for look in nodes.map(lambda look: look(), looks) for name in look]
    late_s = time.monotonic() - began_s

    assert len(set(fired)) == len(fired) == MANY
    runs = town.read(lambda tx: tx._session.rows("SELECT flow_id, scheduled_for_ms FROM executions"))
    assert len({flow_id for flow_id, _ in runs}) == len(runs) == MANY
    assert {from_ms(instant_ms) for _, instant_ms in runs} == {town.clock.now()}
    assert late_s < PATIENCE_S, late_s
    print(f"\n{MANY} flows due in one second were queued in {late_s:.1f} s")
    for each in {store, others}:
        each.close()
