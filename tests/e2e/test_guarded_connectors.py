"""OAuth 2 from end to end: a code becomes tokens, a refused token a new one, and nobody sees any of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.connector_sdk.connector_lines import ExecutionName
from headrace.log import Log
from headrace.testing import Headrace, running
from tests.e2e import custom
from tests.standins.processes import until
from tests.standins.token_endpoint import TokenServer, granted, token_server


@dataclass
class Guarded:
    """A service, a connector whose application takes one token, and the token endpoint."""

    service: Headrace
    appflow: Any
    server: TokenServer
    accepted: Path
    log: io.StringIO
    answers: list[str]

    def accept(self, token: str) -> None:
        self.accepted.write_text(token)

    def create(self, **members: Any) -> Any:
        return self.told(self.appflow.create_connector_profile, **(self.profile() | members))

    def profile(self, code: str = "planted-code") -> dict[str, Any]:
        oauth = {
            "clientId": "client",
            "clientSecret": "planted-client-secret",
            "oAuthRequest": {"authCode": code, "redirectUri": "http://back", "codeVerifier": "planted" + "v" * 43},
        }
        request = custom.profile(
            "shop", "Guarded", {"authenticationType": "OAUTH2", "oauth2": oauth}, token=str(self.accepted)
        )
        properties = request["connectorProfileConfig"]["connectorProfileProperties"]["CustomConnector"]
        properties["oAuth2Properties"] = {"tokenUrl": self.server.url, "oAuth2GrantType": "AUTHORIZATION_CODE"}
        return request

    def told(self, ask: Any, **request: Any) -> Any:
        """The answer, which is kept as text with every other."""
        try:
            answer = ask(**request)
        except ClientError as error:
            self.answers.append(f"{error} {error.response}")
            raise
        self.answers.append(str(answer))
        return answer

    def run(self, name: str) -> dict[str, Any]:
        record = custom.run(self.service, self.appflow, custom.from_connector(name, "shop", "orders", "id"))
        self.answers.append(str(record))
        return record

    def seen(self) -> str:
        """Everything that a log or a client got to see."""
        self.told(self.appflow.describe_connector_profiles)
        self.told(self.appflow.list_flows)
        return self.log.getvalue() + "".join(self.answers) + self.kept()

    def kept(self) -> str:
        """What is kept of what the connector printed, for all executions."""
        return "".join(path.read_text() for path in (self.service.data / "connector-logs").rglob("*.log"))


@pytest.fixture(name="guarded")
def guarded_connector(tmp_path: Path) -> Iterator[Guarded]:
    log = io.StringIO()
    with ExitStack() as stack:
        server = stack.enter_context(token_server())
        service = stack.enter_context(running(tmp_path / "data", log=Log(log, form="json", level="debug")))
        custom.host(service, "oauth_connector:handle")
        appflow = custom.client(service)
        stack.callback(appflow.close)
        appflow.register_connector(**custom.registration("Guarded"))
        guarded = Guarded(service, appflow, server, tmp_path / "accepted", log, [])
        guarded.accept("planted-access-1")
        yield guarded


def test_a_code_is_redeemed_and_the_connector_reads_with_its_token(guarded: Guarded) -> None:
    guarded.create()
    (asked,) = guarded.server.asked
    assert asked.members["code_verifier"] == "planted" + "v" * 43
    assert asked.basic == "client:planted-client-secret"
    record = guarded.run("first")
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 2)
    assert "planted" not in guarded.seen()


def test_what_the_connector_prints_for_an_execution_is_kept_without_its_credentials(guarded: Guarded) -> None:
    guarded.create()
    execution_id = guarded.run("first")["executionId"]
    path = guarded.service.service.backend.connector_lines.path(
        ExecutionName("000000000000", "us-east-1", "first", execution_id)
    )
    # Its lines come through a pipe of their own.
    until(lambda: path.exists() or None)
    assert path.is_relative_to(guarded.service.data / "connector-logs" / "000000000000" / "us-east-1" / "first")
    assert "or plainly [redacted]" in path.read_text()
    assert "planted" not in guarded.seen()


def test_a_token_that_is_refused_in_a_run_is_refreshed_once(guarded: Guarded) -> None:
    guarded.create()
    guarded.service.clock.turn(timedelta(minutes=5))
    guarded.accept("planted-access-2")
    record = guarded.run("second")
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 2)
    assert guarded.server.grants == ["authorization_code", "refresh_token"]
    assert "planted" not in guarded.seen()


def test_a_refresh_that_does_not_help_fails_the_call_without_the_token(guarded: Guarded) -> None:
    guarded.create()
    guarded.service.clock.turn(timedelta(minutes=5))
    guarded.accept("another")
    with pytest.raises(ClientError, match="ConnectorAuthenticationException"):
        guarded.told(guarded.appflow.list_connector_entities, connectorProfileName="shop")
    assert guarded.server.grants == ["authorization_code", "refresh_token"]
    assert "planted" not in guarded.seen()


def test_a_refused_code_makes_no_profile(guarded: Guarded) -> None:
    guarded.server.answer = lambda asked: (
        400,
        {},
        b'{"error": "invalid_grant", "error_description": "%s"}' % asked.members["code"].encode(),
    )
    with pytest.raises(ClientError, match="invalid_grant") as raised:
        guarded.create()
    assert raised.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert guarded.appflow.describe_connector_profiles()["connectorProfileDetails"] == []
    assert "planted" not in guarded.seen()


def test_a_token_endpoint_that_answers_html_is_told_in_words(guarded: Guarded) -> None:
    guarded.server.answer = lambda _: (200, {"content-type": "text/html"}, b"<html>planted-code log in</html>")
    with pytest.raises(ClientError, match="text/html, which is no JSON object") as raised:
        guarded.create()
    assert raised.value.response["Error"]["Code"] == "ConnectorServerException"
    assert "planted" not in guarded.seen()


def test_credentials_that_the_connector_refuses_make_no_profile(guarded: Guarded) -> None:
    guarded.accept("another")
    with pytest.raises(ClientError, match="ConnectorAuthenticationException"):
        guarded.create()
    assert guarded.appflow.describe_connector_profiles()["connectorProfileDetails"] == []
    assert "planted" not in guarded.seen()


def test_a_connector_that_breaks_says_no_token_aloud(guarded: Guarded) -> None:
    guarded.server.answer = lambda _: granted(access_token="planted-boom")
    guarded.accept("planted-boom")
    with pytest.raises(ClientError, match=r"ValueError: I can't go on with \[redacted\]"):
        guarded.create()
    assert "or plainly [redacted]" in guarded.seen()
    assert "planted" not in guarded.seen()


def test_a_code_is_not_spent_on_a_connector_that_nobody_registered(guarded: Guarded) -> None:
    with pytest.raises(ClientError, match="Connector:Other is not registered"):
        guarded.create(connectorLabel="Other")
    assert guarded.server.asked == []


def test_an_update_takes_a_new_code_and_one_without_keeps_the_tokens(guarded: Guarded) -> None:
    guarded.create()
    update = guarded.profile("planted-second-code")
    for name in ("connectorType", "connectorLabel"):
        del update[name]
    guarded.accept("planted-access-2")
    guarded.told(guarded.appflow.update_connector_profile, **update)
    del update["connectorProfileConfig"]["connectorProfileCredentials"]
    guarded.told(guarded.appflow.update_connector_profile, **update)
    assert guarded.server.grants == ["authorization_code"] * 2
    assert guarded.run("third")["executionStatus"] == "Successful"
    assert "planted" not in guarded.seen()


def test_what_a_request_breaks_is_told_without_its_secrets(guarded: Guarded) -> None:
    bad = guarded.profile("planted code with blanks")
    oauth = bad["connectorProfileConfig"]["connectorProfileCredentials"]["CustomConnector"]["oauth2"]
    oauth |= {"refreshToken": "planted refresh", "clientSecret": "planted secret", "accessToken": "planted token"}
    with pytest.raises(ClientError, match="4 validation errors detected"):
        guarded.told(guarded.appflow.create_connector_profile, **bad)
    assert "planted" not in guarded.seen()
