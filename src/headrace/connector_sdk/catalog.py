"""The connectors that AppFlow has: what each declares, whether headrace runs it or not.

Source: AppFlow User Guide, the page of each connector; AppFlow API Reference, DescribeConnector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headrace.connector_sdk.token_style import TokenStyle
from headrace.model.api import SHAPES
from headrace.model.connector_names import member_name
from headrace.model.enums import values_of
from headrace.model.shapes import Structure

Json = dict[str, Any]

_COMMON = (
    *("CustomerProfiles", "Honeycode", "LookoutMetrics", "Redshift", "S3", "Marketo", "Salesforce", "Snowflake"),
    *("Upsolver", "Zendesk", "CustomConnector"),
)
_NO_LOOKOUT = tuple(name for name in _COMMON if name != "LookoutMetrics")
_BY_MINUTE = values_of("ScheduleFrequencyType")
_BY_HOUR = _BY_MINUTE[1:]
_BY_DAY = _BY_MINUTE[2:]
_WRITES = values_of("WriteOperationType")


Grant = Literal["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "JWT_BEARER"]


@dataclass(frozen=True, slots=True)
class OAuth:
    """How profiles of the connector get their tokens.

    URLs may hold `{{name}}` for a profile property, those of nested structures too. `grant` is the one of profiles
    whose credentials don't say.
    """

    token_url: str
    authorize_url: str | None = None
    scopes: tuple[str, ...] = ()
    style: TokenStyle = field(default_factory=TokenStyle)
    grant: Grant = "AUTHORIZATION_CODE"


@dataclass(frozen=True, slots=True)
class Declared:
    """One connector type. `frequencies` and `destinations` are those of flows that read from it.

    `oauth` None: headrace gets no tokens for it.
    """

    name: str
    is_source: bool = True
    is_destination: bool = False
    authentication: tuple[str, ...] = ()
    frequencies: tuple[str, ...] = _BY_MINUTE
    destinations: tuple[str, ...] = _COMMON
    has_events: bool = False
    has_private_link: bool = False
    writes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] | None = None
    oauth: OAuth | None = None


def _destination(name: str, *authentication: str, has_private_link: bool = False) -> Declared:
    return Declared(
        name,
        is_source=False,
        is_destination=True,
        authentication=authentication,
        frequencies=(),
        destinations=(),
        has_private_link=has_private_link,
        writes=("INSERT",),
    )


_SLACK_SCOPES = [f"{kind}:{right}" for kind in ("channels", "groups", "im", "mpim") for right in ("history", "read")]
_SALESFORCE_METADATA: Json = {
    "oAuthScopes": ["api", "refresh_token", "id"],
    "dataTransferApis": ["AUTOMATIC", "BULKV2", "REST_SYNC"],
    "oauth2GrantTypesSupported": ["CLIENT_CREDENTIALS", "AUTHORIZATION_CODE", "JWT_BEARER"],
}

_DECLARED = (
    Declared(
        "Salesforce",
        is_destination=True,
        authentication=("OAuth2",),
        destinations=(*_COMMON, "EventBridge"),
        has_events=True,
        has_private_link=True,
        writes=_WRITES,
        metadata=_SALESFORCE_METADATA,
    ),
    Declared("Singular", authentication=("ApiKey",), frequencies=_BY_HOUR, has_private_link=True),
    Declared("Slack", authentication=("OAuth2",), destinations=_NO_LOOKOUT, metadata={"oAuthScopes": _SLACK_SCOPES}),
    _destination("Redshift", "BasicAuth"),
    Declared(
        "S3",
        is_destination=True,
        destinations=(*_NO_LOOKOUT, "SAPOData"),
        # Which AppFlow's S3 has not.
        has_events=True,
        writes=("INSERT",),
    ),
    Declared("Marketo", is_destination=True, authentication=("OAuth2",), frequencies=_BY_HOUR, writes=("INSERT",)),
    Declared(
        "Googleanalytics",
        authentication=("OAuth2",),
        frequencies=_BY_DAY,
        destinations=("S3", "LookoutMetrics", "Upsolver"),
    ),
    Declared("Zendesk", is_destination=True, authentication=("OAuth2",), writes=("INSERT", "UPSERT", "UPDATE")),
    Declared("Servicenow", authentication=("BasicAuth", "OAuth2")),
    Declared("Datadog", authentication=("ApiKey",), destinations=_NO_LOOKOUT),
    Declared("Trendmicro", authentication=("ApiKey",), frequencies=_BY_HOUR, has_private_link=True),
    _destination("Snowflake", "BasicAuth", has_private_link=True),
    Declared("Dynatrace", authentication=("ApiKey",)),
    Declared("Infornexus", authentication=("ApiKey",)),
    Declared("Amplitude", authentication=("ApiKey",), frequencies=_BY_DAY, destinations=("S3", "LookoutMetrics")),
    Declared("Veeva", authentication=("BasicAuth",)),
    _destination("EventBridge"),
    _destination("LookoutMetrics"),
    _destination("Upsolver"),
    _destination("Honeycode", "OAuth2"),
    _destination("CustomerProfiles"),
    Declared(
        "SAPOData",
        is_destination=True,
        authentication=("BasicAuth", "OAuth2"),
        destinations=("CustomerProfiles", "Redshift", "S3", "SAPOData"),
        has_private_link=True,
        writes=("INSERT", "UPSERT", "UPDATE"),
    ),
    Declared(
        "CustomConnector",
        is_destination=True,
        authentication=("BasicAuth", "ApiKey", "OAuth2", "CustomAuth"),
        destinations=("S3", "CustomConnector", "Salesforce"),
        writes=_WRITES,
    ),
    Declared("Pardot", authentication=("OAuth2",)),
)
CATALOG: Mapping[str, Declared] = {each.name: each for each in _DECLARED}


def configuration(declared: Declared) -> Json:
    """The connectorConfiguration of the type, as DescribeConnector shows it."""
    triggers = ["Scheduled", "OnDemand"] if declared.is_source else []
    shown: Json = {
        "canUseAsSource": declared.is_source,
        "canUseAsDestination": declared.is_destination,
        "supportedDestinationConnectors": list(declared.destinations),
        "supportedSchedulingFrequencies": list(declared.frequencies),
        "isPrivateLinkEnabled": declared.has_private_link,
        "isPrivateLinkEndpointUrlRequired": False,
        "supportedTriggerTypes": [*triggers, *(["Event"] if declared.has_events else [])],
        "connectorMetadata": _metadata(declared),
        **detail(declared),
        "authenticationConfig": _authentication(declared),
        "supportedOperators": list(_operators(declared.name)),
        "supportedWriteOperations": list(declared.writes),
    }
    return {name: value for name, value in shown.items() if value is not None}


def detail(declared: Declared) -> Json:
    """The type as an element of DescribeConnectors."""
    modes = (("SOURCE", declared.is_source), ("DESTINATION", declared.is_destination))
    return {
        "connectorDescription": declared.name,
        "connectorName": declared.name,
        "connectorType": declared.name,
        "connectorModes": [mode for mode, is_one in modes if is_one],
        "supportedDataTransferTypes": ["RECORD"],
    }


def _authentication(declared: Declared) -> Json:
    ways = ("BasicAuth", "ApiKey", "OAuth2", "CustomAuth")
    shown: Json = {
        f"is{way if way == 'OAuth2' else way.removesuffix('Auth') + 'Auth'}Supported": way in declared.authentication
        for way in ways
    }
    oauth = declared.oauth
    if oauth is not None:
        shown["oAuth2Defaults"] = {
            "oauthScopes": list(oauth.scopes),
            "tokenUrls": [oauth.token_url],
            "authCodeUrls": [] if oauth.authorize_url is None else [oauth.authorize_url],
            "oauth2GrantTypesSupported": [oauth.grant],
        }
    return shown


def _metadata(declared: Declared) -> Json | None:
    member = member_name(declared.name, _members("ConnectorMetadata"))
    return None if member is None else {member: dict(declared.metadata or {})}


def _operators(connector_type: str) -> tuple[str, ...]:
    """What the model lets a task of the connector do; nothing for one that is no source."""
    shapes = _members("ConnectorOperator")
    member = member_name(connector_type, shapes)
    return () if member is None else values_of(shapes[member])


def _members(structure: str) -> dict[str, str]:
    shape = SHAPES[structure]
    return {each.name: each.shape for each in shape.members} if isinstance(shape, Structure) else {}
