"""What the operations ask connectors, and what their errors are to a caller of the API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar

from headrace.connector_sdk.connections import BuiltIns, Lookups, OpenConnections, Registration
from headrace.connector_sdk.hosts import Host
from headrace.connector_sdk.hosts.book import Hosts
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.records import Connection
from headrace.errors import (
    ConnectorAuthenticationException,
    ConnectorError,
    ConnectorServerException,
    NotThere,
    Refused,
    ResourceNotFoundException,
    Stop,
)
from headrace.operations.connections import connection_of
from headrace.operations.connector_secrets import ConnectorSecrets
from headrace.store import connectors, profiles
from headrace.store.profiles import Profile, Secret
from headrace.store.secrets import Sealer
from headrace.store.store import Store

T = TypeVar("T")


class Opening(Protocol):
    """How stored profiles are opened."""

    def open(self, account: str, region: str, profile_name: str) -> Connection | None:
        """The profile with credentials that are good as far as is known; None if there is none."""
        ...

    def refresh(self, connection: Connection) -> bool:
        """Get new credentials in place of those that were refused; whether there are newer ones."""
        ...


class AsStored:
    """Opens profiles with the credentials they have; none are ever renewed."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    def open(self, account: str, region: str, profile_name: str) -> Connection | None:
        """See Opening."""
        found = self._store.read(
            lambda tx: profiles.get_with_secret(tx, self._sealer, account, region, profile_name)
        ).result()
        return None if found is None else connection_of(*found)

    def refresh(self, connection: Connection) -> bool:  # noqa: ARG002 - see Opening
        """See Opening."""
        return False


@dataclass(frozen=True)
class Connectors:
    """Every connector that is reached through profiles; calls of them may be slow."""

    hosts: Hosts
    connections: OpenConnections

    @classmethod
    def on(
        cls,
        store: Store,
        hosts: Hosts,
        opening: Opening,
        now_ms: Callable[[], int],
        built_ins: BuiltIns | None = None,
    ) -> Connectors:
        """Those that are registered in the store, and the built-in ones."""

        def registration(account: str, region: str, label: str) -> Registration | None:
            found = store.read(lambda tx: connectors.get(tx, account, region, label)).result()
            return None if found is None else Registration(found.lambda_arn, found.configuration)

        lookups = Lookups(opening.open, registration, opening.refresh)
        return cls(hosts, OpenConnections(lookups, hosts, MetadataCache(now_ms), built_ins))


class Tokens(Protocol):
    """How the profiles that are tried get tokens; see Authorizer."""

    def uses_oauth(self, profile: Profile, secret: Secret) -> bool:
        """Whether headrace gets tokens for the profile."""
        ...

    def authorized(self, profile: Profile, secret: Secret) -> Secret:
        """The secret with tokens."""
        ...

    def refreshed(self, profile: Profile, secret: Secret) -> Secret:
        """The secret with new tokens."""
        ...


class NoHosts:
    """Where no connector can run."""

    def host(self, lambda_arn: str) -> Host:
        """See Hosts."""
        raise NotThere(f"Nothing here answers for {lambda_arn}.")


class ProfileTrial:
    """Lets the connector of a profile try it; see ProfileCheck."""

    def __init__(
        self,
        connectors: Connectors,
        secrets: ConnectorSecrets | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        """`secrets` None: a connector that fetches the credentials of a profile it tries gets none.

        `tokens` None: a profile is tried with what it was given.
        """
        self._connections = connectors.connections
        self._secrets = secrets
        self._tokens = tokens

    def check(self, profile: Profile, secret: Secret) -> Secret:
        """See ProfileCheck."""
        if not self._connections.has(profile.connector_type):
            return secret
        return told(lambda: self._tried(profile, secret))

    def _tried(self, profile: Profile, secret: Secret) -> Secret:
        # First of all, for an authorization code is good once: whether there is anybody to use it.
        self._connections.connect(connection_of(profile, secret), is_stored=False)
        found = secret if self._tokens is None else self._tokens.authorized(profile, secret)
        try:
            self._try(profile, found)
        except Refused as refusal:
            # Tokens that were given may have run out on the way here; those that were just got have not.
            if self._tokens is None or found is not secret or not self._tokens.uses_oauth(profile, secret):
                raise
            found = self._renewed(self._tokens, profile, secret, refusal)
            self._try(profile, found)
        return found

    def _try(self, profile: Profile, secret: Secret) -> None:
        connection = connection_of(profile, secret)
        with nullcontext() if self._secrets is None else self._secrets.trying(connection):
            try:
                self._connections.check(connection)
            except NotThere as error:
                # It is missing at the application, and no resource of the API.
                raise Stop(error.message) from None

    def _renewed(self, tokens: Tokens, profile: Profile, secret: Secret, refusal: Refused) -> Secret:
        try:
            return tokens.refreshed(profile, secret)
        except Refused:
            raise refusal from None


def told(ask: Callable[[], T]) -> T:
    """The answer of `ask`; what a connector raises becomes the error that a caller of the API sees."""
    try:
        return ask()
    except Refused as error:
        raise ConnectorAuthenticationException(f"Error while authenticating to connector: {error.message}") from None
    except NotThere as error:
        raise ResourceNotFoundException(error.message) from None
    except ConnectorError as error:
        raise ConnectorServerException(f"Error while communicating to connector: {error.message}") from None
