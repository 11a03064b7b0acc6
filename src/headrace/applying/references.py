"""References where a connector profile's secrets belong, which no service tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from headrace.applying.account import CUSTOM
from headrace.model.api import SHAPES
from headrace.model.connector_names import member_name, member_of
from headrace.model.shapes import Structure

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^A-Za-z0-9]+")
# Optional members that most profiles have where their shape has them.
_USUAL: Final = frozenset({"username", "password", "clientId", "clientSecret", "accessToken", "refreshToken"})
_BY_GRANT: Final[Mapping[str, tuple[str, ...]]] = {
    "CLIENT_CREDENTIALS": ("clientCredentialsArn",),
    "JWT_BEARER": ("jwtToken",),
}
_KINDS: Final = (
    ("isOAuth2Supported", "OAUTH2", "oauth2", ("clientId", "clientSecret", "accessToken", "refreshToken")),
    ("isApiKeyAuthSupported", "APIKEY", "apiKey", ("apiKey",)),
    ("isBasicAuthSupported", "BASIC", "basic", ("username", "password")),
)


def credentials_of(profile: Mapping[str, Any], connector: Mapping[str, Any]) -> dict[str, Any]:
    """The connectorProfileCredentials of a described profile, a reference for each secret: `${ERP_PASSWORD}`.

    Which credentials a profile has is not told, so these are what profiles of its kind have; `connector` is the
    configuration of a custom connector.
    """
    connector_type = str(profile.get("connectorType"))
    name = str(profile.get("connectorProfileName"))
    union = _members("ConnectorProfileCredentials")
    own = member_name(connector_type, union)
    if own is None:
        return {}
    told: Mapping[str, dict[str, Any]] = profile.get("connectorProfileProperties", {})
    properties = member_of(connector_type, told) or {}
    if connector_type == CUSTOM:
        return {own: _of_custom(name, properties, connector.get("authenticationConfig", {}))}
    return {own: _of_shape(name, union[own], properties)}


def _of_custom(name: str, properties: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    if "oAuth2Properties" in properties:
        declared = {"isOAuth2Supported": True}
    for flag, kind, member, secrets in _KINDS:
        if declared.get(flag):
            return {"authenticationType": kind, member: _references(name, secrets)}
    custom: list[dict[str, Any]] = declared.get("customAuthConfig", [])
    if not custom:
        return {"authenticationType": "BASIC", "basic": _references(name, ("username", "password"))}
    keys = [each["key"] for each in custom[0].get("authParameters", []) if "key" in each]
    kind = custom[0].get("customAuthenticationType", "")
    return {
        "authenticationType": "CUSTOM",
        "custom": {"customAuthenticationType": kind, "credentialsMap": _references(name, keys)},
    }


def _of_shape(name: str, shape: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    members = _members(shape)
    if "basicAuthCredentials" in members:
        if "oAuthProperties" in properties:
            return {"oAuthCredentials": _of_shape(name, members["oAuthCredentials"], properties)}
        return {"basicAuthCredentials": _of_shape(name, members["basicAuthCredentials"], properties)}
    grant = str(properties.get("oAuth2GrantType", ""))
    if grant in _BY_GRANT:
        return {"oAuth2GrantType": grant, **_references(name, _BY_GRANT[grant])}
    found = SHAPES[shape]
    required = {each.name for each in found.members if each.is_required} if isinstance(found, Structure) else set[str]()
    return _references(name, [each for each in members if each in required | _USUAL])


def _references(profile: str, members: Iterable[str]) -> dict[str, str]:
    return {member: f"${{{_variable(profile, member)}}}" for member in members}


def _variable(*parts: str) -> str:
    words = "_".join(_OTHER.sub("_", _HUMP.sub("_", part)).strip("_") for part in parts).upper()
    return words if not words[:1].isdigit() else f"_{words}"


def _members(shape: str) -> dict[str, str]:
    found = SHAPES[shape]
    return {each.name: each.shape for each in found.members} if isinstance(found, Structure) else {}
