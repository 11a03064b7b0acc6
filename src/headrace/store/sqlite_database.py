"""The rows in a SQLite file: one thread writes, a few others read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from headrace.store import schema, sqlite
from headrace.store.readers import Readers
from headrace.store.tx import Row, Terms, Tx
from headrace.store.writer import Writer

_READERS = 3


class SqliteSession:
    """A connection as a transaction sees it. One transaction writes at a time, so nothing need be locked."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def rows(self, text: str, values: Mapping[str, Any] | None = None, /) -> list[Row]:
        """See `tx.Session`."""
        return self.connection.execute(text, values or {}).fetchall()

    def each(self, text: str, values: Sequence[Mapping[str, Any]], /) -> None:
        """See `tx.Session`."""
        self.connection.executemany(text, values)

    def lock(self, _: Sequence[str], /) -> None:
        """See `tx.Session`."""

    def try_locks(self, names: Sequence[str], /) -> set[str]:
        """See `tx.Session`."""
        return set(names)


class SqliteDatabase:
    """See `store.Database`. Exactly one process opens the file: who opens this holds its folder's lock."""

    is_shared = False

    def __init__(self, file: Path, terms: Terms, announce: Callable[[set[str]], None], stack: ExitStack) -> None:
        def new_tx(connection: sqlite3.Connection) -> Tx:
            return Tx(SqliteSession(connection), "sqlite", terms)

        connection = sqlite.connect(file)
        stack.callback(connection.close)
        self._writer = Writer(connection, lambda: new_tx(connection), announce)
        stack.callback(self._writer.close)
        # Closed first: the writer's connection is the last, so no other one ever checkpoints.
        self._readers = Readers([sqlite.connect(file, is_reader=True) for _ in range(_READERS)], new_tx)
        stack.callback(self._readers.close)
        self._stack = stack.pop_all()

    @classmethod
    def open(cls, data: Path, terms: Terms, announce: Callable[[set[str]], None]) -> Self:
        """Open the file of the folder, made if missing, brought to this version's schema.

        Raises SettingsError if the file can't be written, is damaged, or a newer headrace wrote it.
        """
        file = data / sqlite.FILE_NAME
        sqlite.make_private(file)
        with ExitStack() as stack, sqlite.opening(file):
            schema.to_newest(file)
            return cls(file, terms, announce, stack)

    def write(self, work: Callable[[Tx], Any]) -> Future[Any]:
        """See `Store.write`. The work runs on the only thread that writes."""
        return self._writer.submit(work)

    def read(self, work: Callable[[Tx], Any]) -> Future[Any]:
        """See `Store.read`."""
        return self._readers.submit(work)

    def hasten(self) -> None:
        """See `Store.hasten`. A file is not waited for."""

    def close(self) -> None:
        """See `Store.close`."""
        self._stack.close()
