from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.connector_sdk.aws_credentials import AwsCredentials, AwsKeys
from headrace.errors import Stop

SHARED = """
[default]
aws_access_key_id = AKIDDEFAULT
aws_secret_access_key = default%secret

[work]
aws_access_key_id=AKIDWORK
aws_secret_access_key=work-secret
aws_session_token=work-token

[half]
aws_access_key_id=AKIDHALF
"""
CONFIG = """
[profile single]
sso_session = company

[profile configured]
aws_access_key_id = AKIDCONFIGURED
aws_secret_access_key = configured-secret
"""


@pytest.fixture(name="home")
def home_with_files(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(SHARED)
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    return tmp_path


def found(home: Path, **environment: str) -> AwsKeys | None:
    return AwsCredentials({"HOME": str(home)} | environment).find()


def test_keys_of_the_environment_win_over_files(home: Path) -> None:
    given = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert found(home, **given) == AwsKeys("AKID", "secret", None)
    assert found(home, **given, AWS_PROFILE="work", AWS_SESSION_TOKEN="token") == AwsKeys("AKID", "secret", "token")


def test_a_profile_of_the_shared_files_holds_keys(home: Path) -> None:
    assert found(home) == AwsKeys("AKIDDEFAULT", "default%secret", None)
    assert found(home, AWS_PROFILE="work") == AwsKeys("AKIDWORK", "work-secret", "work-token")
    assert found(home, AWS_PROFILE="configured") == AwsKeys("AKIDCONFIGURED", "configured-secret", None)


def test_files_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(SHARED)
    assert found(tmp_path / "nowhere", AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "keys"), AWS_PROFILE="work")


def test_without_any_keys_the_client_looks_elsewhere(tmp_path: Path) -> None:
    assert found(tmp_path) is None


@pytest.mark.parametrize(
    "variable", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SKIP_SIGNATURE"]
)
def test_where_a_platform_gives_credentials_the_default_profile_is_left_alone(home: Path, variable: str) -> None:
    assert found(home, **{variable: "x"}) is None


@pytest.mark.parametrize("profile", ["single", "half", "unknown"])
def test_a_profile_without_keys_is_refused_with_a_way_to_get_some(home: Path, profile: str) -> None:
    with pytest.raises(Stop, match=f"AWS_PROFILE='{profile}': neither .*credentials nor .*config holds keys for it"):
        found(home, AWS_PROFILE=profile)


def test_a_file_that_can_not_be_parsed_is_named_and_not_quoted(home: Path) -> None:
    (home / ".aws" / "credentials").write_text("the-secret-key on a line of its own")
    with pytest.raises(Stop, match=r"credentials can't be read: MissingSectionHeaderError") as stopped:
        found(home)
    assert "the-secret-key" not in str(stopped.value)


def test_keys_are_asked_for_again_so_that_renewed_ones_are_found(home: Path) -> None:
    credentials = AwsCredentials({"HOME": str(home), "AWS_PROFILE": "work"})
    first = credentials()
    (home / ".aws" / "credentials").write_text(SHARED.replace("work-token", "renewed-token"))
    second = credentials()
    assert (first.get("token"), second.get("token")) == ("work-token", "renewed-token")
    assert first["expires_at"] is not None
    assert timedelta() < first["expires_at"] - datetime.now(UTC) <= timedelta(minutes=5)


def test_keys_that_are_gone_meanwhile_are_missed_in_words(home: Path) -> None:
    credentials = AwsCredentials({"HOME": str(home)})
    credentials()
    (home / ".aws" / "credentials").unlink()
    with pytest.raises(Stop, match="gone"):
        credentials()


def test_keys_show_no_secret() -> None:
    keys = AwsKeys("AKID", "the-secret", "the-token")
    assert repr(keys) == "AwsKeys('AKID')"
    assert keys.secrets == ("the-secret", "the-token")
