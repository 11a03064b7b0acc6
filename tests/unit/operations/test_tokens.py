"""Tokens of profiles: got, kept sealed, got anew once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from headrace.clock import to_ms
from headrace.connector_sdk.oauth import TokenClient
from headrace.connector_sdk.records import Connection
from headrace.errors import Refused, Retry
from headrace.operations.authorizing import Authorizer
from headrace.operations.connections import connection_of
from headrace.operations.oauth_profiles import declared_styles
from headrace.operations.refreshing import Refresher
from headrace.store import profiles
from headrace.store.profiles import Profile, Secret
from headrace.store.secrets import Sealer
from tests.standins.processes import PATIENCE_S
from tests.standins.token_endpoint import Answer, Asked, TokenServer, granted, token_server
from tests.unit.operations.calls import ALICE, Calls, Json, serving

CODE = {"oAuthRequest": {"authCode": "planted-code", "redirectUri": "http://back", "codeVerifier": "v" * 43}}
OLD = {"accessToken": "planted-old", "refreshToken": "planted-old-refresh"}


@dataclass
class Desk:
    """A store, a token endpoint and what goes between them."""

    call: Calls
    server: TokenServer
    sealer: Sealer
    authorizer: Authorizer
    refresher: Refresher
    folder: Path

    def profile(self, held: Json, grant: str = "AUTHORIZATION_CODE", **oauth: Any) -> tuple[Profile, Secret]:
        properties: Json = {
            "profileProperties": {"region": "eu"},
            "oAuth2Properties": {"tokenUrl": self.server.url, "oAuth2GrantType": grant} | oauth,
        }
        given = {
            "authenticationType": "OAUTH2",
            "oauth2": {"clientId": "client", "clientSecret": "planted-secret"} | held,
        }
        made = Profile(
            arn="arn:aws:appflow:us-east-1:123456789012:connectorprofile/ann",
            account=ALICE.account,
            region=ALICE.region,
            name="ann",
            connector_type="CustomConnector",
            connector_label="mine",
            connection_mode="Public",
            kms_arn=None,
            properties=properties,
            secret_arn="arn:aws:secretsmanager:us-east-1:123456789012:secret:appflow!123456789012-ann-1-000001",
            revision=1,
            created_ms=1,
            updated_ms=1,
        )
        return made, Secret(given)

    def keep(self, profile: Profile, secret: Secret) -> Connection:
        self.call.store.write(lambda tx: profiles.insert(tx, self.sealer, profile, secret)).result(timeout=PATIENCE_S)
        return self.opened()

    def stored(self) -> tuple[Profile, Secret]:
        found = self.call.store.read(
            lambda tx: profiles.get_with_secret(tx, self.sealer, ALICE.account, ALICE.region, "ann")
        ).result(timeout=PATIENCE_S)
        assert found is not None
        return found

    def opened(self) -> Connection:
        found = self.refresher.open(ALICE.account, ALICE.region, "ann")
        assert found is not None
        return found

    def access(self) -> str:
        return connection_of(*self.stored()).credentials.values["accessToken"]

    def later(self, **by: float) -> None:
        self.call.clock.turn(timedelta(**by))


@pytest.fixture(name="desk")
def open_desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        call = stack.enter_context(serving(tmp_path / "data"))
        server = stack.enter_context(token_server())
        http = stack.enter_context(httpx.Client(trust_env=False))
        sealer = Sealer.open_folder(tmp_path / "data")

        def now_ms() -> int:
            return to_ms(call.clock.now())

        authorizer = Authorizer(TokenClient(lambda: http, timeout_s=PATIENCE_S), declared_styles(call.store), now_ms)
        refresher = Refresher(call.store, sealer, authorizer, now_ms)
        yield Desk(call, server, sealer, authorizer, refresher, tmp_path / "data")


def test_a_code_becomes_tokens_and_is_forgotten(desk: Desk) -> None:
    profile, secret = desk.profile(CODE)
    found = desk.authorizer.authorized(profile, secret)
    assert "planted-code" not in str(found.given)
    desk.keep(profile, found)
    assert dict(desk.opened().credentials.values) == {
        "clientId": "client",
        "clientSecret": "planted-secret",
        "accessToken": "planted-access-1",
        "refreshToken": "planted-refresh-1",
    }
    asked = desk.server.asked[0].members
    assert (asked["code"], asked["redirect_uri"], asked["code_verifier"]) == ("planted-code", "http://back", "v" * 43)
    assert desk.authorizer.authorized(profile, found) == found
    assert len(desk.server.asked) == 1


def test_tokens_that_were_had_already_are_kept_as_they_are(desk: Desk) -> None:
    profile, secret = desk.profile(OLD)
    assert desk.authorizer.authorized(profile, secret) == secret
    assert desk.server.asked == []


def test_a_refresh_token_alone_gets_an_access_token(desk: Desk) -> None:
    profile, secret = desk.profile({"refreshToken": "planted-old-refresh"})
    found = desk.authorizer.authorized(profile, secret)
    assert found.tokens["accessToken"] == "planted-access-1"
    assert desk.server.grants == ["refresh_token"]


@pytest.mark.parametrize(
    "grant, oauth, asked",
    [
        ("CLIENT_CREDENTIALS", {"tokenUrlCustomProperties": {"scope": "all"}}, ("client_credentials", "all", None)),
        (
            "JWT_BEARER",
            {"tokenUrlCustomProperties": {"assertion": "planted-jwt"}},
            ("urn:ietf:params:oauth:grant-type:jwt-bearer", None, "planted-jwt"),
        ),
    ],
)
def test_other_grants_ask_again_where_codes_refresh(desk: Desk, grant: str, oauth: Json, asked: Any) -> None:
    profile, secret = desk.profile({}, grant, **oauth)
    first = desk.authorizer.authorized(profile, secret)
    second = desk.authorizer.refreshed(profile, first)
    assert second.tokens["accessToken"] == "planted-access-2"
    for each in desk.server.asked:
        assert (each.members["grant_type"], each.members.get("scope"), each.members.get("assertion")) == asked


def test_a_token_url_is_filled_from_the_profile(desk: Desk) -> None:
    profile, secret = desk.profile({}, "CLIENT_CREDENTIALS")
    profile.properties["oAuth2Properties"]["tokenUrl"] = desk.server.url + "/{{region}}"
    desk.authorizer.authorized(profile, secret)
    assert len(desk.server.asked) == 1


def test_other_profiles_ask_for_no_tokens(desk: Desk) -> None:
    profile, _ = desk.profile({})
    basic = Secret({"authenticationType": "BASIC", "basic": {"username": "ann", "password": "planted"}})
    assert desk.authorizer.authorized(profile, basic) == basic
    connection = desk.keep(profile, basic)
    assert desk.refresher.refresh(connection) is False
    with pytest.raises(Refused, match="has no refresh token"):
        desk.authorizer.refreshed(profile, basic)


def test_a_refused_token_is_refreshed_and_the_new_one_kept_sealed(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    assert desk.refresher.refresh(connection)
    assert desk.access() == "planted-access-1"
    assert desk.server.asked[0].members["refresh_token"] == "planted-old-refresh"
    desk.later(minutes=1)
    assert desk.refresher.refresh(connection)
    assert desk.access() == "planted-access-2"
    assert desk.server.asked[1].members["refresh_token"] == "planted-refresh-1"
    content = b"".join(path.read_bytes() for path in desk.folder.iterdir() if path.is_file())
    assert b"planted" not in content


def test_many_that_are_refused_at_once_refresh_once(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    answer = desk.server.answer
    arrived = threading.Barrier(9)

    def held_back(asked: Asked) -> Answer:
        arrived.wait(PATIENCE_S)
        return answer(asked)

    desk.server.answer = held_back

    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(desk.refresher.refresh, connection) for _ in range(8)]
        release(arrived)
        assert all(each.result(timeout=PATIENCE_S) for each in waiting)
    assert desk.server.grants == ["refresh_token"]


def release(barrier: threading.Barrier) -> None:
    """Let the one request through: the others never come."""
    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(barrier.wait, PATIENCE_S) for _ in range(8)]:
            each.result(timeout=PATIENCE_S)


def test_one_that_was_refused_before_the_refresh_does_not_refresh_again(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    assert desk.refresher.refresh(connection)
    assert desk.refresher.refresh(connection)
    assert len(desk.server.asked) == 1


def test_a_token_whose_time_is_up_is_refreshed_before_it_is_used(desk: Desk) -> None:
    profile, secret = desk.profile(CODE)
    desk.keep(profile, desk.authorizer.authorized(profile, secret))
    desk.later(minutes=58)
    assert desk.opened().credentials.values["accessToken"] == "planted-access-1"
    desk.later(minutes=1)
    assert desk.opened().credentials.values["accessToken"] == "planted-access-2"
    assert desk.access() == "planted-access-2"


def test_a_token_of_unknown_lifetime_is_used_until_it_is_refused(desk: Desk) -> None:
    desk.server.answer = lambda _: granted(access_token="planted-forever")
    profile, secret = desk.profile({}, "CLIENT_CREDENTIALS")
    desk.keep(profile, desk.authorizer.authorized(profile, secret))
    desk.later(days=400)
    assert desk.opened().credentials.values["accessToken"] == "planted-forever"
    assert len(desk.server.asked) == 1


def test_a_refresh_that_fails_leaves_the_old_token_and_is_tried_again(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    good = desk.server.answer
    desk.server.answer = lambda _: (503, {}, b"busy")
    with pytest.raises(Retry):
        desk.refresher.refresh(connection)
    assert desk.access() == "planted-old"
    desk.server.answer = good
    assert desk.refresher.refresh(connection)


def test_a_refused_refresh_token_is_told_without_it(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    desk.server.answer = lambda asked: (
        400,
        {},
        b'{"error": "invalid_grant", "error_description": "' + asked.members["refresh_token"].encode() + b'"}',
    )
    with pytest.raises(Refused) as raised:
        desk.refresher.refresh(connection)
    assert "planted" not in str(raised.value)


def test_a_profile_without_a_refresh_token_says_what_to_do(desk: Desk) -> None:
    connection = desk.keep(*desk.profile({"accessToken": "planted-old"}))
    with pytest.raises(Refused, match=r"has no refresh token\. Give it new credentials with UpdateConnectorProfile"):
        desk.refresher.refresh(connection)


def test_a_profile_that_is_not_stored_is_not_refreshed(desk: Desk) -> None:
    assert desk.refresher.refresh(connection_of(*desk.profile(OLD))) is False
    assert desk.refresher.open(ALICE.account, ALICE.region, "ann") is None


def test_credentials_that_are_changed_during_a_refresh_are_kept(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    good = desk.server.answer
    _, newer = desk.profile({"accessToken": "planted-newer"})

    def change(asked: Asked) -> Answer:
        profile, _ = desk.stored()
        desk.call.store.write(lambda tx: profiles.update(tx, desk.sealer, profile, newer, now_ms=5)).result(
            timeout=PATIENCE_S
        )
        return good(asked)

    desk.server.answer = change
    assert desk.refresher.refresh(connection)
    assert desk.access() == "planted-newer"


def test_a_refresh_does_not_show_as_a_change_of_the_profile(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    desk.refresher.refresh(connection)
    profile, _ = desk.stored()
    assert profile.updated_ms == 1


def test_a_node_that_is_refused_because_another_was_faster_goes_on_with_what_that_was_given(desk: Desk) -> None:
    connection = desk.keep(*desk.profile(OLD))
    authorizer = desk.authorizer
    another = Refresher(desk.call.store, desk.sealer, authorizer, lambda: to_ms(desk.call.clock.now()))
    good = desk.server.answer

    def answer_the_other_first(_: Asked) -> Answer:
        desk.server.answer = good
        assert another.refresh(connection)
        return 400, {}, b'{"error": "invalid_grant"}'

    desk.server.answer = answer_the_other_first
    assert desk.refresher.refresh(connection)
    assert desk.access() == "planted-access-2"
