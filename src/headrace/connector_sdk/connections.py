"""From the name of a connector profile to the connector behind it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.connector_sdk.custom import CustomConnector
from headrace.connector_sdk.hosts.book import Hosts
from headrace.connector_sdk.lambda_answers import as_list
from headrace.connector_sdk.metadata_cache import Key, MetadataCache
from headrace.connector_sdk.records import Connection
from headrace.errors import NotThere

CUSTOM = "CustomConnector"


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered connector: where it runs and what it said of itself."""

    lambda_arn: str
    configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Lookups:
    """What is known of profiles and connectors, by account, region and name; None: there is no such thing.

    `refresh` gets the connection's new credentials and says whether it did.
    """

    profile: Callable[[str, str, str], Connection | None]
    registration: Callable[[str, str, str], Registration | None]
    refresh: Callable[[Connection], bool]


class OpenConnections:
    """Opens connector profiles; see Connections."""

    def __init__(self, lookups: Lookups, hosts: Hosts, cache: MetadataCache) -> None:
        self._lookups = lookups
        self._hosts = hosts
        self._cache = cache

    def open(self, account: str, region: str, profile_name: str) -> CustomConnector:
        """See Connections."""
        connection = self._lookups.profile(account, region, profile_name)
        if connection is None:
            raise NotThere(f"Connector profile {profile_name} not found.")
        return self.connect(connection)

    def connect(self, connection: Connection) -> CustomConnector:
        """The connector of a connection that may not be stored yet. Raises Stop where it is not registered."""
        label = connection.connector_label
        if connection.connector_type != CUSTOM or label is None:
            raise NotThere(
                f"The connector {connection.connector_type} of the profile {connection.profile_name} is not available"
                " in this headrace."
            )
        found = self._lookups.registration(connection.account, connection.region, label)
        if found is None:
            raise NotThere(
                f"Connector:{label} is not registered. Please register it first before creating ConnectorProfile."
            )
        host = self._hosts.host(found.lambda_arn)
        versions = tuple(str(each) for each in as_list(found.configuration, "supportedApiVersions"))
        return CustomConnector(
            connection,
            host,
            versions,
            self._cache,
            refresh=lambda: self._lookups.refresh(connection),
            origin=_origin(connection, found),
        )

    def check(self, connection: Connection) -> None:
        """Ask the connector whether the connection will do. Raises Retry or Stop."""
        self.connect(connection).check()

    def forget(self, account: str, region: str, profile_name: str | None, wanted: Callable[[Key], bool]) -> None:
        """Drop what is kept of a profile's metadata, None: of all of the account's, as far as it is wanted."""
        self._cache.forget(
            lambda key: (
                (key.account, key.region) == (account, region)
                and profile_name in {None, key.profile_name}
                and wanted(key)
            )
        )


def _origin(connection: Connection, registration: Registration) -> Hashable:
    """What the connector's metadata depends on, beside the profile's name."""
    version = str(registration.configuration.get("connectorVersion"))
    return (registration.lambda_arn, version, connection.secret_arn, *sorted(connection.properties.items()))
