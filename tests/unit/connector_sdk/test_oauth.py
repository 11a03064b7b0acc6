from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.oauth import TokenClient, TokenEndpoint, filled
from headrace.connector_sdk.token_style import TokenStyle
from headrace.errors import ConnectorError, Refused, Retry, Stop
from tests.standins.processes import PATIENCE_S
from tests.standins.token_endpoint import Answer, TokenServer, granted, token_server

SECRETS = ("planted-secret", "planted-code", "planted-refresh", "planted-verifier", "planted-assertion", "planted&more")


@pytest.fixture(name="server")
def serve() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture(name="client")
def ask() -> Iterator[TokenClient]:
    with httpx.Client(trust_env=False) as http:
        yield TokenClient(lambda: http, timeout_s=PATIENCE_S)


def endpoint(server: TokenServer, **others: Any) -> TokenEndpoint:
    return replace(TokenEndpoint(server.url, "client", "planted-secret"), **others)


def refusal(server: TokenServer, client: TokenClient, answer: Answer) -> ConnectorError:
    server.answer = lambda _: answer
    with pytest.raises(ConnectorError) as raised:
        client.redeem(
            endpoint(server, extra={"audience": "planted&more"}),
            "planted-code",
            redirect_uri=None,
            verifier="planted-verifier",
        )
    assert not any(secret in raised.value.message for secret in SECRETS)
    assert server.url in raised.value.message
    return raised.value


def test_a_code_is_redeemed_with_its_verifier(server: TokenServer, client: TokenClient) -> None:
    found = client.redeem(endpoint(server), "planted-code", redirect_uri="http://back", verifier="planted-verifier")
    assert (found.access_token, found.refresh_token, found.lifetime_s) == (
        "planted-access-1",
        "planted-refresh-1",
        3600,
    )
    (asked,) = server.asked
    assert asked.members == {
        "grant_type": "authorization_code",
        "code": "planted-code",
        "redirect_uri": "http://back",
        "code_verifier": "planted-verifier",
        "client_id": "client",
        "client_secret": "planted-secret",
    }
    assert (asked.method, asked.accept, asked.basic) == ("POST", "application/json", None)


def test_a_refresh_keeps_the_old_refresh_token_where_none_comes(server: TokenServer, client: TokenClient) -> None:
    server.answer = lambda _: granted(access_token="new", expires_in="60")
    found = client.refresh(endpoint(server), "planted-refresh")
    assert (found.access_token, found.refresh_token, found.lifetime_s) == ("new", "planted-refresh", 60)
    assert server.asked[0].members["refresh_token"] == "planted-refresh"


def test_the_tokens_within_a_member_are_taken_where_there_are_any(server: TokenServer, client: TokenClient) -> None:
    asked = endpoint(server, style=TokenStyle(within="user"))

    def redeemed(**members: Any) -> tuple[str, str | None, float | None]:
        server.answer = lambda _: granted(**members)
        found = client.redeem(asked, "planted-code", redirect_uri=None, verifier=None)
        return found.access_token, found.refresh_token, found.lifetime_s

    ann = {"access_token": "ann's", "refresh_token": "ann's other", "expires_in": 60}
    assert redeemed(access_token="a bot's", user=ann) == ("ann's", "ann's other", 60)
    assert redeemed(user=ann) == ("ann's", "ann's other", 60)
    assert redeemed(access_token="a bot's", user={"id": "U1"}) == ("a bot's", None, None)
    assert redeemed(access_token="a bot's", user=None) == ("a bot's", None, None)


def test_a_client_and_a_jwt_get_tokens_of_their_own(server: TokenServer, client: TokenClient) -> None:
    client.client_credentials(endpoint(server, extra={"scope": "read"}))
    client.jwt_bearer(endpoint(server, client_id=None, client_secret=None), "planted-assertion")
    first, second = server.asked
    assert (first.members["grant_type"], first.members["scope"]) == ("client_credentials", "read")
    assert second.members == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "planted-assertion",
    }


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_endpoint_is_asked_in_its_style(
    server: TokenServer, client: TokenClient, method: Any, is_json: bool
) -> None:
    style = TokenStyle(has_basic_header=True, is_json=is_json, method=method)
    client.client_credentials(endpoint(server, client_secret="planted:secret", style=style))
    (asked,) = server.asked
    assert asked.method == method
    assert asked.members == {"grant_type": "client_credentials"}
    assert asked.basic == "client:planted%3Asecret"


def test_the_style_is_read_from_what_the_connector_declares() -> None:
    defaults = {"addBasicAuthHeader": True, "oAuth2ContentType": "JSON", "oAuth2MethodType": "HTTP_GET"}
    declared = TokenStyle.of({"authenticationConfig": {"oAuth2Defaults": defaults}})
    assert declared == TokenStyle(has_basic_header=True, is_json=True, method="GET")
    for silent in ({}, {"authenticationConfig": None}, {"authenticationConfig": {"oAuth2Defaults": None}}):
        assert TokenStyle.of(silent) == TokenStyle()


