"""A stored profile as its connector uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from headrace.connector_sdk.records import Connection, CredentialKind, Credentials
from headrace.operations.profile_kinds import CUSTOM
from headrace.store.profiles import Profile, Secret

_KINDS: Mapping[str, CredentialKind] = {
    "Amplitude": "ApiKey",
    "Datadog": "ApiKey",
    "Dynatrace": "ApiKey",
    "Infornexus": "CustomAuth",
    "Redshift": "BasicAuth",
    "Singular": "ApiKey",
    "Snowflake": "BasicAuth",
    "Trendmicro": "ApiKey",
    "Veeva": "BasicAuth",
}
_CUSTOM_KINDS: Mapping[str, CredentialKind] = {
    "OAUTH2": "OAuth2",
    "APIKEY": "ApiKey",
    "BASIC": "BasicAuth",
    "CUSTOM": "CustomAuth",
}
_BASIC = frozenset({"username", "basicAuthCredentials"})
# Members that are of use once, or say what the others are.
_APART = frozenset({"authenticationType", "oAuthRequest"})


def connection_of(profile: Profile, secret: Secret) -> Connection:
    """The profile opened; the newest tokens stand in for those it was made with."""
    given = secret.given or {}
    values = dict(_values(given)) | {name: text for name, text in secret.tokens.items() if isinstance(text, str)}
    properties = profile.properties
    if profile.connector_type == CUSTOM:
        properties = properties.get("profileProperties", {})
    return Connection(
        account=profile.account,
        region=profile.region,
        profile_name=profile.name,
        connector_type=profile.connector_type,
        connector_label=profile.connector_label,
        properties=dict(_values(properties)),
        credentials=Credentials(_kind(profile.connector_type, given), values),
        secret_arn=profile.secret_arn,
    )


def _kind(connector_type: str, given: Mapping[str, Any]) -> CredentialKind:
    if connector_type == CUSTOM:
        return _CUSTOM_KINDS[given["authenticationType"]]
    # ServiceNow and SAP OData have both ways; every other connector that is not listed has OAuth 2 only.
    return _KINDS.get(connector_type, "OAuth2" if _BASIC.isdisjoint(given) else "BasicAuth")


def _values(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Members as text, those of nested structures beside the others."""
    for name, value in members.items():
        if name in _APART:
            continue
        if isinstance(value, Mapping):
            yield from _values(cast("Mapping[str, Any]", value))
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(str(each) for each in cast("list[Any]", value))
    return str(value)
