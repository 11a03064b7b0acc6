"""Where the keys come from: given, from the environment, else from botocore's chain where that is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

from headrace.client.errors import NoCredentials
from headrace.client.signing import Credentials

_WAYS = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, pass credentials=Credentials(…), or install botocore for"
    " AWS's own chain (shared files, SSO, roles)"
)


class Keys(Protocol):
    """Finds the keys for a request, each time anew."""

    # Whether to find them may take files or the network.
    is_slow: bool

    def find(self) -> Credentials | None:
        """The keys, None to send requests unsigned. Raises NoCredentials."""
        ...

    def forget(self) -> None:
        """What was found is past its time."""
        ...


class Given:
    """Keys, or what answers them, from the caller."""

    is_slow = False

    def __init__(self, credentials: Credentials | Callable[[], Credentials]) -> None:
        self._credentials = credentials

    def find(self) -> Credentials:
        return self._credentials if isinstance(self._credentials, Credentials) else self._credentials()

    def forget(self) -> None:
        """The caller is asked again each time."""


class FromEnvironment:
    """AWS's environment variables; None where they are not set."""

    is_slow = False

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def find(self) -> Credentials | None:
        key, secret = (self._environment.get(f"AWS_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
        if key and secret:
            return Credentials(key, secret, self._environment.get("AWS_SESSION_TOKEN") or None)
        if key or secret:
            lacking = "AWS_SECRET_ACCESS_KEY" if key else "AWS_ACCESS_KEY_ID"
            raise NoCredentials(f"One half of the credentials is set, but not {lacking}: set it")
        return None

    def forget(self) -> None:
        """The environment is read again each time."""


class FromChain:
    """The chain of botocore: profiles, SSO, roles, containers, instances; loaded when it is first needed."""

    is_slow = True

    def __init__(self, profile: str | None, load: Callable[[str], Any] = import_module) -> None:
        self._profile = profile
        self._load = load
        self._found: Any = None

    def find(self) -> Credentials:
        if self._found is None:
            session = session_of(self._profile, self._load)
            if session is None:
                raise NoCredentials(f"There are no credentials in the environment. {_WAYS}.")
            self._found = self._of(session)
        frozen = self._found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def forget(self) -> None:
        self._found = None

    def _of(self, session: Any) -> Any:
        faults = self._load("botocore.exceptions").BotoCoreError
        try:
            found = session.get_credentials()
        except faults as error:
            raise NoCredentials(f"botocore's chain failed: {error}") from error
        if found is None:
            raise NoCredentials(f"Neither the environment nor botocore's chain has credentials. {_WAYS}.")
        return found


class InTurn:
    """The environment's keys where there are some, else the chain's; `chain` None: requests go unsigned."""

    def __init__(self, environment: Mapping[str, str], chain: FromChain | None) -> None:
        self._first = FromEnvironment(environment)
        self._chain = chain
        self.is_slow = chain is not None and self._first.find() is None

    def find(self) -> Credentials | None:
        found = self._first.find()
        return found if found is not None or self._chain is None else self._chain.find()

    def forget(self) -> None:
        if self._chain is not None:
            self._chain.forget()


def session_of(profile: str | None, load: Callable[[str], Any] = import_module) -> Any:
    """A session of botocore, None where it is not installed. Raises NoCredentials for a profile that is not there."""
    try:
        botocore = load("botocore.session")
    except ModuleNotFoundError:
        return None
    try:
        session = botocore.Session(profile=profile)
        session.get_scoped_config()
    except load("botocore.exceptions").BotoCoreError as error:
        raise NoCredentials(f"AWS's configuration can't be used: {error}") from error
    return session
