"""Tokens of built-in connectors: where their credentials lie, and how they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.built_in import OAuth, RecordConnectorType
from headrace.connector_sdk.oauth import TokenClient
from headrace.connector_sdk.records import RecordConnector
from headrace.errors import Refused, Stop
from headrace.operations.authorizing import Authorizer
from headrace.operations.connections import connection_of
from headrace.operations.oauth_profiles import rebased
from headrace.store.profiles import Profile, Secret
from tests.standins.processes import PATIENCE_S
from tests.standins.token_endpoint import TokenServer, token_server
from tests.unit.operations.profiles import CLIENT, CODE, LOGIN, TOKENS

ARN = "arn:aws:appflow:us-east-1:123456789012:connectorprofile/ann"


def never_opened(*_: object) -> RecordConnector:
    raise AssertionError


def of_type(name: str, **oauth: Any) -> RecordConnectorType:
    declared = OAuth(oauth.pop("token_url", "{{instanceUrl}}/token"), **oauth)
    return RecordConnectorType(connector_type=name, open=never_opened, oauth=declared)


TYPES = {
    name: of_type(name, **oauth)
    for name, oauth in {
        "Slack": {},
        "Servicenow": {},
        "SAPOData": {"token_url": "{{tokenUrl}}"},
        "Marketo": {"grant": "CLIENT_CREDENTIALS"},
        "Salesforce": {},
        "Googleanalytics": {"token_url": "https://oauth.example/token"},
    }.items()
}


@pytest.fixture(name="server")
def token_endpoint() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture(name="authorizer")
def built_in_authorizer(server: TokenServer) -> Iterator[Authorizer]:
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(trust_env=False))
        base_urls = {"Googleanalytics": server.url.removesuffix("/token")}
        client = TokenClient(lambda: http, timeout_s=PATIENCE_S)
        yield Authorizer(client, no_style, lambda: 1000, TYPES, base_urls)


def no_style(*_: str) -> Any:
    raise AssertionError


def profile(connector_type: str, properties: Mapping[str, Any]) -> Profile:
    return Profile(
        arn=ARN,
        account="123456789012",
        region="us-east-1",
        name="ann",
        connector_type=connector_type,
        connector_label=None,
        connection_mode="Public",
        kms_arn=None,
        properties=dict(properties),
        secret_arn=ARN,
        revision=1,
        created_ms=1,
        updated_ms=1,
    )


def at(server: TokenServer) -> dict[str, Any]:
    """Profile properties that lead to the server, with a slash that nobody means."""
    return {"instanceUrl": server.url.removesuffix("token")}


@pytest.mark.parametrize(
    "connector_type, place", [("Slack", None), ("Servicenow", "oAuth2Credentials"), ("Googleanalytics", None)]
)
def test_a_code_becomes_tokens_where_the_connector_has_its_credentials(
    authorizer: Authorizer, server: TokenServer, connector_type: str, place: str | None
) -> None:
    given = {**CLIENT, **CODE} if place is None else {place: {**CLIENT, **CODE}}
    about = profile(connector_type, at(server) if connector_type != "Googleanalytics" else {})
    found = authorizer.authorized(about, Secret(given))

    assert "planted-code" not in str(found.given)
    values = connection_of(about, found).credentials.values
    assert (values["accessToken"], values["refreshToken"]) == ("planted-access-1", "planted-refresh-1")
    assert server.asked[0].members["client_id"] == "client"
    assert authorizer.authorized(about, found) == found
    newer = authorizer.refreshed(about, found)
    assert connection_of(about, newer).credentials.values["accessToken"] == "planted-access-2"
    assert server.asked[1].members["refresh_token"] == "planted-refresh-1"


def test_a_profile_may_name_its_token_endpoint(authorizer: Authorizer, server: TokenServer) -> None:
    properties = {"applicationHostUrl": "https://sap.example", "oAuthProperties": {"tokenUrl": server.url}}
    authorizer.authorized(profile("SAPOData", properties), Secret({"oAuthCredentials": {**CLIENT, **CODE}}))
    assert server.grants == ["authorization_code"]
    with pytest.raises(Stop, match="needs tokenUrl"):
        authorizer.authorized(profile("SAPOData", {}), Secret({"oAuthCredentials": {**CLIENT, **CODE}}))


@pytest.mark.parametrize(
    "connector_type, given, grant",
    [
        ("Marketo", CLIENT, "client_credentials"),
        ("Salesforce", {"oAuth2GrantType": "CLIENT_CREDENTIALS", **CLIENT}, "client_credentials"),
        (
            "Salesforce",
            {"oAuth2GrantType": "JWT_BEARER", "jwtToken": "planted-jwt"},
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ),
    ],
)
def test_other_grants_ask_again_where_codes_refresh(
    authorizer: Authorizer, server: TokenServer, connector_type: str, given: dict[str, Any], grant: str
) -> None:
    about = profile(connector_type, at(server))
    found = authorizer.refreshed(about, authorizer.authorized(about, Secret(given)))
    assert found.tokens["accessToken"] == "planted-access-2"
    assert server.grants == [grant, grant]
    assert server.asked[0].members.get("assertion") == given.get("jwtToken")


@pytest.mark.parametrize(
    "connector_type, given",
    [
        # It authenticates in another way, or nothing here knows its token endpoint.
        ("Servicenow", LOGIN),
        ("SAPOData", {"basicAuthCredentials": LOGIN}),
        ("Zendesk", {**CLIENT, **CODE}),
        ("Veeva", LOGIN),
    ],
)
def test_what_needs_no_tokens_is_kept_as_it_is(
    authorizer: Authorizer, server: TokenServer, connector_type: str, given: dict[str, Any]
) -> None:
    about, secret = profile(connector_type, at(server)), Secret(given)
    assert authorizer.authorized(about, secret) == secret
    assert not authorizer.uses_oauth(about, secret)
    assert server.asked == []
    with pytest.raises(Refused, match="has no refresh token"):
        authorizer.refreshed(about, secret)


def test_a_signed_jwt_that_is_missing_is_told(authorizer: Authorizer, server: TokenServer) -> None:
    with pytest.raises(Refused, match="UpdateConnectorProfile"):
        authorizer.authorized(profile("Salesforce", at(server)), Secret({"oAuth2GrantType": "JWT_BEARER", **TOKENS}))


@pytest.mark.parametrize(
    "base_url, expected",
    [
        (None, "https://slack.example/api/token?x=1"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/api/token?x=1"),
        ("http://proxy/slack/", "http://proxy/slack/api/token?x=1"),
    ],
)
def test_a_url_keeps_its_path_at_another_server(base_url: str | None, expected: str) -> None:
    assert rebased("https://slack.example/api/token?x=1", base_url) == expected
