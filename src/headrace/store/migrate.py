"""Bringing a file to this version's schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from headrace.errors import SettingsError
from headrace.store import sqlite

_REVISIONS = Path(__file__).parent / "migrations"


def to_newest(file: Path) -> None:
    """Run the revisions that the file lacks, all in one transaction: killed half-way, nothing has changed.

    Raises SettingsError if the file has a revision that this version doesn't know.
    """
    script = ScriptDirectory(str(_REVISIONS))
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(file), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
        if present != tuple(script.get_heads()):
            _check_known(file, script, present)
            _upgrade(connection)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_known(file: Path, script: ScriptDirectory, present: tuple[str, ...]) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    unknown = [revision for revision in present if revision not in known]
    if unknown:
        raise SettingsError(
            f"the store {file} was written by a newer headrace: its schema is {', '.join(unknown)}, this version"
            f" knows schemas up to {script.get_current_head()}. Install that version, or choose another folder"
            " with --data."
        )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_REVISIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
