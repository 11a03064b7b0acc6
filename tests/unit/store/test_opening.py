from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.store.opening import open_store, place_of
from tests.standins.postgres import PASSWORD, USER, Postgres
from tests.standins.processes import free_ports

_WITHOUT_PSYCOPG = """
import sys
from pathlib import Path
sys.modules["psycopg"] = None
from headrace.settings import Settings
from headrace.store.opening import open_store
open_store(Settings(Path(sys.argv[1]))).close()
print("psycopg" in {name for name, module in sys.modules.items() if module})
open_store(Settings(Path(sys.argv[1]), database_url="postgresql://u:planted-password@h/d"))
"""


def refusal(tmp_path: Path, url: str) -> str:
    with pytest.raises(SettingsError) as raised:
        open_store(Settings(tmp_path / "data", database_url=url))
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


def test_a_server_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    message = refusal(tmp_path, f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/shop")
    assert message.startswith(f"headrace can't open postgresql://{USER}@127.0.0.1:{port}/shop: ")
    assert "Start the server, or check the host and port in HEADRACE_DATABASE_URL." in message


def test_a_wrong_password_is_told(tmp_path: Path, postgres_server: Postgres) -> None:
    message = refusal(tmp_path, postgres_server.url().replace(PASSWORD, "wrong-one"))
    assert "password authentication failed" in message
    assert "Check the user and the password in HEADRACE_DATABASE_URL." in message
    assert "wrong-one" not in message


def test_a_database_that_is_not_there_is_told(tmp_path: Path, postgres_server: Postgres) -> None:
    assert 'database "nothing" does not exist. Make it with createdb' in refusal(
        tmp_path, postgres_server.url("nothing")
    )


def test_a_url_that_libpq_can_not_read_is_told_without_what_is_in_it(tmp_path: Path) -> None:
    message = refusal(tmp_path, f"postgresql://u:{PASSWORD}@[::1/shop")
    assert "with %40 for an @ in the password" in message


def test_a_database_with_another_encoding_is_refused(tmp_path: Path, postgres_server: Postgres) -> None:
    postgres_server.run(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    assert "has the encoding LATIN1; headrace needs UTF8" in refusal(tmp_path, postgres_server.url("latin"))


def test_a_refused_folder_is_not_held(tmp_path: Path, database_url: str, postgres_server: Postgres) -> None:
    refusal(tmp_path, postgres_server.url("nothing"))
    open_store(Settings(tmp_path / "data", database_url=database_url)).close()


def test_the_place_is_told_without_the_password() -> None:
    assert place_of("postgresql://me:secret@h:99/d?password=secret") == "postgresql://me@h:99/d"
    assert place_of("postgresql:///d?host=/run/x&user=me") == "postgresql://me@/run/x/d"
    assert "secret" not in place_of("postgresql://u:secret@[::1/d")


def test_without_its_client_postgresql_is_refused_naming_the_extra_and_a_file_needs_none(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PSYCOPG, str(tmp_path)],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "False\n"
    assert "pip install 'headrace[postgresql]'" in done.stderr
    assert "planted-password" not in done.stderr
