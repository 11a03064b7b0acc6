"""The schema of a file, seen without what would change it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from headrace.store import schema, sqlite
from headrace.store.store import Store

OPEN = """
import sys
from pathlib import Path
from headrace.store.store import Store
Store.open(Path(sys.argv[1])).close()
print("alembic" in sys.modules)
"""


def test_the_newest_revision_is_that_of_the_last_file() -> None:
    assert schema.newest() == ScriptDirectory(str(schema.REVISIONS)).get_current_head()


def test_a_file_without_a_schema_has_none_and_one_that_was_opened_the_newest(tmp_path: Path) -> None:
    file = tmp_path / sqlite.FILE_NAME
    sqlite.connect(file).close()
    assert schema.look_at_file(file).found is None
    Store.open(tmp_path).close()
    assert schema.look_at_file(file).is_newest


def test_what_changes_schemas_is_loaded_only_where_it_is_needed(tmp_path: Path) -> None:
    said = [
        subprocess.run([sys.executable, "-c", OPEN, tmp_path], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert said == ["True\n", "False\n"]
