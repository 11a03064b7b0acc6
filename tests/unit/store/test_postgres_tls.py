"""A store on a PostgreSQL that shows a certificate, which the URL asks to have checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.store.opening import open_store
from tests.standins.certificates import certificate
from tests.standins.postgres import MISSING, PASSWORD, Server, is_installed, server
from tests.standins.processes import until
from tests.unit.store.rows import keep, kept, write


@pytest.fixture(scope="module", name="postgres")
def server_with_a_certificate() -> Iterator[Server]:
    if not is_installed():
        pytest.skip(MISSING)
    with server(has_tls=True) as made:
        yield made


def checked(url: str, trusted: Path, host: str = "127.0.0.1") -> str:
    return f"{url.replace('127.0.0.1', host)}?sslmode=verify-full&sslrootcert={trusted}"


def test_every_connection_of_a_store_is_encrypted_and_checked(postgres: Server, tmp_path: Path) -> None:
    url = postgres.postgres.new_database()
    secure, came = checked(url, postgres.certificate), Event()
    stores = [open_store(Settings(tmp_path / name, database_url=secure)) for name in ("one", "two")]
    with closing(stores[0]), closing(stores[1]):
        write(stores[0], lambda tx: keep(tx, "1"))
        assert kept(stores[1]) == {"1"}
        stores[1].watch(lambda _: came.set())
        # Until the other one listens, word is lost.
        until(lambda: write(stores[0], lambda tx: tx.announce("news")) or came.wait(0.1))
        plain = "SELECT 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'headrace'"
        assert postgres.postgres.run(f"{plain} AND ssl")
        assert postgres.postgres.run(f"{plain} AND NOT ssl") == []


def test_a_server_that_is_another_is_refused_in_words(postgres: Server, tmp_path: Path) -> None:
    url = postgres.postgres.new_database()
    others = certificate(tmp_path, "others").certificate
    for secure in (checked(url, others), checked(url, postgres.certificate, "localhost")):
        with pytest.raises(SettingsError, match="certificate") as raised:
            open_store(Settings(tmp_path / "data", database_url=secure))
        assert PASSWORD not in str(raised.value)
