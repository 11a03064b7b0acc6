"""A few connections that only read, each on a thread of a pool."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from headrace.errors import InternalServerException
from headrace.store import sqlite
from headrace.store.tx import Tx


class Readers:
    """Runs read transactions, at most one for each connection at a time."""

    def __init__(self, connections: list[sqlite3.Connection], new_tx: Callable[[sqlite3.Connection], Tx]) -> None:
        self._connections = connections
        self._new_tx = new_tx
        self._free: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for connection in connections:
            self._free.put(connection)
        self._pool = ThreadPoolExecutor(len(connections), thread_name_prefix="headrace-store-reader")

    def submit(self, work: Callable[[Tx], Any]) -> Future[Any]:
        """Queue the work. Raises InternalServerException once the pool is closed."""
        try:
            return self._pool.submit(self._run, work)
        except RuntimeError as error:
            raise InternalServerException(
                "headrace is stopping: its store is closed. Try again once it is up."
            ) from error

    def close(self) -> None:
        """Finish what waits, then close the connections."""
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def _run(self, work: Callable[[Tx], Any]) -> Any:
        connection = self._free.get()
        try:
            # One snapshot for all that the work reads.
            connection.execute("BEGIN")
            return work(self._new_tx(connection))
        except sqlite3.Error as error:
            raise sqlite.worded(error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._free.put(connection)