@pytest.mark.parametrize("status", [400, 401, 403, 200])
def test_refused_credentials_are_told_in_the_endpoints_words(
    server: TokenServer, client: TokenClient, status: int
) -> None:
    body = {"error": "invalid_grant", "error_description": "planted-code and planted-secret\nare old"}
    error = refusal(server, client, (status, {}, json.dumps(body).encode()))
    assert isinstance(error, Refused)
    assert f"refused the credentials (status {status}): invalid_grant: [redacted] and [redacted] are old" in str(error)


def test_what_was_sent_encoded_does_not_come_back_encoded(server: TokenServer, client: TokenClient) -> None:
    error = refusal(server, client, (400, {}, b'{"error": "bad audience=planted%26more"}'))
    assert "planted%26more" not in str(error)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_asked_again_later(server: TokenServer, client: TokenClient, status: int) -> None:
    error = refusal(server, client, (status, {"retry-after": "7"}, b"<html>busy planted-secret</html>"))
    assert isinstance(error, Retry)
    assert error.after_s == 7
    assert f"answered status {status}: <html>busy [redacted]</html>" in str(error)


def test_an_error_that_passes_is_no_refusal(server: TokenServer, client: TokenClient) -> None:
    assert isinstance(refusal(server, client, (400, {}, b'{"error": "temporarily_unavailable"}')), Retry)


@pytest.mark.parametrize(
    "answer, words",
    [
        ((200, {"content-type": "text/html; charset=x"}, b"<html>Log in</html>"), "with text/html, which is no JSON"),
        ((404, {}, b"gone"), "answered status 404 with no content type, which is no JSON object: gone"),
        ((404, {}, b'{"message": "no such path"}'), "answered status 404 (is the URL right?): no such path"),
        ((200, {}, b""), "which is no JSON object: nothing"),
        ((200, {}, b"[1]"), "which is no JSON object"),
        ((200, {}, b"[" * 100_000), "which is no JSON object"),
        ((200, {}, b"{}"), "answered no access_token, only an empty object"),
        ((200, {}, b'{"access_token": 5, "scope": "x"}'), "answered no access_token, only access_token, scope"),
        ((302, {"location": "http://elsewhere"}, b""), "answered a redirect"),
        ((200, {}, b" " * 2_000_000), "answered more than 1 MiB"),
    ],
)
def test_an_answer_that_is_of_no_use_is_told_in_words(
    server: TokenServer, client: TokenClient, answer: Answer, words: str
) -> None:
    error = refusal(server, client, answer)
    assert type(error) is Stop
    assert words in str(error)


def test_a_redirect_is_not_followed(server: TokenServer, client: TokenClient) -> None:
    refusal(server, client, (307, {"location": server.url}, b""))
    assert len(server.asked) == 1


def test_an_endpoint_that_is_down_is_asked_again_later(client: TokenClient) -> None:
    with token_server() as server:
        url = server.url
    with pytest.raises(Retry, match=r"The token endpoint http://127\.0\.0\.1:\d+/token can't be reached"):
        client.client_credentials(TokenEndpoint(url, "client", "planted-secret"))


def test_an_endpoint_that_is_slow_is_given_up(server: TokenServer) -> None:
    def wait(_: object) -> Answer:
        server.gate.wait(PATIENCE_S)
        return granted(access_token="late")

    server.answer = wait
    with httpx.Client(trust_env=False) as http, pytest.raises(Retry, match=r"did not answer within 0\.2 s"):
        TokenClient(lambda: http, timeout_s=0.2).client_credentials(endpoint(server))


@pytest.mark.parametrize("lifetime", [None, "soon", -1, 0, 1e300, [], float("nan")])
def test_a_lifetime_that_is_no_time_is_not_known(server: TokenServer, client: TokenClient, lifetime: Any) -> None:
    server.answer = lambda _: granted(access_token="new", expires_in=lifetime)
    assert client.client_credentials(endpoint(server)).lifetime_s is None


def test_no_value_shows_itself() -> None:
    shown = repr(TokenEndpoint("http://x", "client", "planted-secret", {"assertion": "planted-assertion"}))
    assert not any(secret in shown for secret in SECRETS)


def test_a_url_is_filled_from_the_profile() -> None:
    assert filled("https://{{ host }}/{{path}}", {"host": "app.example", "path": "t"}) == "https://app.example/t"
    assert filled("{{instanceUrl}}/token", {"instanceUrl": "https://a.b"}) == "https://a.b/token"
    with pytest.raises(Stop, match="needs one, two: give it as a profile property"):
        filled("https://{{two}}/{{one}}/{{three}}", {"three": "3", "one": ""})


@pytest.mark.parametrize("host", ["evil\nhost", "a b", "[", ""])
def test_a_url_that_can_not_be_is_refused(host: str) -> None:
    with pytest.raises(Stop):
        filled("https://{{host}}/token", {"host": host})
    with pytest.raises(Stop, match="is no URL"):
        filled("file:///{{name}}", {"name": "etc/passwd"})
