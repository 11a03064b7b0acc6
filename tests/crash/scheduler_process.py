"""A scheduler in a process that is killed at a moment of its one look: `scheduler_process.py DATA MOMENT AFTER_S`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headrace.clock import HandClock
from headrace.runner.scheduler import Scheduler
from headrace.store.store import Store

NOW = datetime(2026, 1, 2, 3, 10, tzinfo=UTC)


class KilledStore:
    """A store whose process is killed before or after the work of a write, or after its COMMIT."""

    def __init__(self, store: Store, moment: str) -> None:
        self._store = store
        self._moment = moment

    def read(self, work: Callable[[Any], Any]) -> Future[Any]:
        return self._store.read(work)

    def write(self, work: Callable[[Any], Any]) -> Future[Any]:
        written = self._store.write(lambda tx: self._work(tx, work))
        written.result()
        self._die_at("after the commit")
        return written

    def _work(self, tx: Any, work: Callable[[Any], Any]) -> Any:
        self._die_at("before the work")
        done = work(tx)
        self._die_at("between the work and the commit")
        return done

    def _die_at(self, moment: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


def look(data: Path, moment: str, now: datetime = NOW) -> tuple[str, ...]:
    store = Store.open(data)
    try:
        scheduler = Scheduler(
            store=KilledStore(store, moment),  # pyright: ignore[reportArgumentType]
            clock=HandClock(now),
            new_id=lambda: f"execution of {os.getpid()}",
        )
        return scheduler.look()
    finally:
        store.close()


if __name__ == "__main__":
    look(Path(sys.argv[1]), sys.argv[2], NOW + timedelta(seconds=int(sys.argv[3])))
