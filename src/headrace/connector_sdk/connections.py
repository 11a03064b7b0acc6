"""From the name of a connector profile to the connector behind it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.hosts.book import Hosts
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.lambda_answers import as_list
from headrace.connector_sdk.metadata_cache import Key, MetadataCache
from headrace.connector_sdk.opened import ANSWER_S, Kept, OpenedConnector
from headrace.connector_sdk.records import Connection, RecordConnector
from headrace.errors import Mismatch, NotThere
from headrace.later import Later
from headrace.settings import Settings

if TYPE_CHECKING:
    from headrace.connector_sdk import custom, webhook
else:
    custom, webhook = Later("headrace.connector_sdk.custom"), Later("headrace.connector_sdk.webhook")

CUSTOM = "CustomConnector"


class Opened(RecordConnector, Protocol):
    """A connector behind a profile."""

    def group(self, path: str | None) -> str:
        """The group that the entities below the path belong to."""
        ...


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


@dataclass(frozen=True)
class BuiltIns:
    """The built-in connectors by type, and what they are given; see Outside.

    `answer_s` is how long a caller waits for an answer that is not reading or writing, None: as long as it takes.
    """

    types: Mapping[str, RecordConnectorType]
    settings: Settings
    now: Callable[[], datetime]
    http: Http = field(default_factory=Http)
    answer_s: float | None = ANSWER_S


class OpenConnections:
    """Opens connector profiles; see Connections."""

    def __init__(self, lookups: Lookups, hosts: Hosts, cache: MetadataCache, built_ins: BuiltIns | None = None) -> None:
        """`built_ins` None: custom connectors only."""
        self._lookups = lookups
        self._hosts = hosts
        self._cache = cache
        self._built_ins = built_ins

    def open(self, account: str, region: str, profile_name: str, connector_type: str | None = None) -> Opened:
        """See Connections."""
        connection = self._lookups.profile(account, region, profile_name)
        if connection is None:
            raise NotThere(f"Connector profile {profile_name} not found.")
        if connector_type not in {None, connection.connector_type}:
            raise Mismatch(
                f"The connector profile {profile_name} is of {connection.connector_type}, the flow reaches"
                f" {connector_type} through it. Name a profile of {connector_type}."
            )
        return self.connect(connection)

    def afresh(self) -> OpenConnections:
        """The same, with nothing kept of what connectors said of their entities."""
        return OpenConnections(self._lookups, self._hosts, MetadataCache(lambda: 0), self._built_ins)

    def unhurried(self) -> OpenConnections:
        """The same for executions, where nobody waits for the answers."""
        built_ins = None if self._built_ins is None else replace(self._built_ins, answer_s=None)
        return OpenConnections(self._lookups, self._hosts, self._cache, built_ins)

    def has(self, connector_type: str) -> bool:
        """Whether profiles of the type can be opened."""
        return connector_type == CUSTOM or self._built_in(connector_type) is not None

    def connect(self, connection: Connection, *, is_stored: bool = True) -> Opened:
        """The connector of a connection, whose tokens are renewed only if it is stored.

        Raises Stop where the connector is not here.
        """
        if connection.connector_type == CUSTOM:
            return self._custom(connection)
        kind, given = self._built_in(connection.connector_type), self._built_ins
        if kind is None or given is None:
            raise NotThere(
                f"The connector {connection.connector_type} of the profile {connection.profile_name} is not available"
                " in this headrace."
            )
        kept = Kept(connection, self._cache)
        outside = Outside(
            connection=lambda: self._now(connection) if is_stored else connection,
            refresh=lambda: is_stored and self._lookups.refresh(connection),
            kept=lambda name, ask: kept("own", name, None, ask),
            settings=given.settings,
            now=given.now,
            http=given.http,
            base_url=given.settings.connector_urls.get(connection.connector_type),
        )
        return OpenedConnector(kind, connection, outside, kept, given.answer_s)

    def _built_in(self, connector_type: str) -> RecordConnectorType | None:
        return None if self._built_ins is None else self._built_ins.types.get(connector_type)

    def _now(self, connection: Connection) -> Connection:
        found = self._lookups.profile(connection.account, connection.region, connection.profile_name)
        # One that was made anew meanwhile is another connection.
        return connection if found is None or found.secret_arn != connection.secret_arn else found

    def _custom(self, connection: Connection) -> Opened:
        label = connection.connector_label or ""
        found = self._lookups.registration(connection.account, connection.region, label)
        if found is None and label == webhook.LABEL:
            return webhook.Webhook(connection)
        if found is None:
            raise NotThere(
                f"Connector:{label} is not registered. Please register it first before creating ConnectorProfile."
            )
        host = self._hosts.host(found.lambda_arn)
        versions = tuple(str(each) for each in as_list(found.configuration, "supportedApiVersions"))
        return custom.CustomConnector(
            connection,
            host,
            versions,
            self._cache,
            refresh=lambda: self._lookups.refresh(connection),
            origin=_origin(connection, found),
        )

    def check(self, connection: Connection) -> None:
        """Ask the connector whether a connection that is not stored, or not like this, will do.

        Raises Retry or Stop.
        """
        self.connect(connection, is_stored=False).check()

    def forget(
        self,
        account: str,
        region: str,
        profile_name: str | None,
        connector_type: str | None,
        wanted: Callable[[Key], bool],
    ) -> None:
        """Drop what is kept of a profile's metadata, None: of all of the account's, as far as it is wanted."""
        self._cache.forget(
            lambda key: (
                (key.account, key.region) == (account, region)
                and profile_name in {None, key.profile_name}
                and connector_type in {None, key.connector_type}
                and wanted(key)
            )
        )


def _origin(connection: Connection, registration: Registration) -> Hashable:
    """What the connector's metadata depends on, beside the profile's name."""
    version = str(registration.configuration.get("connectorVersion"))
    return (registration.lambda_arn, version, connection.secret_arn, *sorted(connection.properties.items()))
