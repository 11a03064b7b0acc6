from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from headrace.cli.main import run
from headrace.errors import SettingsError
from headrace.store import shared_key
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from tests.standins.stores import StorePlace

FIRST, SECOND = (Fernet.generate_key().decode() for _ in range(2))


def sealer(*keys: str) -> Sealer:
    return Sealer.from_text(",".join(keys), origin="the test")


@pytest.fixture(name="shared")
def shared_store(shared_place: StorePlace) -> Iterator[Store]:
    with closing(shared_place.open()) as store:
        yield store


def test_whoever_shares_a_store_has_the_key_of_the_first(shared: Store) -> None:
    shared_key.check(shared, sealer(FIRST))
    shared_key.check(shared, sealer(FIRST))
    shared_key.check(shared, sealer(SECOND, FIRST))
    with pytest.raises(SettingsError, match="another key than the others on its database") as refused:
        shared_key.check(shared, sealer(SECOND))
    assert SECOND not in str(refused.value)


def test_a_file_has_no_others(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path)) as store:
        for key in (FIRST, SECOND):
            shared_key.check(store, sealer(key))


def test_after_a_rotation_the_new_key_is_the_one_that_all_must_have(
    shared_place: StorePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(shared_place.open()) as store:
        shared_key.check(store, sealer(FIRST))
    monkeypatch.setenv("HEADRACE_DATABASE_URL", str(shared_place.url))
    monkeypatch.setenv("HEADRACE_KEY", f"{SECOND},{FIRST}")
    assert run(["keys", "rotate", "--data", str(shared_place.data)]) == 0
    with closing(shared_place.open()) as store:
        shared_key.check(store, sealer(SECOND))
        with pytest.raises(SettingsError, match="another key"):
            shared_key.check(store, sealer(FIRST))


def test_a_key_file_is_not_rotated_below_others(
    shared_place: StorePlace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_DATABASE_URL", str(shared_place.url))
    assert run(["keys", "rotate", "--data", str(shared_place.data)]) == 3
    assert "Set HEADRACE_KEY of all to the new key, a comma and the old one" in capsys.readouterr().err
