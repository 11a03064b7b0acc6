from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from headrace.errors import SettingsError
from headrace.store import access_keys
from headrace.store.secrets import Sealer, SealError
from headrace.store.store import Store
from tests.unit.store.rows import read, write

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def sealer(*keys: str) -> Sealer:
    return Sealer.from_text(",".join(keys), origin="test")


def test_what_was_sealed_opens_for_what_it_belongs_to_only() -> None:
    sealed = sealer(OLD).seal("säcret", "key a")
    assert "säcret" not in sealed
    assert sealer(OLD).open(sealed, "key a") == "säcret"
    with pytest.raises(SealError, match="key b was sealed for something else"):
        sealer(OLD).open(sealed, "key b")


def test_a_changed_or_foreign_seal_does_not_open() -> None:
    sealed = sealer(OLD).seal("secret", "a")
    middle = len(sealed) // 2
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    for wrong in (changed, "", "é", sealer(NEW).seal("secret", "a")):
        with pytest.raises(SealError):
            sealer(OLD).open(wrong, "a")


def test_the_first_key_seals_and_every_key_opens() -> None:
    rotated = sealer(NEW, OLD)
    assert rotated.open(sealer(OLD).seal("x", "a"), "a") == "x"
    assert sealer(NEW).open(rotated.seal("y", "a"), "a") == "y"


@pytest.mark.parametrize("text", ["", " , ", "not a key", OLD[:-4]])
def test_a_bad_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^HEADRACE_KEY: ") as raised:
        Sealer.open_folder(Path("unused"), text)
    assert not text.strip(" ,") or text not in str(raised.value)


def test_the_first_start_makes_a_key_file_for_its_owner_and_the_next_reads_it(tmp_path: Path) -> None:
    sealed = Sealer.open_folder(tmp_path).seal("x", "a")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert Sealer.open_folder(tmp_path).open(sealed, "a") == "x"


def test_a_key_file_that_holds_no_key_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="key file"):
        Sealer.open_folder(tmp_path)
    (tmp_path / "key").write_text("nonsense")
    with pytest.raises(SettingsError, match=str(tmp_path / "key")):
        Sealer.open_folder(tmp_path)


def test_a_folder_that_is_missing_has_no_key_made_in_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't read or make its key file"):
        Sealer.open_folder(tmp_path / "missing")
    assert not os.path.lexists(tmp_path / "missing")


def test_an_access_key_shows_its_secret_once_and_keeps_it_sealed(file_store: Store, tmp_path: Path) -> None:
    arn = "arn:aws:iam::123456789012:user/x"
    policy = {"Statement": []}
    made = write(file_store, lambda tx: access_keys.create(tx, sealer(OLD), arn=arn, policy=policy, now_ms=5))
    assert made.secret not in repr(made)
    assert len(made.secret) == 40
    listed = read(file_store, access_keys.list_all)
    assert [(key.key_id, key.arn, key.policy, key.created_ms) for key in listed] == [(made.key_id, arn, policy, 5)]
    assert listed[0].account == "123456789012"
    found = read(file_store, lambda tx: access_keys.get(tx, sealer(NEW, OLD), made.key_id))
    assert found == made
    file_store.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert made.secret.encode() not in content
    assert made.key_id.encode() in content


def test_a_secret_moved_to_another_key_does_not_open(file_store: Store, tmp_path: Path) -> None:
    first, second = (
        write(file_store, lambda tx: access_keys.create(tx, sealer(OLD), arn="a", policy=None, now_ms=1))
        for _ in range(2)
    )
    file_store.close()
    with sqlite3.connect(tmp_path / "data" / "headrace.db") as raw:
        raw.execute(
            "UPDATE access_keys SET sealed_secret ="
            " (SELECT sealed_secret FROM access_keys WHERE key_id = ?) WHERE key_id = ?",
            (first.key_id, second.key_id),
        )
    raw.close()
    again = Store.open(tmp_path / "data")
    with pytest.raises(SealError):
        read(again, lambda tx: access_keys.get(tx, sealer(OLD), second.key_id))
    again.close()


def test_a_deleted_access_key_is_gone(store: Store) -> None:
    made = write(store, lambda tx: access_keys.create(tx, sealer(OLD), arn="a", policy=None, now_ms=1))
    assert write(store, lambda tx: access_keys.delete_key(tx, made.key_id))
    assert not write(store, lambda tx: access_keys.delete_key(tx, made.key_id))
    assert read(store, lambda tx: access_keys.get(tx, sealer(OLD), made.key_id)) is None
