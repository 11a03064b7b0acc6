"""Bringing a file or a database to this version's schema; see `schema`, which loads this only where it has to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from headrace.errors import SettingsError
from headrace.store import schema_facts, sqlite
from headrace.store.schema import REVISIONS, Schema, revision_files

# So that of two processes that migrate at once, one waits for the other: "headrace" as a number.
_MIGRATING = int.from_bytes(b"headrace", "big")


def to_newest(file: Path) -> Schema:
    """See `schema.to_newest`."""
    with changing(file) as connection:
        schema = _schema(connection, f"the store {file}")
        if not schema.is_newest:
            _check_known(schema, "choose another folder with --data")
            _upgrade(connection)
        return schema


class PostgresSchema:
    """The schema of a database, which processes of another version may be using at this moment."""

    def __init__(self, connect: Callable[[], Any], place: str) -> None:
        self._connect = connect
        self._place = place

    def look(self) -> Schema:
        """The schema as it is."""
        with self._database() as connection:
            return _schema(connection, self._place)

    def make_or_check(self) -> Schema:
        """Make the schema of an empty database; of another see that this version works with it.

        An older schema is left as it is: whoever runs the nodes says when it changes, once for all of them.

        Raises SettingsError where this version and the schema don't go together.
        """
        schema = self.look()
        if schema.found is None:
            return self.to_newest()
        if schema.is_newest:
            return schema
        if not _is_known(schema):
            with self._database() as connection:
                _check_works(connection, schema)
            return schema
        raise SettingsError(
            f"{self._place} has the schema {schema.found}, and this version of headrace needs {schema.newest}. Run"
            " `headrace migrate` once, then start the nodes again; those of the last version may go on meanwhile."
        )

    def to_newest(self) -> Schema:
        """Run the revisions that the database lacks, in one transaction. Of several processes at once, one does.

        A newer schema that this version works with is left as it is; raises SettingsError for any other.
        """
        with self._database() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            schema = _schema(connection, self._place)
            if not schema.is_newest:
                if _is_known(schema):
                    _upgrade(connection)
                else:
                    _check_works(connection, schema)
            return schema

    @contextmanager
    def _database(self) -> Generator[Connection]:
        engine = create_engine("postgresql+psycopg://", creator=self._connect, poolclass=NullPool)
        with _plainly(), engine.begin() as connection:
            yield connection


@contextmanager
def changing(file: Path) -> Generator[Connection]:
    """One transaction of a connection to the file; nobody else writes until it ends."""
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(file), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    with _plainly(), engine.begin() as connection:
        yield connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _plainly() -> Generator[None]:
    """Raise the driver's error, which says what went wrong, where SQLAlchemy puts its own around it."""
    try:
        yield
    except DBAPIError as error:
        raise error.orig or error from error


def _schema(connection: Connection, place: str) -> Schema:
    found = MigrationContext.configure(connection).get_current_heads()
    return Schema(place, found[0] if found else None, str(_script().get_current_head()))


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(REVISIONS))


def _is_known(schema: Schema) -> bool:
    return schema.found is None or schema.found in {each.revision for each in _script().walk_revisions()}


def _check_known(schema: Schema, choice: str) -> None:
    if not _is_known(schema):
        raise SettingsError(
            f"{schema.place} was written by a newer headrace: its schema is {schema.found}, this version"
            f" knows schemas up to {schema.newest}. Install that version, or {choice}."
        )


def _check_works(connection: Connection, schema: Schema) -> None:
    """Raise SettingsError unless whoever made the newer schema said that this version works with it."""
    oldest = schema_facts.oldest_that_works(connection)
    if oldest is None or oldest > schema.newest:
        _check_known(schema, "another database with HEADRACE_DATABASE_URL")


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(REVISIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    schema_facts.keep(connection, revision_files())
