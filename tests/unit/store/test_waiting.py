from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest

from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.store.opening import open_store
from headrace.store.waiting import Lost, Waiting
from tests.standins.postgres import MISSING, PASSWORD, is_installed, server


def test_a_server_that_is_not_up_yet_is_waited_for_and_told_of_once(tmp_path: Path) -> None:
    if not is_installed():
        pytest.skip(MISSING)
    told: list[str] = []
    with server() as made:
        settings = Settings(tmp_path / "data", database_url=made.postgres.new_database())
        made.stop()

        def tell(why: str) -> None:
            told.append(why)
            starting.start()

        starting = threading.Thread(target=made.start)
        with closing(open_store(settings, waiting=Waiting(60.0, tell))) as store:
            assert store.is_shared
        starting.join()
    (why,) = told
    assert "refused" in why
    assert PASSWORD not in why


def test_a_refused_user_is_told_at_once() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise Lost('password authentication failed for user "shop"')

    with pytest.raises(Lost, match="password"):
        Waiting(60.0).until_up(work)
    assert len(tries) == 1


def test_a_server_that_does_not_come_up_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "data", database_url="postgresql://shop:planted@127.0.0.1:1/shop")
    told: list[str] = []
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:1/shop.*refused"):
        open_store(settings, waiting=Waiting(0.6, told.append))
    assert len(told) == 1
