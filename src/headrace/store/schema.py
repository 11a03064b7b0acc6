"""Which schema a file or a database has, seen without what changes it: that takes long to load."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.store import fresh, sqlite

REVISIONS = Path(__file__).parent / "migrations"
_VERSION = "SELECT version_num FROM alembic_version"
_HAS_VERSION_IN_FILE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
_HAS_VERSION_IN_DATABASE = "SELECT to_regclass('alembic_version')::text"


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema of a file or database as it was found: a revision, None where there was nothing yet.

    `newest` is the revision of this version of headrace.
    """

    place: str
    found: str | None
    newest: str

    @property
    def is_newest(self) -> bool:
        """Whether nothing had to be changed."""
        return self.found == self.newest


def newest() -> str:
    """The newest revision of this version of headrace, by the names of their files."""
    return max(path.name[:4] for path in revision_files())


def revision_files() -> tuple[Path, ...]:
    """The files of all revisions."""
    return tuple((REVISIONS / "versions").glob("[0-9]*.py"))


def look_at_file(file: Path) -> Schema:
    """The schema of a file that exists."""
    with closing(sqlite.connect(file)) as connection:
        found = _found(lambda text: connection.execute(text).fetchall(), _HAS_VERSION_IN_FILE)
    return Schema(f"the store {file}", found, newest())


def to_newest(file: Path) -> Schema:
    """Run the revisions that the file lacks, all in one transaction: killed half-way, nothing has changed.

    A new file gets at once what they make together.

    Raises SettingsError if the file has a revision that this version doesn't know.
    """
    schema = look_at_file(file)
    if schema.found is None:
        fresh.make(file, schema.newest, revision_files())
        return schema
    return schema if schema.is_newest else migrating().to_newest(file)


def found_in(connection: Any) -> str | None:
    """The revision of the PostgreSQL database that psycopg has connected to; None: it has no schema yet."""
    return _found(lambda text: connection.execute(text).fetchall(), _HAS_VERSION_IN_DATABASE)


def migrating() -> Any:
    """The module that changes schemas."""
    return importlib.import_module("headrace.store.migrate")


def _found(rows: Callable[[str], Sequence[tuple[Any, ...]]], has_version: str) -> str | None:
    if not any(name is not None for (name,) in rows(has_version)):
        return None
    return next((str(version) for (version,) in rows(_VERSION)), None)
