"""Keys for AWS as its own tools find them: the environment first, then the shared credentials file."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.errors import Stop

if TYPE_CHECKING:
    from obstore.store import S3Credential

# Other tools renew the temporary keys in the shared file; it is read again after this time.
_READ_AGAIN = timedelta(minutes=5)

# With one of these, the store's own client gets its credentials, or needs none.
_ELSEWHERE = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


@dataclass(frozen=True)
class AwsKeys:
    """One pair of keys; `token` where they are temporary."""

    access_key_id: str
    secret_access_key: str
    token: str | None

    def __repr__(self) -> str:
        return f"AwsKeys({self.access_key_id!r})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not show anywhere."""
        return tuple(filter(None, (self.secret_access_key, self.token)))


class AwsCredentials:
    """Finds the keys each time the store's client asks for them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __call__(self) -> S3Credential:
        """The keys, to be asked for again in a few minutes. Raises Stop if there are none any more."""
        keys = self.find()
        if keys is None:
            raise Stop("The keys for AWS are gone since headrace began to use them.")
        return {
            "access_key_id": keys.access_key_id,
            "secret_access_key": keys.secret_access_key,
            "token": keys.token,
            "expires_at": datetime.now(UTC) + _READ_AGAIN,
        }

    def find(self) -> AwsKeys | None:
        """The keys of the environment, else those of the profile; None: the client is to look elsewhere.

        Raises Stop if AWS_PROFILE names a profile that holds no keys.
        """
        given = self._environment
        if given.get("AWS_ACCESS_KEY_ID") and given.get("AWS_SECRET_ACCESS_KEY"):
            return AwsKeys(
                given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given.get("AWS_SESSION_TOKEN") or None
            )
        profile = given.get("AWS_PROFILE") or given.get("AWS_DEFAULT_PROFILE")
        if profile is None and any(given.get(name) for name in _ELSEWHERE):
            return None
        keys = self._of_profile(profile or "default")
        if keys is None and profile is not None:
            raise Stop(
                f"AWS_PROFILE={profile!r}: neither {self._file('AWS_SHARED_CREDENTIALS_FILE', 'credentials')} nor"
                f" {self._file('AWS_CONFIG_FILE', 'config')} holds keys for it. For a profile that signs in or takes a"
                f" role: eval $(aws configure export-credentials --profile {profile} --format env)"
            )
        return keys

    def _of_profile(self, name: str) -> AwsKeys | None:
        shared = self._file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        config = self._file("AWS_CONFIG_FILE", "config")
        return _read(shared, name) or _read(config, name if name == "default" else f"profile {name}")

    def _file(self, variable: str, name: str) -> Path:
        given = self._environment.get(variable)
        home = Path(self._environment.get("HOME") or Path.home())
        return Path(given).expanduser() if given else home / ".aws" / name


def _read(path: Path, section: str) -> AwsKeys | None:
    """The keys in one section of a file; None: it holds none."""
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (Error, OSError, UnicodeDecodeError) as error:
        # Not the parser's own words: they quote the line, which may be the secret.
        raise Stop(f"{path} can't be read: {type(error).__name__}.") from None
    if not parser.has_section(section):
        return None
    found = parser[section]
    key, secret = found.get("aws_access_key_id"), found.get("aws_secret_access_key")
    return AwsKeys(key, secret, found.get("aws_session_token")) if key and secret else None
