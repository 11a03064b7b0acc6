"""Bringing a file or a database to this version's schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from headrace.errors import SettingsError
from headrace.store import sqlite

_REVISIONS = Path(__file__).parent / "migrations"
# So that of two processes that migrate at once, one waits for the other: "headrace" as a number.
_MIGRATING = int.from_bytes(b"headrace", "big")


def to_newest(file: Path) -> None:
    """Run the revisions that the file lacks, all in one transaction: killed half-way, nothing has changed.

    Raises SettingsError if the file has a revision that this version doesn't know.
    """
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(file), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        _migrate(connection, f"the store {file}", "choose another folder with --data")


def postgres_to_newest(connect: Callable[[], Any], place: str) -> None:
    """The same for a database. Of several processes that do it at once, one does."""
    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        _migrate(connection, place, "another database with HEADRACE_DATABASE_URL")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection, place: str, choice: str) -> None:
    script = ScriptDirectory(str(_REVISIONS))
    present = MigrationContext.configure(connection).get_current_heads()
    if present != tuple(script.get_heads()):
        _check_known(script, present, place, choice)
        _upgrade(connection)


def _check_known(script: ScriptDirectory, present: tuple[str, ...], place: str, choice: str) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    unknown = [revision for revision in present if revision not in known]
    if unknown:
        raise SettingsError(
            f"{place} was written by a newer headrace: its schema is {', '.join(unknown)}, this version"
            f" knows schemas up to {script.get_current_head()}. Install that version, or {choice}."
        )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_REVISIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
