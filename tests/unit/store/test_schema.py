"""The schema of a file, seen without what would change it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from headrace.store import fresh, migrate, schema, sqlite
from headrace.store.core.event_tables import METADATA
from headrace.store.store import Store

OPEN = """
import sys
from pathlib import Path
from headrace.store.store import Store
Store.open(Path(sys.argv[1])).close()
print("alembic" in sys.modules)
"""


def make_old(file: Path) -> None:
    """A file as an older version left it."""
    config = Config()
    config.set_main_option("script_location", str(schema.REVISIONS))
    with migrate.changing(file) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")


def test_the_newest_revision_is_that_of_the_last_file() -> None:
    assert schema.newest() == ScriptDirectory(str(schema.REVISIONS)).get_current_head()


def test_a_file_without_a_schema_has_none_and_one_that_was_opened_the_newest(tmp_path: Path) -> None:
    file = tmp_path / sqlite.FILE_NAME
    sqlite.connect(file).close()
    assert schema.look_at_file(file).found is None
    Store.open(tmp_path).close()
    assert schema.look_at_file(file).is_newest


def test_what_changes_schemas_is_loaded_only_where_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / sqlite.FILE_NAME

    def opened() -> str:
        return subprocess.run([sys.executable, "-c", OPEN, tmp_path], check=True, capture_output=True, text=True).stdout

    assert [opened(), opened()] == ["False\n"] * 2
    file.unlink()
    make_old(file)
    assert [opened(), opened()] == ["True\n", "False\n"]


def statements_of(file: Path) -> dict[str, str]:
    """What made each table and index of a file, however its lines are broken."""
    with closing(sqlite.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: "".join(text.split()) for name, text in rows}


def test_a_new_file_has_what_the_tables_say(tmp_path: Path) -> None:
    """If it has not: `make generate`."""
    Store.open(tmp_path).close()
    METADATA.create_all(create_engine(f"sqlite:///{tmp_path / 'declared.db'}"))
    made = statements_of(tmp_path / sqlite.FILE_NAME)
    assert "CREATETABLEalembic_version" in made.pop("alembic_version")
    assert made == statements_of(tmp_path / "declared.db")


def test_nothing_of_a_new_schema_stays_if_it_can_not_be_made_whole(tmp_path: Path) -> None:
    file = tmp_path / sqlite.FILE_NAME
    with closing(sqlite.connect(file)) as connection:
        connection.execute("CREATE TABLE facts (something TEXT)")
    with pytest.raises(sqlite3.OperationalError, match="facts"):
        fresh.make(file, schema.newest(), ())
    assert list(statements_of(file)) == ["facts"]
