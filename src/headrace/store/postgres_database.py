"""The rows in a PostgreSQL database, which other processes may have open too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack, closing
from functools import partial
from typing import Any, Self

from headrace.store import postgres, schema
from headrace.store.postgres_session import Reading, Writing
from headrace.store.postgres_topics import Exchange
from headrace.store.transactions import PATIENCE_S, Lane
from headrace.store.tx import Terms, Tx
from headrace.store.waiting import NO_WAITING, Waiting

# Connections of one process; with that of the topics, one more.
WRITERS = 6
READERS = 3


def schema_of(url: str) -> Any:
    """The schema of the database, a PostgresSchema. Raises SettingsError for a server that headrace can't use, Lost
    for none.
    """
    with closing(postgres.connect(url)) as connection:
        postgres.check(connection, url)
    return _schema_of(url)


def _make_or_check(url: str) -> None:
    """See PostgresSchema; quick where there is nothing to do. Raises as `schema_of` does."""
    with closing(postgres.connect(url)) as connection:
        postgres.check(connection, url)
        if schema.found_in(connection) == schema.newest():
            return
    _schema_of(url).make_or_check()


def _schema_of(url: str) -> Any:
    return schema.migrating().PostgresSchema(partial(postgres.connect_to_migrate, url), postgres.place_of(url))


class PostgresDatabase:
    """See `store.Database`."""

    is_shared = True

    def __init__(
        self, url: str, terms: Terms, announce: Callable[[Iterable[str]], None], *, patience_s: float = PATIENCE_S
    ) -> None:
        connect = partial(postgres.connect, url)

        def new_tx(session: Reading) -> Tx:
            return Tx(session, "postgresql", terms)

        def tell(topics: set[str]) -> None:
            announce(topics)
            self._exchange.announce(topics)

        with ExitStack() as stack:
            self._exchange = Exchange(connect, announce)
            stack.callback(self._exchange.close)
            self._writing = Lane(Writing, WRITERS, connect, new_tx, tell, patience_s=patience_s)
            stack.callback(self._writing.close)
            self._reading = Lane(Reading, READERS, connect, new_tx, tell, patience_s=patience_s)
            stack.callback(self._reading.close)
            self._stack = stack.pop_all()

    @classmethod
    def open(
        cls, url: str, terms: Terms, announce: Callable[[Iterable[str]], None], *, waiting: Waiting = NO_WAITING
    ) -> Self:
        """Open the database, whose schema is made if it is empty, once its server is up.

        Raises SettingsError if the server can't be reached, refuses the user or is too old, or if the schema is
        not one that this version works with.
        """
        with postgres.opening(url):
            waiting.until_up(lambda: _make_or_check(url))
            return cls(url, terms, announce)

    def write(self, work: Callable[[Tx], Any]) -> Future[Any]:
        """See `Store.write`. The work runs beside others."""
        return self._writing.submit(work)

    def read(self, work: Callable[[Tx], Any]) -> Future[Any]:
        """See `Store.read`."""
        return self._reading.submit(work)

    def hasten(self) -> None:
        """See `Store.hasten`."""
        self._writing.hasten()
        self._reading.hasten()

    def close(self) -> None:
        """See `Store.close`."""
        self._stack.close()
