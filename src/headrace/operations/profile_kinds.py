"""What a connector profile of each connector type must hold, beyond the constraints of the model.

Source: AppFlow API Reference, the ConnectorProfileProperties and ConnectorProfileCredentials of each connector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.model.api import SHAPES
from headrace.model.connector_names import connector_types, member_name
from headrace.model.shapes import Document, Structure

CUSTOM = "CustomConnector"
# Their profiles may be reached over a private link.
_PRIVATE = frozenset({"Salesforce", "SAPOData", "Snowflake", "Singular", "Trendmicro", CUSTOM})
_AUTHENTICATIONS = {"OAUTH2": "oauth2", "APIKEY": "apiKey", "BASIC": "basic", "CUSTOM": "custom"}
_NO_MEMBERS: Document = {}


@dataclass(frozen=True, slots=True)
class Given:
    """A profile as it is to be: the connector's own members; `credentials` None where none are given."""

    connector_type: str
    connector_label: str | None
    connection_mode: str
    properties: dict[str, Any]
    credentials: dict[str, Any] | None = field(repr=False)


Rule = Callable[[Given], Iterator[str]]


def given(connector_type: str, label: str | None, request: Document) -> Given:
    """The request's profile; members that belong to other connectors are not looked at, see `faults`."""
    config = request["connectorProfileConfig"]
    properties = _own(connector_type, config["connectorProfileProperties"])
    credentials = _own(connector_type, config.get("connectorProfileCredentials", _NO_MEMBERS))
    return Given(connector_type, label, request["connectionMode"], properties or {}, credentials)


def has_profile(connector_type: str) -> bool:
    """Whether flows reach the connector through a profile: not S3, EventBridge and the like."""
    return _shape(connector_type, "ConnectorProfileProperties") is not None


def own_member(connector_type: str, union: str) -> str:
    """The name of the connector's member in the union."""
    shape = SHAPES[union]
    names: dict[str, object] = {each.name: each for each in shape.members} if isinstance(shape, Structure) else {}
    return member_name(connector_type, names) or connector_type


def faults(profile: Given, config: Document) -> tuple[str, ...]:
    """Everything that is wrong with the profile; `config` is the connectorProfileConfig it was read from."""
    if not has_profile(profile.connector_type):
        known = ", ".join(each for each in connector_types() if has_profile(each))
        return (f"{profile.connector_type} needs no connector profile; profiles are for {known}",)
    rules = (_labelled, _reachable, *_RULES.get(profile.connector_type, ()))
    return (*_members(profile, config), *(fault for rule in rules for fault in rule(profile)))


def _members(profile: Given, config: Document) -> Iterator[str]:
    for part, shape in (
        ("connectorProfileProperties", "ConnectorProfileProperties"),
        ("connectorProfileCredentials", "ConnectorProfileCredentials"),
    ):
        held: Document = config.get(part, _NO_MEMBERS)
        own = own_member(profile.connector_type, shape)
        foreign = sorted(name for name in held if name != own)
        if foreign:
            yield f"{part} holds {', '.join(foreign)}, the profile is of {profile.connector_type}: write {own} only"
        elif own not in held and _needs(part, profile):
            yield f"{part} lacks {own}: {_taken(profile.connector_type, shape)}"


def _needs(part: str, profile: Given) -> bool:
    if part == "connectorProfileProperties":
        return bool(_required_members(profile.connector_type, "ConnectorProfileProperties"))
    return profile.credentials is None and not _is_by_role(profile)


def _taken(connector_type: str, union: str) -> str:
    shape = _shape(connector_type, union)
    members = () if shape is None else tuple(each.name for each in shape.members)
    return f"it takes {', '.join(_required_members(connector_type, union) or members)}"


def _labelled(profile: Given) -> Iterator[str]:
    if profile.connector_type == CUSTOM and profile.connector_label is None:
        yield "connectorLabel is missing: a profile of CustomConnector names the connector by its label"
    if profile.connector_type != CUSTOM and profile.connector_label is not None:
        yield f"connectorLabel is for CustomConnector only: leave it out with {profile.connector_type}"


def _reachable(profile: Given) -> Iterator[str]:
    if profile.connection_mode != "Private":
        return
    if profile.connector_type not in _PRIVATE:
        yield f"connectionMode Private is for {', '.join(sorted(_PRIVATE))}: write Public for {profile.connector_type}"
    elif profile.connector_type in {"SAPOData", "Snowflake"} and not profile.properties.get("privateLinkServiceName"):
        yield f"privateLinkServiceName is missing: {profile.connector_type} needs it with connectionMode Private"


def _authorised(place: str | None = None) -> Rule:
    """OAuth 2 with a user's consent: an authorization code, or tokens that were had for one already."""

    def rule(profile: Given) -> Iterator[str]:
        holder: Document | None = profile.credentials
        if holder is not None and place is not None:
            holder = holder.get(place)
        if holder is not None and not _has_tokens(holder):
            yield f"AuthCode cannot be blank for connector: {profile.connector_type.upper()}"

    return rule


def _has_tokens(holder: Document) -> bool:
    request: Document | None = holder.get("oAuthRequest")
    if request is not None:
        return bool(request.get("authCode"))
    return bool(holder.get("accessToken") or holder.get("refreshToken"))


