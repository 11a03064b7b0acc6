"""What of a connector profile a user's consent is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.connector_sdk.oauth import filled
from headrace.errors import Stop
from headrace.model.api import SHAPES
from headrace.model.connector_names import member_name
from headrace.model.shapes import Structure

_CUSTOM = "CustomConnector"
_REQUEST = "oAuthRequest"
_CREDENTIALS = "ConnectorProfileCredentials"


@dataclass(frozen=True)
class Consented:
    """The connector's own members of a profile that authenticates by an authorization code.

    `held` names the members that its OAuth 2 credentials may have, `place` the one that they stand in, None: they
    are the credentials.
    """

    connector_type: str
    label: str | None
    member: str
    properties: dict[str, Any]
    held: frozenset[str]
    place: str | None

    def url(self, template: str) -> str:
        """The URL with the profile's properties filled in. Raises Stop where one is missing."""
        if self.connector_type == _CUSTOM:
            return filled(template, self.properties.get("profileProperties", {}))
        return filled(template, _texts(self.properties))

    def scopes(self) -> tuple[str, ...]:
        """Those that the profile itself names."""
        return tuple(self.properties.get("oAuthProperties", {}).get("oAuthScopes", ()))

    def config(self, oauth: Mapping[str, Any]) -> dict[str, Any]:
        """The connectorProfileConfig with these credentials."""
        held: dict[str, Any] = {name: value for name, value in oauth.items() if name in self.held}
        if self.connector_type == _CUSTOM:
            held = {"authenticationType": "OAUTH2", "oauth2": held}
        elif self.place is not None:
            held = {self.place: held}
        return {
            "connectorProfileProperties": {self.member: self.properties},
            "connectorProfileCredentials": {self.member: held},
        }


def consented(profile: Mapping[str, Any]) -> Consented:
    """The profile, described or asked to be made. Raises Stop for one that has no consent to ask for."""
    connector_type = str(profile.get("connectorType"))
    own = _own(connector_type, _CREDENTIALS)
    place, shape = ("oauth2", "OAuth2Credentials") if connector_type == _CUSTOM else _place(own[1])
    held = frozenset(_members(shape))
    holder = profile.get("connectorProfileConfig", profile)
    properties: dict[str, Any] = holder.get("connectorProfileProperties", {}).get(own[0], {})
    is_by_code = _REQUEST in held
    if connector_type == _CUSTOM:
        is_by_code = properties.get("oAuth2Properties", {}).get("oAuth2GrantType") == "AUTHORIZATION_CODE"
    if not is_by_code:
        raise Stop(
            f"A profile of {connector_type} is not connected in a browser. Those are that authenticate by OAuth 2 with"
            " an authorization code; of custom connectors those whose oAuth2Properties have the oAuth2GrantType"
            " AUTHORIZATION_CODE."
        )
    return Consented(connector_type, profile.get("connectorLabel"), own[0], properties, held, place)


def asked(
    api: Callable[[str, Mapping[str, Any]], dict[str, Any]],
    profile: Consented,
    authorize_url: str | None,
    scopes: tuple[str, ...],
) -> tuple[str, tuple[str, ...]]:
    """Where users consent, and to what: as told, else as the profile or the connector says."""
    if authorize_url is not None:
        return profile.url(authorize_url), scopes
    request = {"connectorType": profile.connector_type} | ({"connectorLabel": profile.label} if profile.label else {})
    described = api("DescribeConnector", request)["connectorConfiguration"]
    declared: Mapping[str, Any] = described.get("authenticationConfig", {}).get("oAuth2Defaults", {})
    urls: list[str] = declared.get("authCodeUrls", [])
    if not urls:
        name = profile.label or profile.connector_type
        raise Stop(f"The connector {name} declares no URL where users consent: give --authorize-url.")
    return profile.url(urls[0]), scopes or profile.scopes() or tuple(declared.get("oauthScopes", ()))


def _own(connector_type: str, union: str) -> tuple[str, str]:
    """The connector's member of the union, and its shape."""
    members = _members(union)
    name = member_name(connector_type, members)
    if name is None:
        raise Stop(f"{connector_type} has no connector profiles.")
    return name, members[name]


def _place(shape: str) -> tuple[str | None, str]:
    """The member that holds what OAuth 2 needs, and its shape; the shape itself where it is at the top."""
    members = _members(shape)
    if _REQUEST in members:
        return None, shape
    return next(((name, inner) for name, inner in members.items() if _REQUEST in _members(inner)), (None, shape))


def _members(shape: str) -> dict[str, str]:
    found = SHAPES.get(shape)
    return {each.name: each.shape for each in found.members} if isinstance(found, Structure) else {}


def _texts(properties: Mapping[str, Any]) -> dict[str, str]:
    """Properties that a URL may be made of; those of nested structures beside the others."""
    found: dict[str, str] = {}
    for name, value in properties.items():
        if isinstance(value, Mapping):
            found |= _texts(value)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, str):
            found[name] = value.rstrip("/")
    return found
