"""The store: transactions on one file, and word of what changed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Self, TypeVar

from headrace.meters import Meters
from headrace.store import migrate, sqlite
from headrace.store.readers import Readers
from headrace.store.statements import sqlite_compiler
from headrace.store.tx import Tx
from headrace.store.writer import Writer

T = TypeVar("T")
Listener = Callable[[str], None]
_READERS = 3


class Store:
    """What headrace remembers. All threads share one Store; exactly one process opens a data folder.

    Work is a function of a `Tx`; the modules beside this one have the functions to call with it. Made by `open`.
    """

    def __init__(
        self,
        data: Path,
        *,
        executions_kept: int,
        stack: ExitStack,
        reports_to: tuple[str, ...] = (),
        meters: Meters | None = None,
    ) -> None:
        self._writes = (meters or Meters()).writes
        file = data / sqlite.FILE_NAME
        self._executions_kept = executions_kept
        self._reports_to = reports_to
        self._compiler = sqlite_compiler()
        self._listeners: list[Listener] = []
        self._listening = threading.Lock()
        connection = sqlite.connect(file)
        stack.callback(connection.close)
        self._writer = Writer(connection, lambda: self._tx(connection), self._announce)
        stack.callback(self._writer.close)
        # Closed first: the writer's connection is the last, so no other one ever checkpoints.
        self._readers = Readers([sqlite.connect(file, is_reader=True) for _ in range(_READERS)], self._tx)
        stack.callback(self._readers.close)
        self._stack = stack.pop_all()

    @classmethod
    def open(
        cls,
        data: Path,
        *,
        executions_kept: int = 10_000,
        reports_to: tuple[str, ...] = (),
        meters: Meters | None = None,
    ) -> Self:
        """Open the store of the folder `data`, made if missing, brought to this version's schema.

        `executions_kept` bounds the finished executions that are kept of each flow, oldest dropped first.
        `reports_to` are the keys of the receivers that are told of runs.

        Raises SettingsError if another process holds the folder, the folder can't be written, the file is
        damaged, or a newer headrace wrote it.
        """
        with ExitStack() as stack:
            lock = sqlite.Lock(data)
            stack.callback(lock.release)
            file = data / sqlite.FILE_NAME
            sqlite.make_private(file)
            with sqlite.opening(file):
                migrate.to_newest(file)
                return cls(data, executions_kept=executions_kept, stack=stack, reports_to=reports_to, meters=meters)

    def write(self, work: Callable[[Tx], T]) -> Future[T]:
        """Run the work in a transaction of its own; the future resolves after its COMMIT is durable.

        What the work raises, the future raises, and the work's changes are undone. The work runs on the store's
        only writing thread: it must not wait for anything. A future cancelled in time keeps the work from running.
        """
        begun_s = perf_counter()
        future = self._writer.submit(work)
        future.add_done_callback(lambda _: self._writes.add(perf_counter() - begun_s))
        return future

    def read(self, work: Callable[[Tx], T]) -> Future[T]:
        """Run the work on a snapshot, beside the writing thread. It must not write."""
        return self._readers.submit(work)

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each topic that a durable transaction announced; the answer ends that.

        The listener runs on the writing thread: it must only wake somebody else, and not raise.
        """
        with self._listening:
            self._listeners = [*self._listeners, listener]

        def unwatch() -> None:
            with self._listening:
                self._listeners = [known for known in self._listeners if known is not listener]

        return unwatch

    def close(self) -> None:
        """Finish what waits, then close the file and let the folder go. Closing again does nothing."""
        self._stack.close()

    def _tx(self, connection: sqlite3.Connection) -> Tx:
        return Tx(connection, self._compiler, executions_kept=self._executions_kept, reports_to=self._reports_to)

    def _announce(self, topics: set[str]) -> None:
        for listener in self._listeners:
            for topic in topics:
                listener(topic)
