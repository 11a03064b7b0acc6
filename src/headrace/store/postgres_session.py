"""Transactions on PostgreSQL, as the functions of the store see them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import errors

from headrace.store.postgres import Postgres
from headrace.store.tx import Row

_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS key"
_TRY_LOCK = "SELECT key FROM unnest(%(keys)s::bigint[]) AS key WHERE pg_try_advisory_xact_lock(key)"


class Reading:
    """A connection in a transaction that only reads: it sees one snapshot, so it needs no lock."""

    BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    # Errors that say that another server has to be found.
    MOVED: tuple[type[psycopg.Error], ...] = ()

    def __init__(self, connection: Postgres) -> None:
        self.connection = connection
        self._cursor = connection.cursor()

    def rows(self, text: str, values: Mapping[str, Any] | None = None, /) -> list[Row]:
        """See `tx.Session`."""
        cursor = self._cursor
        cursor.execute(text.encode(), values)
        # Whether there are columns: their descriptions, which nobody reads, would be made for the asking.
        return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []

    def each(self, text: str, values: Sequence[Mapping[str, Any]], /) -> None:
        """See `tx.Session`."""
        self._cursor.executemany(text.encode(), values)

    def lock(self, _: Sequence[str], /) -> None:
        """See `tx.Session`."""

    def try_locks(self, names: Sequence[str], /) -> set[str]:
        """See `tx.Session`."""
        return set(names)


class Writing(Reading):
    """A connection in a transaction that writes: each statement sees what was committed before it."""

    BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
    # The primary of a moment ago is a standby now.
    MOVED = (errors.ReadOnlySqlTransaction,)

    def lock(self, names: Sequence[str], /) -> None:
        """See `tx.Session`."""
        self.rows(_LOCK, {"keys": [_key(name) for name in names]})

    def try_locks(self, names: Sequence[str], /) -> set[str]:
        """See `tx.Session`."""
        known = {_key(name): name for name in names}
        return {known[key] for (key,) in self.rows(_TRY_LOCK, {"keys": list(known)})}


def _key(name: str) -> int:
    """The number that PostgreSQL knows the lock by, the same in every process."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
