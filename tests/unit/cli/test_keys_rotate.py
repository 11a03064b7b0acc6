"""`headrace keys rotate`: every secret opens with the new key, and with no old one."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from headrace.cli.main import run
from headrace.errors import SettingsError
from headrace.settings import Settings
from headrace.store import access_keys, profiles
from headrace.store.profiles import Profile, Secret
from headrace.store.secrets import KeyFile, Sealer, SealError
from headrace.store.store import Store

ARN = "arn:aws:appflow:us-east-1:000000000000:connectorprofile/ann"
PROFILE = Profile(
    ARN, "000000000000", "us-east-1", "ann", "Veeva", None, "Public", None, {}, "arn:aws:secretsmanager:x", 1, 1, 1
)
GIVEN = {"username": "ann", "password": "planted-password"}


def plant(data: Path, sealer: Sealer) -> str:
    """One profile and one access key; the id of the key."""
    with closing(Store.open(data)) as store:
        store.write(lambda tx: profiles.insert(tx, sealer, PROFILE, Secret(GIVEN, {"accessToken": "t"}))).result()
        made = store.write(lambda tx: access_keys.create(tx, sealer, arn="a:b:c:d:e:f", policy=None, now_ms=1))
        return made.result().key_id


def found(data: Path, sealer: Sealer, key_id: str) -> tuple[Secret, str]:
    with closing(Store.open(data)) as store:
        home = (PROFILE.account, PROFILE.region, PROFILE.name)
        secret = store.read(lambda tx: profiles.get_with_secret(tx, sealer, *home)).result()
        key = store.read(lambda tx: access_keys.get(tx, sealer, key_id)).result()
    assert secret is not None
    assert key is not None
    return secret[1], key.secret


def test_secrets_open_with_the_new_key_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store.open(tmp_path).close()
    old = Sealer.open_folder(tmp_path)
    key_id = plant(tmp_path, old)
    _, access = found(tmp_path, old, key_id)
    before = (tmp_path / "key").read_text()

    assert run(["keys", "rotate", "--data", str(tmp_path)]) == 0

    out = capsys.readouterr().out
    after = (tmp_path / "key").read_text()
    assert "2 secrets are sealed with the new key" in out
    assert before.strip() not in after
    assert after.strip() not in out
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert found(tmp_path, Sealer.open_folder(tmp_path), key_id) == (Secret(GIVEN, {"accessToken": "t"}), access)
    with pytest.raises(SealError):
        found(tmp_path, old, key_id)


def test_a_rotation_that_was_killed_halfway_loses_nothing(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    key_id = plant(tmp_path, Sealer.open_folder(tmp_path))
    KeyFile(tmp_path).add()
    (tmp_path / "key.new").write_text("half a")
    secret, _ = found(tmp_path, Sealer.open_folder(tmp_path), key_id)
    assert secret.given == GIVEN
    assert run(["keys", "rotate", "--data", str(tmp_path)]) == 0
    assert len((tmp_path / "key").read_text().split()) == 1
    assert found(tmp_path, Sealer.open_folder(tmp_path), key_id)[0].given == GIVEN


def test_keys_that_are_given_are_rotated_by_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    key_id = plant(tmp_path, Sealer.from_text(old, origin="test"))
    monkeypatch.setenv("HEADRACE_KEY", f"{new},{old}")

    assert run(["keys", "rotate", "--data", str(tmp_path)]) == 0

    assert "the others are no longer needed" in capsys.readouterr().out
    assert found(tmp_path, Sealer.from_text(new, origin="test"), key_id)[0].given == GIVEN
    assert not (tmp_path / "key").exists()


def test_a_secret_that_no_key_opens_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(tmp_path).close()
    sealer = Sealer.open_folder(tmp_path)
    key_id = plant(tmp_path, sealer)
    monkeypatch.setenv("HEADRACE_KEY", Fernet.generate_key().decode())
    assert run(["keys", "rotate", "--data", str(tmp_path)]) == 3
    assert "can't be opened with the present keys" in capsys.readouterr().err
    assert found(tmp_path, sealer, key_id)[0].given == GIVEN


def of_command(tmp_path: Path, command: str, **others: str) -> Sealer:
    return Sealer.of(Settings(data=tmp_path, key_command=command, **others))  # pyright: ignore[reportArgumentType]


def test_a_command_prints_the_key(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    (tmp_path / "vault").write_text(key + "\n")
    sealed = of_command(tmp_path, f"cat '{tmp_path}/vault'").seal("x", "a")
    assert Sealer.from_text(key, origin="test").open(sealed, "a") == "x"
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize(
    "command, words",
    [
        ("no-such-command-here", "it can't be run"),
        ("cat 'unclosed", "it can't be run: No closing quotation"),
        ("ls /no/such/folder", "it ended with exit code 2: "),
        ("echo planted-key", "a key is not valid"),
        ("printf '\\377'", "what it prints is no ASCII text"),
        ("true", "there is no key in it"),
    ],
)
def test_a_command_that_gives_no_key_is_told_without_its_output(tmp_path: Path, command: str, words: str) -> None:
    with pytest.raises(SettingsError, match=r"^HEADRACE_KEY_COMMAND: ") as raised:
        of_command(tmp_path, command)
    assert words in raised.value.message
    assert "planted" not in raised.value.message


def test_a_key_and_a_command_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HEADRACE_KEY and HEADRACE_KEY_COMMAND are both set"):
        of_command(tmp_path, "true", key="x")


def test_the_key_command_is_read_from_the_environment() -> None:
    settings = Settings.from_environment({"HEADRACE_KEY_COMMAND": "vault read"})
    assert settings.key_command == "vault read"
