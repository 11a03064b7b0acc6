"""Running works in transactions on PostgreSQL: again where the database undid one, in words where it failed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, LifoQueue
from time import monotonic
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from headrace.errors import StoreAway
from headrace.store import postgres
from headrace.store.postgres import Lost, Postgres
from headrace.store.postgres_session import Reading
from headrace.store.tx import Tx

Work = Callable[[Tx], Any]
# How long a work is run again after its connection broke. PostgreSQL restarts within seconds.
PATIENCE_S = 30.0
# The same in a process that stops: who told it to waits for its end, and kills it after ten seconds or so.
HURRIED_S = 2.0
_LONGEST_PAUSE_S = 1.0
_FIRST_PAUSE_S = 0.02
# The database undid the transaction because of another one; alone, it would have passed.
_UNDONE = (errors.SerializationFailure, errors.DeadlockDetected)


class Connections:
    """Connections that are free, the last used first; made when none is."""

    def __init__(self, connect: Callable[[], Postgres]) -> None:
        self._connect = connect
        self._free: LifoQueue[Postgres] = LifoQueue()

    @contextmanager
    def one(self) -> Generator[Postgres]:
        """A connection for the block. Raises Lost if none can be made."""
        try:
            connection = self._free.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            if not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE:
                self._free.put(connection)
            else:
                connection.close()
                # What broke one has most often broken all: each would only be found out in its turn.
                self.close()

    def close(self) -> None:
        """Close those that are free."""
        while not self._free.empty():
            self._free.get_nowait().close()


class Lane:
    """Runs works of one kind side by side, each in a transaction, on so many threads with a connection each."""

    def __init__(
        self,
        session: type[Reading],
        count: int,
        connect: Callable[[], Postgres],
        new_tx: Callable[[Reading], Tx],
        announce: Callable[[set[str]], None],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._session = session
        self._connections = Connections(connect)
        self._new_tx = new_tx
        self._announce = announce
        self._patience_s = patience_s
        self._closing = threading.Event()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=f"headrace-store-{session.__name__.lower()}")

    def submit(self, work: Work) -> Future[Any]:
        """Queue the work. Raises StoreAway once the lane is closed."""
        try:
            return self._threads.submit(self._run, work, monotonic())
        except RuntimeError as error:
            raise _stopping() from error

    def hasten(self) -> None:
        """See `Store.hasten`."""
        self._patience_s = min(self._patience_s, HURRIED_S)

    def close(self) -> None:
        """Finish what waits, as far as the database answers, then close the connections."""
        self._closing.set()
        self._threads.shutdown()
        self._connections.close()

    def _run(self, work: Work, asked_at_s: float) -> Any:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return self._attempt(work)
            except (Lost, *_UNDONE) as error:
                if monotonic() + pause_s > asked_at_s + self._patience_s or self._closing.is_set():
                    raise _given_up(error) from error
            except psycopg.Error as error:
                raise postgres.worded(error) from error
            # At random, so that two that met don't meet again.
            self._closing.wait(pause_s * random.uniform(0.5, 1))  # noqa: S311 - no secret
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _attempt(self, work: Work) -> Any:
        with self._connections.one() as connection:
            with postgres.lost(connection, *self._session.MOVED):
                connection.execute(self._session.BEGIN, prepare=False)
                tx = self._new_tx(self._session(connection))
                try:
                    result = work(tx)
                except BaseException:  # Boundary: whatever it is, it is the caller's; the future hands it over
                    _roll_back(connection)
                    raise
            _commit(connection)
        if tx.topics:
            self._announce(tx.topics)
        return result


def _roll_back(connection: Postgres) -> None:
    if not connection.closed:
        with postgres.lost(connection):
            connection.execute("ROLLBACK", prepare=False)


def _commit(connection: Postgres) -> None:
    try:
        status = connection.execute("COMMIT", prepare=False).statusmessage
    except psycopg.Error as error:
        if not connection.closed:
            raise
        # The server shuts down by order: it says so before it begins to commit, or not at all.
        if isinstance(error, errors.AdminShutdown):
            raise Lost(str(error)) from error
        raise StoreAway(
            "The connection to the database broke while a change was committed, so it is not known whether it was"
            " kept. Send the request again; with its clientToken that is safe."
        ) from error
    if status != "COMMIT":
        # PostgreSQL undoes a transaction in which a statement failed, whoever caught its error.
        raise AssertionError(f"A work went on after an error of the database, which then answered {status}.")


def _given_up(error: Exception) -> StoreAway:
    if isinstance(error, Lost):
        return StoreAway(
            f"headrace can't reach its database, so nothing was changed: {error.message.rstrip('.')}. Try again once"
            " the server is up."
        )
    return StoreAway(f"headrace could not get its turn in the database: {error}. Try again.")


def _stopping() -> StoreAway:
    return StoreAway("headrace is stopping: its store is closed. Try again once it is up.")
