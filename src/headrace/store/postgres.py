"""PostgreSQL: connecting, and what its errors mean in words."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import Connection, conninfo, errors
from psycopg.types.numeric import Int8Dumper

from headrace.errors import SettingsError, StoreAway
from headrace.store.waiting import Lost

OLDEST = 14
# Of libpq, where the URL does not say otherwise: a server that is gone is noticed, not waited for.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "headrace",
}
# Of the server. A process that is stopped in the middle of a transaction lets go of its locks after the last of them.
_LIMITS = {
    "statement_timeout": "60s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "15s",
}
# Each statement has the index that it is written for. A queue that has just filled up, or that was just emptied, is one
# whose statistics are wrong: by them the server would read all of it for each look.
_PLANNING = {"enable_seqscan": "off", "enable_bitmapscan": "off", "plan_cache_mode": "force_generic_plan"}
# More than there are statements: each is parsed and planned once a connection.
_STATEMENTS_PREPARED = 400

Postgres = Connection[tuple[Any, ...]]


def connect(url: str, *, is_limited: bool = True) -> Postgres:
    """Open a connection in autocommit mode: transactions begin where they are said to.

    `is_limited`: no statement takes longer than a minute.

    Raises Lost if the server can't be spoken to, SettingsError for a URL that is none.
    """
    try:
        connection = psycopg.connect(conninfo.make_conninfo(url, **_given(url)), autocommit=True)
    except psycopg.OperationalError as error:
        raise Lost(str(error).strip()) from error
    connection.prepared_max = _STATEMENTS_PREPARED
    # One width, so that a statement is the same one for any number.
    connection.adapters.register_dumper(int, Int8Dumper)
    if is_limited:
        with lost(connection):
            settings = (_LIMITS | _PLANNING).items()
            connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings).encode())
    return connection


def connect_to_migrate(url: str) -> Postgres:
    """Open a connection that is in a transaction from its first statement on, which may take its time."""
    connection = connect(url, is_limited=False)
    connection.execute("SET lock_timeout = '60s'")
    connection.autocommit = False
    return connection


def _given(url: str) -> dict[str, Any]:
    try:
        said = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # What libpq says quotes the URL.
        raise SettingsError(
            "HEADRACE_DATABASE_URL is no URL that PostgreSQL's client understands. Write"
            " postgresql://user:password@host:5432/database, with %40 for an @ in the password, %2F for a / and"
            " so on; its parameters are those of libpq."
        ) from None
    return {name: value for name, value in _PATIENCE.items() if name not in said}


def place_of(url: str) -> str:
    """Where the database is, without the password."""
    try:
        said = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "the database of HEADRACE_DATABASE_URL"
    user, host, port = (str(said.get(name) or "") for name in ("user", "host", "port"))
    at = (f"{quote(user)}@" if user else "") + (host or "localhost") + (f":{port}" if port else "")
    return f"postgresql://{at}/{quote(str(said.get('dbname') or user))}"


@contextmanager
def opening(url: str) -> Generator[None]:
    """Turn what goes wrong while the database is opened into a SettingsError that says what to do."""
    try:
        yield
    except Lost as error:
        raise SettingsError(f"headrace can't open {place_of(url)}: {_connecting(error.message)}") from error
    except psycopg.Error as error:
        raise SettingsError(f"headrace can't open {place_of(url)}: {_cause(error) or _first_line(error)}.") from error


def check(connection: Postgres, url: str) -> None:
    """Raise SettingsError unless the server is one that headrace can use."""
    version, encoding = connection.info.server_version, connection.info.parameter_status("server_encoding")
    if version < OLDEST * 10_000:
        raise SettingsError(
            f"{place_of(url)} is served by PostgreSQL {version // 10_000}; headrace needs {OLDEST} or later."
            " Upgrade the server, or choose another with HEADRACE_DATABASE_URL."
        )
    if encoding != "UTF8":
        raise SettingsError(
            f"{place_of(url)} has the encoding {encoding}; headrace needs UTF8. Make the database with"
            " CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )


@contextmanager
def lost(connection: Postgres, *kinds: type[psycopg.Error]) -> Generator[None]:
    """Raise Lost where the connection breaks, or is of no use as one of the kinds of errors says.

    The transaction that is under way on it is undone by that.
    """
    try:
        yield
    except psycopg.Error as error:
        if connection.closed or isinstance(error, kinds):
            connection.close()
            raise Lost(_first_line(error)) from error
        raise


def worded(error: psycopg.Error) -> Exception:
    """What a caller hears when the server fails while it is used; nothing of the transaction was kept.

    An error of another kind is a mistake in headrace, and stays as it is.
    """
    cause = _cause(error)
    if cause is None:
        return error
    return StoreAway(f"headrace could not use its database, so nothing was changed: {cause}.")


def _cause(error: psycopg.Error) -> str | None:
    for kind, words in _CAUSES.items():
        if isinstance(error, kind):
            return f"{_first_line(error)}: {words}"
    return None


def _first_line(error: object) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _connecting(message: str) -> str:
    advice = next((words for part, words in _ADVICE.items() if part in message), "Check HEADRACE_DATABASE_URL")
    return f"{' '.join(message.split())}. {advice}."


# libpq says these in words alone.
_ADVICE = {
    "password authentication failed": "Check the user and the password in HEADRACE_DATABASE_URL",
    "no password supplied": "Give a password in HEADRACE_DATABASE_URL or ~/.pgpass",
    "no pg_hba.conf entry": "Let the server's pg_hba.conf accept this host, user and database",
    "does not exist": "Make it with createdb or createuser, or correct HEADRACE_DATABASE_URL",
    "could not translate host name": "Check the host in HEADRACE_DATABASE_URL",
    "failed to resolve host": "Check the host in HEADRACE_DATABASE_URL",
    "too many clients": "Raise max_connections of the server, or run fewer nodes",
    "starting up": "Try again once it is up",
    "refused": "Start the server, or check the host and port in HEADRACE_DATABASE_URL",
    "timeout": "Check that the host in HEADRACE_DATABASE_URL is up and can be reached",
}
_CAUSES: dict[type[psycopg.Error], str] = {
    errors.DiskFull: "the server's disk is full. Make room, then try again",
    errors.OutOfMemory: "the server has no memory left. Give it more, or lower its work_mem",
    errors.LockNotAvailable: "another transaction holds what this one needs. Try again",
    errors.QueryCanceled: "the statement took longer than it may. Check the server's load, then try again",
    errors.InsufficientPrivilege: "the user may not do this. Let the user own the database, or GRANT it",
    errors.ReadOnlySqlTransaction: "the server only reads, as a standby does. Name the primary in"
    " HEADRACE_DATABASE_URL, or several hosts with target_session_attrs=read-write",
    errors.TooManyConnections: "the server has no connection left. Raise its max_connections, or run fewer nodes",
    errors.SystemError: "the server failed. Look into its log",
}
