"""A connector that was written as a class, in this process, through the contract that it is hosted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from headrace.connector_sdk import authored_shapes
from headrace.connector_sdk.authoring import ApiKey, Authored, BasicAuth, Destination, OAuth2, Source
from headrace.connector_sdk.conformance.subject import Abilities, Subject, Writing
from headrace.connector_sdk.custom import CustomConnector
from headrace.connector_sdk.hosts.here import HereHost
from headrace.connector_sdk.lambda_handler import lambda_handler
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.records import Connection, CredentialKind, Credentials
from headrace.connector_sdk.secret_text import secret_text

_NONE: Mapping[str, str] = {}
_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:conformance"
_KINDS: Mapping[type[Any], CredentialKind] = {BasicAuth: "BasicAuth", ApiKey: "ApiKey", OAuth2: "OAuth2"}


def of_class(
    connector: type[Authored],
    *,
    credentials: Mapping[str, str] = _NONE,
    properties: Mapping[str, str] = _NONE,
    settings: Mapping[str, str] = _NONE,
    entities: Sequence[str] = (),
    write: Sequence[Writing | str] = (),
) -> Subject:
    """The class as something to check.

    `credentials` by the names that the class reads, of the first kind that it declares. `properties` are the
    profile's, `settings` a flow's. `write`: the entities that may be written to.
    """
    connection = Connection(
        account="000000000000",
        region="us-east-1",
        profile_name="conformance",
        connector_type="CustomConnector",
        connector_label=connector.label or connector.__name__,
        properties=properties,
        credentials=Credentials(_kind(connector), credentials),
        secret_arn=_ARN,
    )
    host = _host(connector, connection)
    return Subject(
        name=connector.__name__,
        open=lambda held: _opened(connector, held),
        connection=connection,
        abilities=_abilities(connector),
        tried=lambda held: _opened(connector, held).check(),
        configuration=authored_shapes.configuration(connector),
        ask=host.invoke,
        settings=settings,
        entities=tuple(entities),
        writings=tuple(Writing(each) if isinstance(each, str) else each for each in write),
    )


def _opened(connector: type[Authored], connection: Connection) -> CustomConnector:
    versions = connector.api_versions
    cache = MetadataCache(lambda: 0)
    return CustomConnector(connection, _host(connector, connection), versions, cache, refresh=lambda: False)


def _host(connector: type[Authored], connection: Connection) -> HereHost:
    return HereHost(lambda_handler(connector, secrets=lambda _: secret_text(connection)))


def _abilities(connector: type[Authored]) -> Abilities:
    is_destination = issubclass(connector, Destination)
    return Abilities(
        reads=issubclass(connector, Source),
        writes=is_destination,
        operations=authored_shapes.write_operations(connector),
        keeps_batches_once=is_destination and connector.keeps_batches_once,
    )


def _kind(connector: type[Authored]) -> CredentialKind:
    kinds = [_KINDS.get(type(each), "CustomAuth") for each in connector.authentication]
    return cast("CredentialKind", next(iter(kinds), "CustomAuth"))
