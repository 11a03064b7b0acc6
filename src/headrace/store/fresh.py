"""The schema of a new file: what all revisions make, without what runs them, which takes long to load."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from headrace.store import schema_facts, sqlite
from headrace.store.tables import METADATA

# The table is Alembic's, as it makes it.
_VERSION_TABLE = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
"""


def make(file: Path, newest: str, revisions: Iterable[Path]) -> None:
    """Make the schema of the revision `newest` in a file without one, in one transaction."""
    with changing(file) as connection:
        METADATA.create_all(connection, checkfirst=False)
        connection.exec_driver_sql(_VERSION_TABLE)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (newest,))
        schema_facts.keep(connection, revisions)


@contextmanager
def changing(file: Path) -> Generator[Connection]:
    """One transaction of a connection to the file; nobody else writes until it ends."""
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(file), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        yield connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
