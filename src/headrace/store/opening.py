"""Opening the store that the settings name."""

from __future__ import annotations

import importlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from headrace.errors import SettingsError
from headrace.meters import Meters
from headrace.settings import Settings
from headrace.store import sqlite
from headrace.store.folder import FolderLock
from headrace.store.schema import Schema, look_at_file, to_newest
from headrace.store.store import Store
from headrace.store.topics import Topics
from headrace.store.tx import Terms
from headrace.store.waiting import NO_WAITING, Waiting


def open_store(
    settings: Settings,
    *,
    reports_to: tuple[str, ...] = (),
    meters: Meters | None = None,
    waiting: Waiting = NO_WAITING,
) -> Store:
    """Open the store: the database that HEADRACE_DATABASE_URL names, else the file in the data folder.

    One process uses a data folder at a time, whichever it is. `reports_to` are the keys of the receivers that are
    told of runs. `waiting` is for a PostgreSQL server that is not up yet.

    Raises SettingsError if another process has the folder, or the database or file can't be used.
    """
    if settings.database_url is None:
        return Store.open(settings.data, executions_kept=settings.executions_kept, reports_to=reports_to, meters=meters)
    postgres_database = postgres_module("postgres_database")
    with ExitStack() as stack:
        lock = FolderLock(settings.data)
        stack.callback(lock.release)
        topics, terms = Topics(), Terms(settings.executions_kept, reports_to)
        database = postgres_database.PostgresDatabase.open(
            settings.database_url, terms, topics.announce, waiting=waiting
        )
        return Store(database, topics, stack, meters)


def migrate(settings: Settings, *, is_check: bool = False) -> Schema:
    """Bring the database or file to this version's schema, or (`is_check`) only look at it; what it was before.

    Raises SettingsError if it can't be used, or was written by a newer headrace that this one does not go with.
    """
    if settings.database_url is None:
        return _migrate_file(settings.data, is_check=is_check)
    url, opening = settings.database_url, postgres_module("postgres").opening
    with opening(url):
        schema = postgres_module("postgres_database").schema_of(url)
        found: Schema = schema.look() if is_check else schema.to_newest()
        return found


def _migrate_file(data: Path, *, is_check: bool) -> Schema:
    file = data / sqlite.FILE_NAME
    if is_check and not file.exists():
        raise SettingsError(f"There is no store in {data}. Choose another folder with --data.")
    with ExitStack() as stack:
        stack.callback(FolderLock(data).release)
        with sqlite.opening(file):
            if is_check:
                return look_at_file(file)
            sqlite.make_private(file)
            return to_newest(file)


def place_of(database_url: str) -> str:
    """Where the database is, in words that may be shown: without the password."""
    return str(postgres_module("postgres").place_of(database_url))


def postgres_module(name: str) -> Any:
    """A module of this room that needs PostgreSQL's client, which only those have who asked for it.

    Raises SettingsError where it is not installed.
    """
    try:
        return importlib.import_module(f"headrace.store.{name}")
    except ImportError as error:
        raise SettingsError(
            f"HEADRACE_DATABASE_URL needs PostgreSQL's client, which is not installed here ({error}). Install it with"
            " pip install 'headrace[postgresql]'."
        ) from error
