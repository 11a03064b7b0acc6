"""A worker in a process of its own that is killed at a chosen step: `runner_process.py DATA STEP`.

Steps are counted from the claim of the one execution on: before and after each write of the store is durable,
before and after each split, before, between and after the objects that are published. Step 0 kills nothing.
Each step is printed before it is taken. Time stands still: progress that is due and leases that are renewed
would be steps of a slow machine alone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from headrace.clock import HandClock
from headrace.connector_sdk.records import Connections
from headrace.connector_sdk.registry import Registry
from headrace.engine.results import SplitOrder, SplitResult
from headrace.engine.split import Engine
from headrace.engine.watch import Watch
from headrace.flow.plan import Plan
from headrace.model.states import FINISHED
from headrace.runner.grouping import grouped
from headrace.runner.worker import Worker
from headrace.settings import Settings
from headrace.store import executions
from headrace.store.store import Store

EXECUTION = "11111111-2222-4333-8444-555555555555"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Steps:
    """Counts steps, and kills this process at one of them."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._count = 0
        self._lock = threading.Lock()
        self.is_counting = False

    def take(self, name: str) -> None:
        if not self.is_counting:
            return
        with self._lock:
            self._count += 1
            print(f"step {self._count}: {name}", flush=True)
            if self._count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


class SteppedStore:
    """A store that takes a step before each write and another once it is durable."""

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def write(self, work: Callable[[Any], Any]) -> Future[Any]:
        self._steps.take("before a write")
        pending: Future[Any] = Future()

        def durable(done: Future[Any]) -> None:
            if error := done.exception():
                pending.set_exception(error)
                return
            self._steps.is_counting |= isinstance(done.result(), list) and bool(done.result())
            self._steps.take("after a write")
            pending.set_result(done.result())

        self._store.write(work).add_done_callback(durable)
        return pending

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class SteppedEngine:
    def __init__(self, engine: Engine, steps: Steps) -> None:
        self._engine = engine
        self._steps = steps

    def run_split(self, split: SplitOrder, watch: Watch) -> SplitResult:
        self._steps.take("before a split")
        result = self._engine.run_split(split, watch)
        self._steps.take("after a split")
        return result


class SteppedRegistry:
    """A registry whose destinations publish one object after the other, with a step before each and after all."""

    def __init__(self, registry: Registry, steps: Steps) -> None:
        self._registry = registry
        self._steps = steps

    def destination(self, connector_type: str) -> SteppedRegistry:
        return self

    def publish(self, properties: Mapping[str, Any], staged: Sequence[Any]) -> None:
        for file in staged:
            self._steps.take("before an object is published")
            self._registry.destination("S3").publish(properties, [file])
        self._steps.take("after the objects are published")

    def source(self, connector_type: str) -> Any:
        return self._registry.source(connector_type)

    def missing(self, plan: Plan) -> str | None:
        return self._registry.missing(plan)


def settings_of(data: Path) -> Settings:
    """One execution at a time, so that no claims come between its steps."""
    return Settings.from_environment({"HEADRACE_CONCURRENT_EXECUTIONS": "1", "HEADRACE_THREADS": "1"}, data=data)


def work(data: Path, steps: Steps, connections: Connections | None = None) -> None:
    """Run the queue until the execution has settled."""
    settings = settings_of(data)
    store = Store.open(data)
    engine = Engine(memory_limit_bytes=2**27, threads=1, scratch=data / "scratch")
    store.write(executions.expire_leases).result()
    worker = Worker(
        store=SteppedStore(store, steps),  # pyright: ignore[reportArgumentType]
        registry=SteppedRegistry(Registry.load(settings), steps),  # pyright: ignore[reportArgumentType]
        connections=connections,
        engine=SteppedEngine(engine, steps),  # pyright: ignore[reportArgumentType]
        clock=HandClock(NOW),
        settings=settings,
        new_id=lambda: f"worker-{os.getpid()}",
        group=partial(grouped, most_files=2),
    )
    settled = threading.Event()
    store.watch(lambda _: settled.set())
    worker.start()
    while not is_settled(store):
        settled.wait(0.2)
        settled.clear()
    worker.stop()
    engine.close()
    store.close()


def is_settled(store: Store) -> bool:
    found = store.read(lambda tx: executions.get(tx, EXECUTION)).result()
    return found is not None and found.state in FINISHED


if __name__ == "__main__":
    work(Path(sys.argv[1]), Steps(int(sys.argv[2])))
