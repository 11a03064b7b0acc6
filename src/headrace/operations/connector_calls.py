"""What the operations ask connectors, and what their errors are to a caller of the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from headrace.connector_sdk.connections import Lookups, OpenConnections, Registration
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
)
from headrace.operations.connections import connection_of
from headrace.store import connectors, profiles
from headrace.store.secrets import Sealer
from headrace.store.store import Store

T = TypeVar("T")


@dataclass(frozen=True)
class Connectors:
    """Every custom connector there is; calls of them may be slow."""

    hosts: Hosts
    connections: OpenConnections

    @classmethod
    def on(
        cls,
        store: Store,
        sealer: Sealer,
        hosts: Hosts,
        now_ms: Callable[[], int],
        refresh: Callable[[Connection], bool] = lambda _: False,
    ) -> Connectors:
        """Those whose profiles and registrations lie in the store."""

        def profile(account: str, region: str, name: str) -> Connection | None:
            found = store.read(lambda tx: profiles.get_with_secret(tx, sealer, account, region, name)).result()
            return None if found is None else connection_of(*found)

        def registration(account: str, region: str, label: str) -> Registration | None:
            found = store.read(lambda tx: connectors.get(tx, account, region, label)).result()
            return None if found is None else Registration(found.lambda_arn, found.configuration)

        return cls(hosts, OpenConnections(Lookups(profile, registration, refresh), hosts, MetadataCache(now_ms)))


class NoHosts:
    """Where no connector can run."""

    def host(self, lambda_arn: str) -> Host:
        """See Hosts."""
        raise NotThere(f"Nothing here answers for {lambda_arn}.")


class ProfileTrial:
    """Lets the connector of a profile try it; see ProfileCheck. Other connectors than custom ones are not here."""

    def __init__(self, connectors: Connectors) -> None:
        self._connectors = connectors

    def check(self, connection: Connection) -> None:
        """See ProfileCheck."""
        if connection.connector_label is not None:
            told(lambda: self._connectors.connections.check(connection))


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
