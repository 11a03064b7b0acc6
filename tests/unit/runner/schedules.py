"""Scheduled flows on a real store and a clock turned by hand, with a scheduler that looks when it is told to."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headrace.clock import HandClock, from_ms, to_ms
from headrace.log import Log, silent
from headrace.meters import Meters
from headrace.model.states import State
from headrace.operations import schedules as operations
from headrace.runner.scheduler import Scheduler
from headrace.settings import Settings
from headrace.store import executions, flows, schedules
from headrace.store.executions import Claim, Execution
from headrace.store.opening import open_store
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ACCOUNT, REGION = "000000000000", "us-east-1"
Json = dict[str, Any]


def scheduled(expression: str = "rate(1minutes)", **members: Any) -> Json:
    """A flow document of which all but the trigger is of no account."""
    timing = {"scheduleExpression": expression, **members}
    return {"triggerConfig": {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}}


@dataclass
class Town:
    """One store; `look` is one look of a scheduler."""

    store: Store
    clock: HandClock = field(default_factory=lambda: HandClock(START))
    log: Log = field(default_factory=silent)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    name: str = "e"

    def scheduler(self, store: Any = None, meters: Meters | None = None) -> Scheduler:
        return Scheduler(
            store=store or self.store,
            clock=self.clock,
            new_id=lambda: f"{self.name}{next(self.numbers)}",
            log=self.log,
            meters=meters,
        )

    def look(self, by: timedelta = timedelta(0)) -> tuple[str, ...]:
        """Turn the clock and look."""
        self.clock.turn(by)
        return self.scheduler().look()

    def add(
        self, document: Json, name: str = "orders", *, is_started: bool = True, threshold: int | None = None
    ) -> None:
        self.write(lambda tx: self.add_in(tx, document, name, is_started=is_started, threshold=threshold))

    def add_in(
        self, tx: Tx, document: Json, name: str, *, is_started: bool = True, threshold: int | None = None
    ) -> None:
        now_ms = to_ms(self.clock.now())
        flows.insert(
            tx,
            flow_id=f"id of {name}",
            account=ACCOUNT,
            region=REGION,
            name=name,
            arn=f"arn:{name}",
            trigger_type="Scheduled",
            failure_threshold=threshold,
            status="Draft",
            kms_arn=None,
            document={"flowName": name, **document},
            by="me",
            now_ms=now_ms,
        )
        if is_started:
            self.start_in(tx, name)

    def start(self, name: str = "orders") -> None:
        self.write(lambda tx: self.start_in(tx, name))

    def start_in(self, tx: Tx, name: str) -> None:
        found = flows.get(tx, ACCOUNT, REGION, name)
        assert found is not None
        operations.activate(tx, found, to_ms(self.clock.now()))

    def stop(self, name: str = "orders") -> None:
        self.write(lambda tx: flows.set_status(tx, f"id of {name}", status="Suspended"))

    def runs(self, name: str = "orders") -> list[Execution]:
        """The flow's executions, oldest first."""
        found = self.read(lambda tx: executions.page(tx, f"id of {name}", before_sequence=None, limit=1000))
        return found[::-1]

    def windows(self, name: str = "orders") -> list[tuple[str, str]]:
        """The windows of the flow's executions, oldest first."""
        return [(clock_of(each.window_from_ms), clock_of(each.window_to_ms)) for each in self.runs(name)]

    def flow(self, name: str = "orders") -> flows.FlowRow:
        found = self.read(lambda tx: flows.get(tx, ACCOUNT, REGION, name))
        assert found is not None
        return found

    def next_tick(self) -> datetime | None:
        earliest_ms = self.read(schedules.earliest_ms)
        return None if earliest_ms is None else from_ms(earliest_ms)

    def take(self) -> Claim:
        """Claim the oldest execution, as a worker does."""
        now_ms = to_ms(self.clock.now())
        (claim,) = self.write(
            lambda tx: executions.claim(tx, owner="worker", now_ms=now_ms, lease_until_ms=now_ms + 9_999_999, limit=1)
        )
        return claim

    def settle(self, claim: Claim | None = None, state: State = State.DONE) -> None:
        """End an execution, the oldest one by default, as a worker does."""
        held, now_ms = (claim or self.take()).execution, to_ms(self.clock.now())
        assert self.write(
            lambda tx: executions.settle(
                tx, held.execution_id, held.fence, state=state, counts=None, message=None, now_ms=now_ms
            )
        )

    def write(self, work: Any) -> Any:
        return self.store.write(work).result(timeout=PATIENCE_S)

    def read(self, work: Any) -> Any:
        return self.store.read(work).result(timeout=PATIENCE_S)


def clock_of(ms: int | None) -> str:
    """The time of day of an instant, with its day where that is another than the start's."""
    if ms is None:
        return "-"
    instant = from_ms(ms)
    return f"{instant:%H:%M:%S}" if instant.date() == START.date() else f"{instant:%Y-%m-%dT%H:%M:%S}"


@contextmanager
def town(data: Path, database_url: str | None = None) -> Generator[Town]:
    store = open_store(Settings(data, database_url=database_url))
    try:
        yield Town(store)
    finally:
        store.close()
