"""The one thread that writes: waiting transactions are committed together."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from headrace.errors import InternalServerException
from headrace.store import sqlite
from headrace.store.tx import Tx

Work = Callable[[Tx], Any]
# Bounds how long one commit is awaited by the first of its writes.
_MOST_TOGETHER = 256


class _Write:
    """One transaction's work, where its outcome goes, and what became of it so far."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def resolve(self) -> None:
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Runs transactions one after another on one connection.

    All that wait share one COMMIT, so its fsync is paid once. One that raises is undone alone: if it has changed
    something by then, all of them are undone and run again, each in a savepoint of its own. A future resolves after
    the COMMIT is durable. The writer never dies of an error in a work.
    """

    def __init__(
        self, connection: sqlite3.Connection, new_tx: Callable[[], Tx], announce: Callable[[set[str]], None]
    ) -> None:
        self._connection = connection
        self._new_tx = new_tx
        self._announce = announce
        self._waiting: SimpleQueue[_Write | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="headrace-store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> Future[Any]:
        """Queue the work. Raises InternalServerException once the writer is closed."""
        write = _Write(work)
        with self._closing:
            if self._is_closed:
                raise InternalServerException("headrace is stopping: its store is closed. Try again once it is up.")
            self._waiting.put(write)
        return write.future

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            writes, is_open = self._gather()
            started = [write for write in writes if write.future.set_running_or_notify_cancel()]
            if started:
                self._commit(started)

    def _gather(self) -> tuple[list[_Write], bool]:
        """Wait for a write; then all that wait with it, and False after the last there will be."""
        writes: list[_Write] = []
        write = self._waiting.get()
        while write is not None:
            writes.append(write)
            if len(writes) == _MOST_TOGETHER:
                return writes, True
            try:
                write = self._waiting.get_nowait()
            except Empty:
                return writes, True
        return writes, False

    def _commit(self, writes: list[_Write]) -> None:
        try:
            plainly = self._plainly(writes)
            topics = self._apart(writes) if plainly is None else plainly
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo(writes, error)
            topics = set[str]()
        for write in writes:
            write.resolve()
        if topics:
            self._announce(topics)

    def _plainly(self, writes: list[_Write]) -> set[str] | None:
        """Run the works, most of which succeed, without savepoints; the topics they announced.

        None, and nothing is kept, where one raised after it had changed something.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        topics: set[str] = set()
        for write in writes:
            changes = self._connection.total_changes
            tx = self._new_tx()
            try:
                write.result = write.work(tx)
            except BaseException as error:  # Boundary: as in _attempt
                self._check_in_transaction(error)
                if isinstance(error, sqlite3.Error) or self._connection.total_changes != changes:
                    self._connection.execute("ROLLBACK")
                    return None
                write.error = error
            else:
                topics |= tx.topics
        return topics

    def _apart(self, writes: list[_Write]) -> set[str]:
        """Run each work in a savepoint of its own; the topics they announced."""
        self._connection.execute("BEGIN IMMEDIATE")
        return {topic for write in writes for topic in self._attempt(write)}

    def _attempt(self, write: _Write) -> set[str]:
        """Run one work inside its savepoint; the topics it announced."""
        tx = self._new_tx()
        write.error = None
        self._connection.execute("SAVEPOINT one")
        try:
            write.result = write.work(tx)
        except BaseException as error:  # Boundary: whatever it is, it is the caller's; the future hands it over
            self._check_in_transaction(error)
            self._connection.execute("ROLLBACK TO one")
            write.error = sqlite.worded(error) if isinstance(error, sqlite3.Error) else error
            tx.topics.clear()
        self._connection.execute("RELEASE one")
        return tx.topics

    def _check_in_transaction(self, error: BaseException) -> None:
        """Raise where the disk failed under a work: SQLite has then undone the whole transaction, not it alone."""
        if not self._connection.in_transaction:
            raise _as_sqlite(error) from error

    def _undo(self, writes: list[_Write], error: sqlite3.Error) -> None:
        """Nothing of the batch is kept: every write fails."""
        # On a disk that fails this fails too; the next BEGIN then does, until it is mended.
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        for write in writes:
            write.error = sqlite.worded(error)


def _as_sqlite(error: BaseException) -> sqlite3.Error:
    return error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError(str(error))
