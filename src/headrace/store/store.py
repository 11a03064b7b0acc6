"""The store: transactions, and word of what changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, Self, TypeVar

from headrace.meters import Meters
from headrace.store.folder import FolderLock
from headrace.store.sqlite_database import SqliteDatabase
from headrace.store.topics import Listener, Topics
from headrace.store.tx import Terms, Tx

T = TypeVar("T")
Work = Callable[[Tx], Any]


class Database(Protocol):
    """Where the rows lie; it calls its store's topics with what a durable transaction announced."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may have it open."""
        ...

    def write(self, work: Work) -> Future[Any]:
        """See `Store.write`."""
        ...

    def read(self, work: Work) -> Future[Any]:
        """See `Store.read`."""
        ...

    def hasten(self) -> None:
        """See `Store.hasten`."""
        ...

    def close(self) -> None:
        """See `Store.close`."""
        ...


class Store:
    """What headrace remembers. All threads of a process share one Store; exactly one process opens a data folder.

    Work is a function of a `Tx`; the modules beside this one have the functions to call with it. Made by
    `opening.open_store`, or by `open` on the file of a data folder.
    """

    def __init__(self, database: Database, topics: Topics, stack: ExitStack, meters: Meters | None = None) -> None:
        """`stack` is closed with the store, after the database."""
        self._database = database
        self._topics = topics
        self._writes = (meters or Meters()).writes
        stack.callback(database.close)
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
        """Open the store in the file of the folder `data`, made if missing, brought to this version's schema.

        For `executions_kept` and `reports_to` see `Terms`.

        Raises SettingsError if another process holds the folder, the folder can't be written, the file is
        damaged, or a newer headrace wrote it.
        """
        with ExitStack() as stack:
            lock = FolderLock(data)
            stack.callback(lock.release)
            topics = Topics()
            database = SqliteDatabase.open(data, Terms(executions_kept, reports_to), topics.announce)
            return cls(database, topics, stack, meters)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may have the same database open."""
        return self._database.is_shared

    def write(self, work: Callable[[Tx], T]) -> Future[T]:
        """Run the work in a transaction of its own; the future resolves after its COMMIT is durable.

        What the work raises, the future raises, and the work's changes are undone. The work must not wait for
        anything. It may be run again if the database undid it, so it changes nothing but through its `Tx`. Works
        that wait together may run in any order. A future cancelled in time keeps the work from running.

        The future raises InternalServerException where the database fails; on PostgreSQL its kind StoreAway, also
        where it can't be told whether a change was kept.
        """
        begun_s = perf_counter()
        future = self._database.write(work)
        future.add_done_callback(lambda _: self._writes.add(perf_counter() - begun_s))
        return future

    def read(self, work: Callable[[Tx], T]) -> Future[T]:
        """Run the work on a snapshot, beside those that write. It must not write."""
        return self._database.read(work)

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each topic that a durable transaction announced; the answer ends that.

        Transactions of other processes on the same database count too; word of them may get lost. The listener
        runs on a thread of the store: it must only wake somebody else, and not raise.
        """
        return self._topics.watch(listener)

    def hasten(self) -> None:
        """Wait no more than two seconds from now on for a database that is away: the process is to end."""
        self._database.hasten()

    def close(self) -> None:
        """Finish what waits, then close the database and let the folder go. Closing again does nothing."""
        self._stack.close()
