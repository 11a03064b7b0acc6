"""A whole headrace but for its HTTP server, in a process that may be killed at any of its moments."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from headrace.backend import Backend
from headrace.clock import HandClock, from_ms, to_ms
from headrace.connector_sdk.listening import Arrival
from headrace.connector_sdk.registry import GROUP
from headrace.operations.context import Caller
from headrace.runner.grouping import grouped
from headrace.runner.scheduler import Scheduler
from headrace.runner.worker import Worker
from headrace.settings import Settings
from headrace.store import event_runs, events, executions, flows
from headrace.store.executions import Execution
from headrace.store.tx import Tx
from tests.crash.moments import Moments, WatchedStore
from tests.standins.ledger import Ledger
from tests.standins.processes import PATIENCE_S

START = datetime(2026, 1, 2, tzinfo=UTC)
CALLER = Caller("000000000000", "us-east-1", "arn:aws:iam::000000000000:user/anna", "AKIDANNA")
BUCKETS = ("raw", "lake", "errors")
KEY = "cGxhbnRlZC1rZXktb2YtdGhlLXRlc3RzLTMyYnl0ZXM="
S3 = EntryPoint("S3", "headrace.connectors.s3:CONNECTOR", GROUP)


class Made(EntryPoint):
    """An entry point of something that is there already."""

    def __init__(self, name: str, found: object) -> None:
        super().__init__(name=name, value="tests:made", group=GROUP)
        vars(self)["found"] = found

    def load(self) -> Any:
        return vars(self)["found"]


@dataclass(frozen=True)
class World:
    """What a scenario acts on. `tell` says to whoever watches the process what a caller was answered."""

    backend: Backend
    clock: HandClock
    worker: Worker
    tell: Callable[[str], None]

    def call(self, name: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """What a caller is answered; told, so that it can be held against what is there after a kill."""
        answer: Any = self.backend.dispatcher.call(name, CALLER, dict(document)).result(timeout=PATIENCE_S)
        self.tell(f"{name}: {answer.get('executionId', '')}")
        return dict(answer)

    def turn_to(self, instant: datetime) -> None:
        """Later, never back: a process that goes on after another begins where that one was."""
        self.clock.turn(max(instant - self.clock.now(), timedelta()))

    def fire(self) -> None:
        """Queue what is due."""
        Scheduler(store=self.backend.store, clock=self.clock, new_id=new_id).look()

    def hear(self, flow_name: str, keys: Iterable[str]) -> None:
        """Tell the flow of objects, as often as it takes, until all of them are done."""
        arrivals, store = [Arrival(key, json.dumps({"key": key})) for key in keys], self.backend.store

        def take(tx: Tx) -> None:
            flow = flows.head(tx, CALLER.account, CALLER.region, flow_name)
            assert flow is not None
            events.take(tx, flow.flow_id, arrivals, now_ms=to_ms(self.clock.now()))

        store.write(take).result(timeout=PATIENCE_S)
        self.work_on_events(flow_name)

    def work_on_events(self, flow_name: str) -> None:
        """Put the events of the flow to work, as often as it takes, until all of them are done."""
        found = self.backend.store.read(lambda tx: flows.head(tx, CALLER.account, CALLER.region, flow_name)).result(
            timeout=PATIENCE_S
        )
        assert found is not None
        while self._has_events(found.flow_id):
            self.rouse()
            self.wait_until_idle()

    def _has_events(self, flow_id: str) -> bool:
        found = self.backend.store.read(lambda tx: events.listener(tx, flow_id)).result(timeout=PATIENCE_S)
        return found is not None and found.waiting_events > 0

    def rouse(self) -> None:
        """Put to work the events that wait, and close what is over."""
        now_ms, store = to_ms(self.clock.now()), self.backend.store
        store.write(lambda tx: event_runs.rouse(tx, new_id, now_ms=now_ms)).result(timeout=PATIENCE_S)

    def wait_until_idle(self) -> None:
        """Until no execution waits or runs, and the worker has let go of the last one."""
        changed = threading.Event()
        unwatch = self.backend.store.watch(lambda _: changed.set())
        while self.backend.store.read(executions.unfinished).result(timeout=PATIENCE_S):
            changed.wait(PATIENCE_S)
            changed.clear()
        unwatch()
        assert self.worker._leases.wait_until_none(PATIENCE_S)


@dataclass(frozen=True)
class Node:
    """A process of headrace; those that share a database share the first one's buckets."""

    data: str = "data"
    database_url: str | None = None

    def settings(self, folder: Path) -> Settings:
        """One execution at a time, so that each process takes its steps in the same order."""
        given = {"HEADRACE_CONCURRENT_EXECUTIONS": "1", "HEADRACE_THREADS": "1", "HEADRACE_MEMORY_LIMIT": "128MiB"}
        if self.database_url is not None:
            shared = folder / "data"
            places = ",".join(f"{name}=file://{shared}/buckets/{name}" for name in BUCKETS)
            shares = {"HEADRACE_REJECTS": str(shared / "rejects"), "HEADRACE_KEY": KEY, "HEADRACE_BUCKETS": places}
            given |= shares | {"HEADRACE_DATABASE_URL": self.database_url}
        return Settings.from_environment(given, data=folder / self.data)


@contextmanager
def running(settings: Settings, moments: Moments, tell: Callable[[str], None], ledger: Ledger) -> Generator[World]:
    """One process of headrace from its start to its stop, on a clock that only the scenario turns."""
    clock = HandClock(START)
    entries = [S3, Made("Zendesk", ledger.connector_type())]
    around: Any = partial(WatchedStore, moments=moments)
    backend = Backend(settings, clock, new_id=new_id, environment={}, entries=entries, around_store=around)
    backend.start(is_working=False)
    after_the_dead(backend, clock)
    worker = worker_of(backend, settings, clock)
    worker.start()
    yield World(backend, clock, worker, tell)
    worker.stop()
    backend.stop()


def worker_of(backend: Backend, settings: Settings, clock: HandClock) -> Worker:
    """As the service has it, but for splits of two files."""
    return Worker(
        store=backend.store,
        registry=backend.registry,
        connections=backend.connectors.connections.unhurried(),
        engine=backend.engine,
        clock=clock,
        settings=settings,
        new_id=new_id,
        group=partial(grouped, most_files=2),
    )


def after_the_dead(backend: Backend, clock: HandClock) -> None:
    """Turn the clock to where a process before this one was."""
    latest = max((each.queued_ms for each in _unfinished(backend)), default=0)
    clock.turn(max(from_ms(latest) - clock.now(), timedelta()))


def _unfinished(backend: Backend) -> list[Execution]:
    ids = backend.store.read(executions.unfinished).result(timeout=PATIENCE_S)
    found = backend.store.read(lambda tx: [executions.get(tx, each) for each in ids]).result(timeout=PATIENCE_S)
    return [each for each in found if each is not None]


def new_id() -> str:
    return str(uuid.uuid4())
