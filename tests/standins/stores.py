"""Stores as tests open them: in a file, and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import psycopg

from headrace.settings import Settings
from headrace.store.core.tables import METADATA
from headrace.store.opening import open_store
from headrace.store.store import Store
from tests.standins.postgres import Postgres

# What the drivers raise where a row breaks a constraint.
CONSTRAINT_BROKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)
_EMPTY = "; ".join(f"DELETE FROM {table.name}" for table in reversed(METADATA.sorted_tables))


@dataclass(frozen=True)
class StorePlace:
    """Where a test's rows lie: in the file of its folder, or in a database."""

    data: Path
    url: str | None = None

    @property
    def is_postgres(self) -> bool:
        return self.url is not None

    def open(
        self, *, executions_kept: int = 10_000, reports_to: tuple[str, ...] = (), data: str | None = None
    ) -> Store:
        """Open the store; `data` names another folder, for a second store on the same database."""
        folder = self.data if data is None else self.data.with_name(data)
        settings = Settings(folder, database_url=self.url, executions_kept=executions_kept)
        return open_store(settings, reports_to=reports_to)


def new_database(postgres: Postgres, folder: Path) -> str:
    """Make a database with headrace's schema and nothing in it; its URL."""
    return postgres.copy_of(lambda url: StorePlace(folder, url).open().close())


def emptied(postgres: Postgres, url: str) -> str:
    """The database of the URL with nothing in it any more."""
    postgres.run(_EMPTY, url.rpartition("/")[2])
    return url
