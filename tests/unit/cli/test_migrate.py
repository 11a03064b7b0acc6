from __future__ import annotations

from pathlib import Path

import pytest

from headrace.cli.main import run
from headrace.store.store import Store
from tests.standins.postgres import PASSWORD, Postgres


def test_the_file_of_a_folder_is_looked_at_and_brought_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path / "data")]
    assert run(["migrate", "--check", *data]) == 3
    assert "There is no store in" in capsys.readouterr().err
    assert run(["migrate", *data]) == 0
    assert "from schema none to 0" in capsys.readouterr().out
    assert run(["migrate", "--check", *data]) == 0
    assert "as this version of headrace has it" in capsys.readouterr().out
    Store.open(tmp_path / "data").close()


def test_a_database_is_looked_at_and_brought_up_to_date(
    postgres_server: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres_server.new_database()
    given = ["--database-url", url, "--data", str(tmp_path / "data")]
    assert run(["migrate", "--check", *given]) == 1
    assert "the schema is none, this version needs 0" in capsys.readouterr().out
    assert run(["migrate", *given]) == 0
    assert run(["migrate", "--check", *given]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"postgresql://shop@127.0.0.1:{postgres_server.port}/headrace_")
    assert PASSWORD not in said.out + said.err
    assert not (tmp_path / "data").exists()
    postgres_server.drop(url)