def _salesforce(profile: Given) -> Iterator[str]:
    credentials = profile.credentials
    if credentials is None:
        return
    grant = credentials.get("oAuth2GrantType", "JWT_BEARER" if "jwtToken" in credentials else "AUTHORIZATION_CODE")
    if grant == "AUTHORIZATION_CODE":
        yield from _authorised()(profile)
    needed = {"JWT_BEARER": "jwtToken", "CLIENT_CREDENTIALS": "clientCredentialsArn"}.get(grant)
    if needed is not None and needed not in credentials:
        yield f"{needed} is missing: Salesforce needs it with oAuth2GrantType {grant}"


def _one_of(*places: str, pairs: Mapping[str, str] = {}) -> Rule:
    """One way to authenticate out of several; `pairs` names what goes with a member."""

    def rule(profile: Given) -> Iterator[str]:
        credentials = profile.credentials
        if credentials is None:
            return
        chosen = [place for place in places if place in credentials]
        if len(chosen) != 1:
            held = " and ".join(chosen) or "neither"
            yield f"{profile.connector_type} credentials hold {held}: give either {' or '.join(places)}"
        for one, other in pairs.items():
            if (one in credentials) != (other in credentials):
                yield f"{profile.connector_type} credentials need {one} and {other} together"

    return rule


def _sap(profile: Given) -> Iterator[str]:
    if "oAuthCredentials" in (profile.credentials or {}) and "oAuthProperties" not in profile.properties:
        yield "oAuthProperties is missing: SAPOData needs it with oAuthCredentials"


def _redshift(profile: Given) -> Iterator[str]:
    properties, credentials = profile.properties, profile.credentials or {}
    if not _is_by_role(profile):
        for name, holder in (("databaseUrl", properties), ("username", credentials), ("password", credentials)):
            if profile.credentials is not None and not holder.get(name):
                yield f"{name} is missing: Redshift needs databaseUrl, username and password, or dataApiRoleArn"
        return
    home = "workgroupName" if properties.get("isRedshiftServerless") else "clusterIdentifier"
    for name in ("databaseName", home):
        if not properties.get(name):
            yield f"{name} is missing: Redshift needs it with dataApiRoleArn"


def _is_by_role(profile: Given) -> bool:
    """Whether Redshift is reached by a role of the Data API, which takes no password."""
    return profile.connector_type == "Redshift" and bool(profile.properties.get("dataApiRoleArn"))


def _custom(profile: Given) -> Iterator[str]:
    credentials, oauth = profile.credentials, profile.properties.get("oAuth2Properties")
    if credentials is None:
        return
    kind: str = credentials["authenticationType"]
    own = _AUTHENTICATIONS[kind]
    foreign = sorted(name for name in _AUTHENTICATIONS.values() if name in credentials and name != own)
    if foreign:
        yield f"CustomConnector credentials hold {', '.join(foreign)}: with authenticationType {kind} write {own} only"
    if own not in credentials:
        yield f"CustomConnector credentials lack {own}: authenticationType {kind} needs it"
    if kind == "OAUTH2" and own in credentials:
        yield from _custom_oauth(credentials[own], oauth)


def _custom_oauth(held: Document, oauth: Document | None) -> Iterator[str]:
    if oauth is None:
        yield "oAuth2Properties is missing: CustomConnector needs tokenUrl and oAuth2GrantType with OAUTH2"
        return
    grant: str = oauth["oAuth2GrantType"]
    if grant == "AUTHORIZATION_CODE" and not _has_tokens(held):
        yield "AuthCode cannot be blank for connector: CUSTOMCONNECTOR"
    needs_client = grant == "CLIENT_CREDENTIALS" or bool(held.get("oAuthRequest", _NO_MEMBERS).get("authCode"))
    if needs_client and not held.get("clientId"):
        yield f"clientId is missing: CustomConnector needs it with oAuth2GrantType {grant}"
    if grant == "JWT_BEARER" and "assertion" not in oauth.get("tokenUrlCustomProperties", _NO_MEMBERS):
        yield "tokenUrlCustomProperties lacks assertion: oAuth2GrantType JWT_BEARER sends it as the signed JWT"


def _own(connector_type: str, members: Document) -> dict[str, Any] | None:
    name = member_name(connector_type, members)
    return None if name is None else members[name]


def _shape(connector_type: str, union: str) -> Structure | None:
    shape = SHAPES[union]
    if not isinstance(shape, Structure):
        return None
    names = {each.name: each.shape for each in shape.members}
    name = member_name(connector_type, names)
    own = None if name is None else SHAPES[names[name]]
    return own if isinstance(own, Structure) else None


def _required_members(connector_type: str, union: str) -> tuple[str, ...]:
    shape = _shape(connector_type, union)
    return () if shape is None else tuple(each.name for each in shape.members if each.is_required)


_RULES: Mapping[str, tuple[Rule, ...]] = {
    "Googleanalytics": (_authorised(),),
    "Honeycode": (_authorised(),),
    "Pardot": (_authorised(),),
    "Redshift": (_redshift,),
    "SAPOData": (
        _one_of("basicAuthCredentials", "oAuthCredentials"),
        _authorised("oAuthCredentials"),
        _sap,
    ),
    "Salesforce": (_salesforce,),
    "Servicenow": (
        _one_of("username", "oAuth2Credentials", pairs={"username": "password"}),
        _authorised("oAuth2Credentials"),
    ),
    "Slack": (_authorised(),),
    "Snowflake": (_one_of("password", "privateKey"),),
    "Zendesk": (_authorised(),),
    CUSTOM: (_custom,),
}
