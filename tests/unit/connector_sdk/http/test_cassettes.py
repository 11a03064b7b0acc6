"""Conversations are recorded without secrets and played back strictly."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import httpx
import pytest

from headrace.connector_sdk.http.cassettes import playing, recording

SECRETS = {"accessToken": "planted/secret+1", "password": "planted-2"}
OTHERS = {"accessToken": "made-up-1", "password": "made-up-2"}


def application(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/token":
        return httpx.Response(
            200, json={"access_token": "planted-3", "echo": "planted-2"}, headers={"set-cookie": "planted=4"}
        )
    if request.url.path == "/zip":
        return httpx.Response(200, content=b"\xff\xfe\x00")
    packed = gzip.compress(json.dumps({"page": request.url.params.get("page")}).encode())
    return httpx.Response(200, content=packed, headers={"content-encoding": "gzip", "content-type": "application/json"})


def talk(transport: httpx.BaseTransport, secrets: dict[str, str]) -> list[bytes]:
    with httpx.Client(transport=transport) as client:
        return [
            client.post("http://x.test/token", json={"password": secrets["password"]}).content,
            client.get("http://x.test/orders", params={"key": secrets["accessToken"], "page": "1"}).content,
            client.get("http://x.test/orders", params={"page": "2"}, headers={"authorization": "planted-5"}).content,
            client.get("http://x.test/zip").content,
        ]


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    path = tmp_path / "cassettes" / "orders.json"
    with recording(path, secrets=SECRETS, transport=httpx.MockTransport(application)) as transport:
        assert talk(transport, SECRETS)[1] == b'{"page": "1"}'
    return path


def test_no_secret_is_kept(cassette: Path):
    text = cassette.read_text()
    assert "planted" not in text
    assert "<accessToken>" in text


def test_what_was_recorded_is_answered_whatever_the_credentials(cassette: Path):
    with playing(cassette, secrets=OTHERS) as transport:
        token, first, second, packed = talk(transport, OTHERS)
    assert json.loads(token) == {"access_token": "<granted>", "echo": "<password>"}
    assert (first, second, packed) == (b'{"page": "1"}', b'{"page": "2"}', b"\xff\xfe\x00")


def test_a_request_that_was_not_recorded_is_shown_beside_the_nearest(cassette: Path):
    with (
        pytest.raises(
            AssertionError, match=r"orders.json has no GET http://x.test/orders\?page=3(?s:.*)- GET .*page=2"
        ) as raised,
        playing(cassette, secrets=OTHERS) as transport,
        httpx.Client(transport=transport) as client,
    ):
        client.get("http://x.test/orders", params={"page": "3"})
    assert "+ GET http://x.test/orders?page=3" in str(raised.value)


def test_a_request_is_answered_as_often_as_it_was_recorded(cassette: Path):
    with (
        pytest.raises(AssertionError, match=r"asked more often than recorded: GET http://x\.test/zip"),
        playing(cassette, secrets=OTHERS) as transport,
        httpx.Client(transport=transport) as client,
    ):
        [client.get("http://x.test/zip") for _ in range(2)]


def test_a_request_that_never_came_is_told(cassette: Path):
    with (
        pytest.raises(AssertionError, match=r"never asked: POST http://x.test/token; GET .*key=<accessToken>"),
        playing(cassette, secrets=OTHERS),
    ):
        pass


def test_nothing_is_written_where_the_recording_failed(tmp_path: Path):
    with (
        pytest.raises(httpx.ConnectError),
        recording(tmp_path / "a.json", secrets={}, transport=httpx.MockTransport(_down)) as transport,
    ):
        httpx.Client(transport=transport).get("http://x.test")
    assert not (tmp_path / "a.json").exists()


def _down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("down", request=request)
