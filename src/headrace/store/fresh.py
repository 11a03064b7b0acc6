"""The schema of a new file: what all revisions make, without what runs them, which takes long to load."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from headrace.store import sqlite

OLDEST = "the oldest revision whose headrace works with this schema"
# The one that brought the table of facts.
_FIRST = "0012"
_WORKS_WITH: Final = re.compile(r'^works_with = "(\d{4})"$', re.MULTILINE)
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
        connection.execute("INSERT INTO facts (name, value) VALUES (?, ?)", oldest_for(revisions))
        connection.execute("COMMIT")


def oldest_for(revisions: Iterable[Path]) -> tuple[str, str]:
    """The fact that goes with a schema made by these revisions: its name, and the oldest that any of them asks for."""
    said = [found for file in revisions for found in _WORKS_WITH.findall(file.read_text(encoding="utf-8"))]
    return OLDEST, max([_FIRST, *said])
