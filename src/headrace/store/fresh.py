"""The schema of a new file: what all revisions make, without what runs them, which takes long to load."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from headrace.store import schema_facts, sqlite

# All tables and indexes as text, from `tables`: to make it of them takes longer than to run it.
STATEMENTS = Path(__file__).with_name("new_file.sql")
# The table is Alembic's, as it makes it.
_VERSION_TABLE = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
"""


def make(file: Path, newest: str, revisions: Iterable[Path]) -> None:
    """Make the schema of the revision `newest` in a file without one, in one transaction."""
    statements = STATEMENTS.read_text(encoding="utf-8")
    # Closed before it is committed, nothing of it stays.
    with closing(sqlite.connect(file)) as connection:
        connection.executescript(f"BEGIN IMMEDIATE;\n{statements}{_VERSION_TABLE}")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (newest,))
        connection.execute("INSERT INTO facts (name, value) VALUES (?, ?)", schema_facts.oldest_for(revisions))
        connection.execute("COMMIT")


@contextmanager
def changing(file: Path) -> Generator[Connection]:
    """One transaction of a connection to the file; nobody else writes until it ends."""
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(file), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        yield connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
