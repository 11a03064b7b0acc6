"""`headrace connect`: a service, a connector that needs consent, and a browser whose user gives it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from headrace.cli.calling import Api
from headrace.cli.connect import Consent, connect
from headrace.errors import SettingsError, Stop
from headrace.testing import Headrace, running
from tests.e2e import built_in, custom
from tests.standins import consenting_browser
from tests.standins.help_desk import help_desk
from tests.standins.help_desk_connector import ENTRY
from tests.standins.processes import PATIENCE_S
from tests.standins.token_endpoint import TokenServer, granted, token_server


def client_secret() -> str:
    return "planted-client-secret"


CONSENT = Consent("client", client_secret)


@dataclass
class Rig:
    service: Headrace
    server: TokenServer
    folder: Path

    @property
    def api(self) -> Api:
        return Api(self.service.url, "us-east-1", {})

    @property
    def document(self) -> dict[str, Any]:
        """A CreateConnectorProfile request without a code."""
        request = custom.profile(
            "shop", "Guarded", {"authenticationType": "OAUTH2"}, token=str(self.folder / "accepted"), host="app.example"
        )
        properties = request["connectorProfileConfig"]["connectorProfileProperties"]["CustomConnector"]
        properties["oAuth2Properties"] = {"tokenUrl": self.server.url, "oAuth2GrantType": "AUTHORIZATION_CODE"}
        return request

    def accept(self, token: str) -> None:
        (self.folder / "accepted").write_text(token)

    def profiles(self) -> list[dict[str, Any]]:
        return self.api("DescribeConnectorProfiles", {})["connectorProfileDetails"]


@pytest.fixture(name="rig")
def guarded(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        server = stack.enter_context(token_server())
        service = stack.enter_context(running(tmp_path / "data"))
        custom.host(service, "oauth_connector:handle")
        rig = Rig(service, server, tmp_path)
        rig.api("RegisterConnector", custom.registration("Guarded"))
        rig.accept("planted-access-1")
        yield rig


def user(shown: list[str], **members: str) -> Callable[[str], None]:
    def show(url: str) -> None:
        shown.append(url)
        # Some other page of this machine, that guesses.
        guess = shown[0].partition("redirect_uri=")[2]
        other = dict(parse_qsl("redirect_uri=" + guess))["redirect_uri"]
        assert httpx.get(other, params={"code": "forged", "state": "guessed"}, trust_env=False).status_code == 400
        assert httpx.get(consenting_browser.back(url, **members), trust_env=False).status_code == 200

    return show


def test_a_new_profile_is_made_with_the_users_consent(rig: Rig) -> None:
    shown: list[str] = []
    connect(rig.api, "shop", rig.document, CONSENT, user(shown, code="planted-code"))
    (url,) = shown
    asked = dict(parse_qsl(urlsplit(url).query))
    (redeemed,) = rig.server.asked
    assert url.startswith("https://app.example/authorize?")
    assert (asked["client_id"], asked["scope"], asked["response_type"]) == ("client", "read write", "code")
    assert "planted" not in url
    assert redeemed.members["code"] == "planted-code"
    assert redeemed.members["redirect_uri"] == asked["redirect_uri"]
    digest = hashlib.sha256(redeemed.members["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert [each["connectorProfileName"] for each in rig.profiles()] == ["shop"]


def test_a_profile_that_is_there_gets_new_tokens(rig: Rig) -> None:
    connect(rig.api, "shop", rig.document, CONSENT, user([], code="planted-code"))
    before = rig.profiles()[0]["connectorProfileProperties"]
    rig.accept("planted-access-2")
    shown: list[str] = []
    asked = Consent("client", client_secret, "https://{{host}}/other?prompt=login", ("all",))
    connect(rig.api, "shop", None, asked, user(shown, code="planted-second"))
    assert shown[0].startswith("https://app.example/other?prompt=login&response_type=code")
    assert rig.server.asked[1].members["code"] == "planted-second"
    assert rig.profiles()[0]["connectorProfileProperties"] == before


def test_a_user_who_refuses_makes_no_profile(rig: Rig) -> None:
    with pytest.raises(Stop, match="The application gave no code: access_denied: not today"):
        connect(rig.api, "shop", rig.document, CONSENT, user([], error="access_denied", error_description="not today"))
    assert rig.profiles() == []


def test_a_user_who_never_comes_back_is_given_up(rig: Rig) -> None:
    with pytest.raises(Stop, match=r"Nobody came back from the application within 0\.1 s"):
        connect(rig.api, "shop", rig.document, Consent("client", str, timeout_s=0.1), lambda _: None)


def test_a_code_that_the_application_does_not_take_is_told(rig: Rig) -> None:
    rig.server.answer = lambda _: granted(error="invalid_grant")
    with pytest.raises(Stop, match=r"ConnectorAuthenticationException: .*invalid_grant"):
        connect(rig.api, "shop", rig.document, CONSENT, user([], code="planted-code"))
    assert rig.profiles() == []


def test_what_can_not_be_connected_says_why(rig: Rig) -> None:
    with pytest.raises(Stop, match=r"Connector profile shop not found\. Make it with --new"):
        connect(rig.api, "shop", None, CONSENT, lambda _: None)
    basic = custom.profile("shop", "Guarded", custom.BASIC)
    with pytest.raises(Stop, match="oAuth2GrantType AUTHORIZATION_CODE"):
        connect(rig.api, "shop", basic, CONSENT, lambda _: None)
    other = rig.document | {"connectorLabel": "Other"}
    with pytest.raises(Stop, match="ResourceNotFoundException"):
        connect(rig.api, "shop", other, CONSENT, lambda _: None)


def test_nobody_is_asked_for_the_secret_of_a_profile_that_is_not_there(rig: Rig) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "connect", "NOPE", "--client-id", "client", "--url", rig.service.url],
        input="planted-client-secret\n",
        env=plain_environment(),
        # Without a terminal, which would be asked instead.
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Connector profile NOPE not found.")


def test_a_service_that_does_not_answer_is_told(rig: Rig) -> None:
    with pytest.raises(SettingsError, match="Nothing answers at"):
        Api("http://127.0.0.1:1", "us-east-1", {})("ListFlows", {})
    rig.server.answer = lambda _: (200, {}, b"<html>")
    with pytest.raises(SettingsError, match="does not speak AppFlow's API"):
        Api(rig.server.url, "us-east-1", {})("ListFlows", {})


def test_the_command_line_opens_the_browser_and_shows_no_secret(rig: Rig) -> None:
    document = rig.folder / "shop.json"
    document.write_text(json.dumps(rig.document))
    browser = Path(consenting_browser.__file__)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "headrace", "connect", "shop", "--new", str(document)),
            *("--client-id", "client", "--client-secret-file", "-", "--url", rig.service.url),
        ],
        input="planted-client-secret\n",
        env=plain_environment() | {"BROWSER": f"{sys.executable} {browser} %s"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "The connector profile shop is connected." in done.stdout
    assert "https://app.example/authorize?" in done.stdout
    assert "planted" not in done.stdout
    assert rig.server.asked[0].basic == "client:planted-client-secret"


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE_", "AWS_"))}


def test_a_profile_of_a_built_in_connector_is_connected(tmp_path: Path) -> None:
    shown: list[str] = []
    with help_desk() as desk, running(tmp_path / "data", entries=[ENTRY]) as service:
        api = Api(service.url, "us-east-1", {})
        new = built_in.profile(desk)
        del new["connectorProfileConfig"]["connectorProfileCredentials"]
        connect(api, "desk", new, CONSENT, user(shown, code="planted-code"))
        assert shown[0].startswith(f"{desk.url}/oauth/authorizations/new?response_type=code&client_id=client")
        assert dict(parse_qsl(urlsplit(shown[0]).query))["scope"] == "read write"
        (grant,) = desk.grants
        assert (grant["code"], grant["client_secret"]) == ("planted-code", "planted-client-secret")
        assert len(grant["code_verifier"]) >= 43
        found = api("ListConnectorEntities", {"connectorProfileName": "desk"})
        assert [each["name"] for each in found["connectorEntityMap"]["Objects"]] == ["tickets", "people"]
