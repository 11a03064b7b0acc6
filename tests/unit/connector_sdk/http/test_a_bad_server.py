"""Servers that are slow, silent, cut answers short or pack them badly: over real connections."""

from __future__ import annotations

import gzip
import json
import socket
import struct
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from headrace.connector_sdk.http.logins import Bearer
from headrace.connector_sdk.http.messages import Request
from headrace.connector_sdk.http.network import Bounds
from headrace.connector_sdk.http.session import Account, Http, Session
from headrace.connector_sdk.rest import RestConnector
from headrace.errors import ConnectorError, Retry, Stop
from tests.standins.paging_shop import Answer, Misbehaviour, Shop, api
from tests.standins.rest_api import RestApi, answers, decoded, query

ORDERS = [{"id": number} for number in range(5)]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@pytest.fixture
def shop() -> Shop:
    return Shop(ORDERS)


@pytest.fixture
def url(shop: Shop) -> Generator[str]:
    with shop.server() as url:
        yield url


@pytest.fixture
def http() -> Generator[Http]:
    http = Http(wait=lambda _: None, random=lambda: 0.5)
    yield http
    http.close()


def session(http: Http, **bounds: Any) -> Session:
    return http.session(Account(RestApi(answers()).connection), Bearer(), bounds=Bounds(**bounds))


def sends(content: bytes) -> Misbehaviour:
    return lambda connection: connection.sendall(content)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)


def silent(shop: Shop) -> Misbehaviour:
    return lambda _: shop.over.wait()


def dribbling(shop: Shop) -> Misbehaviour:
    def dribble(connection: socket.socket) -> None:
        connection.sendall(OK + b"content-length: 1000000\r\n\r\n")
        while not shop.over.wait(0.02):
            try:
                connection.sendall(b" ")
            except OSError:
                return

    return dribble


@pytest.mark.parametrize(
    "content, kind, said",
    [
        (b"", Retry, "broke the connection: Server disconnected without sending a response"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Retry, "broke the connection"),
        (OK + b"content-length: 100\r\n\r\n{", Retry, "broke the connection: peer closed connection"),
        (OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n", Retry, "broke the connection"),
        (OK + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\n{}{}", Retry, "what its content-encoding can't be"),
        (OK + b"content-length: 3000\r\n\r\n" + b"x" * 3000, Stop, "more than the 2000 bytes that are allowed"),
        (
            OK
            + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(gzip.compress(b" " * 9999))
            + gzip.compress(b" " * 9999),
            Stop,
            "more than the 2000 bytes that are allowed",
        ),
    ],
)
def test_an_answer_that_is_not_whole_is_told(
    shop: Shop, url: str, http: Http, content: bytes, kind: type[ConnectorError], said: str
):
    shop.misbehaving.extend([sends(content)] * 3)
    with pytest.raises(kind, match=f"GET {url}/check .*{said}"):
        session(http, answer_bytes=2000).send(Request("GET", f"{url}/check"))
    shop.misbehaving.clear()
    assert session(http).send(Request("GET", f"{url}/check")).status == 200


def test_a_connection_that_breaks_is_made_again(shop: Shop, url: str, http: Http):
    shop.misbehaving.append(resets)
    assert session(http).send(Request("GET", f"{url}/check")).body == b'{"ok": true}'
    assert shop.asked == ["/check", "/check"]


def test_a_silent_server_is_left_after_the_idle_time(shop: Shop, url: str, http: Http):
    shop.misbehaving.extend([silent(shop)] * 3)
    with pytest.raises(Retry, match=r"did not answer within 0\.1 s"):
        session(http, idle_s=0.1).send(Request("GET", f"{url}/check"))


def test_where_somebody_waits_a_silent_server_is_asked_once(shop: Shop, url: str, http: Http):
    shop.misbehaving.extend([silent(shop)] * 3)
    with pytest.raises(Retry, match=r"did not answer within 0\.\d s"):
        session(http.within(0.6)).send(Request("GET", f"{url}/check"))
    assert shop.asked == ["/check"]


def test_where_somebody_waits_a_dribbling_server_is_left_in_time(shop: Shop, url: str, http: Http):
    shop.misbehaving.extend([dribbling(shop)] * 3)
    with pytest.raises(Retry, match=r"did not answer whole within 0\.\d s"):
        session(http.within(0.6)).send(Request("GET", f"{url}/check"))


def test_where_somebody_waits_a_broken_connection_is_still_made_again(shop: Shop, url: str, http: Http):
    shop.misbehaving.append(resets)
    assert session(http.within(60)).send(Request("GET", f"{url}/check")).status == 200


def test_a_server_that_dribbles_is_left_after_the_whole_time(shop: Shop, url: str, http: Http):
    shop.misbehaving.extend([dribbling(shop)] * 3)
    with pytest.raises(Retry, match=r"did not answer whole within 0\.2 s"):
        session(http, whole_s=0.2).send(Request("GET", f"{url}/check"))


def test_a_host_that_is_not_there_is_told(http: Http):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Retry, match=f"GET http://127.0.0.1:{port}/ can't be reached: .*refused"):
        session(http).send(Request("GET", f"http://127.0.0.1:{port}/"))


PAGE: Answer = (200, {"content-type": "text/html"}, b"<html><title>Maintenance</title></html>")
BUSY: Answer = (429, {"retry-after": "0"}, b'{"message": "slow down"}')


@pytest.mark.parametrize("way", ["cursor", "link", "after"])
def test_pages_are_read_over_failures_without_a_gap(shop: Shop, url: str, http: Http, way: str):
    shop.misbehaving.extend([BUSY, resets])
    outside = RestApi(answers(), properties={"instanceUrl": url}).outside()
    connector = RestConnector(api(), replace(outside, http=http))
    pages = connector.read(query(way, page_size=2))
    found = list(decoded(next(pages).records))
    shop.misbehaving.extend([(502, {}, b"bad gateway"), sends(OK + b"content-length: 50\r\n\r\n{")])
    found += [record for page in pages for record in decoded(page.records)]
    assert found == ORDERS


def test_a_page_of_html_in_the_middle_is_told(shop: Shop, url: str, http: Http):
    outside = RestApi(answers(), properties={"instanceUrl": url}).outside()
    pages = RestConnector(api(), replace(outside, http=http)).read(query("cursor", page_size=2))
    next(pages)
    shop.misbehaving.append(PAGE)
    with pytest.raises(Stop, match=r"answered no JSON but a page titled 'Maintenance'\. Is the URL right\?"):
        next(pages)


def test_a_strict_shop_refuses_what_it_does_not_know(shop: Shop, url: str):
    status, _, body = shop.answer("/cursor?limit=1&surprise=1", "Bearer planted-token-1")
    assert (status, json.loads(body)) == (400, {"message": "unknown parameters: ['surprise']"})
    assert shop.answer("/cursor", None)[0] == 401
