"""What whoever looks for a fault asks of SQLite and of the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import NamedTuple

from headrace.store.opening import postgres_module

# Before it, two connections that write or checkpoint at the same moment may damage a file with a write-ahead log.
SOUND_SQLITE = (3, 51, 3)


class DatabaseFacts(NamedTuple):
    """What a PostgreSQL server says of itself; `now` is its clock."""

    version: str
    now: datetime


def sqlite_version() -> tuple[int, int, int]:
    """That of the library that Python has loaded."""
    return sqlite3.sqlite_version_info


def database_facts(url: str) -> DatabaseFacts:
    """Ask the server. Raises SettingsError where it does not answer."""
    postgres = postgres_module("postgres")
    with postgres.opening(url), closing(postgres.connect(url)) as connection:
        version, epoch_ms = connection.execute(
            "SELECT current_setting('server_version'), (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        ).fetchone()
    return DatabaseFacts(str(version), datetime.fromtimestamp(epoch_ms / 1000, UTC))
