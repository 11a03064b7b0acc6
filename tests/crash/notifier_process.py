"""A delivery in a process that is killed at a moment of it: `notifier_process.py DATA FILE MOMENT`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headrace.clock import HandClock
from headrace.log import silent
from headrace.runner.notifier import Rounds
from headrace.runner.receivers import FileReceiver
from headrace.store.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class KilledStore:
    """A store whose process is killed when it is told that reports were delivered, before or after it keeps that."""

    def __init__(self, store: Store, moment: str) -> None:
        self._store = store
        self._moment = moment

    def read(self, work: Callable[[Any], Any]) -> Future[Any]:
        return self._store.read(work)

    def write(self, work: Callable[[Any], Any]) -> Future[Any]:
        written = self._store.write(lambda tx: self._work(tx, work))
        written.result()
        self._die_at("after the mark")
        return written

    def _work(self, tx: Any, work: Callable[[Any], Any]) -> Any:
        self._die_at("before the mark")
        done = work(tx)
        self._die_at("within the mark")
        return done

    def _die_at(self, moment: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


def deliver(data: Path, file: Path, moment: str) -> bool:
    receiver = FileReceiver(file.as_uri())
    store = Store.open(data, reports_to=(receiver.key,))
    try:
        killed: Any = KilledStore(store, moment)
        return Rounds(killed, HandClock(NOW), receiver, silent(), lambda _: 0.0).deliver_all()
    finally:
        store.close()


if __name__ == "__main__":
    deliver(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
