"""Transports of httpx behind the seam, and proxies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from headrace.client import AsyncClient, Client, ConnectionFailed, Retrying, TimedOut
from headrace.client.connections import Connections
from headrace.client.on_httpx import OnHttpx
from headrace.client.transport import Timeouts
from headrace.client.transports import transport_of
from tests.unit.client.rig import KEYS, URL

ONCE = Retrying(attempts=1)
Handler = Callable[[httpx.Request], httpx.Response]


def both(handler: Handler, call: Callable[[Any], Any]) -> list[Any]:
    """What a call comes to on each of the clients, over httpx."""
    options: dict[str, Any] = {"endpoint_url": URL, "environment": KEYS, "retrying": ONCE}

    async def awaited() -> Any:
        async with AsyncClient(transport=httpx.MockTransport(handler), **options) as client:
            return await call(client)

    with Client(transport=httpx.MockTransport(handler), **options) as client:
        return [call(client), asyncio.run(awaited())]


def test_a_transport_of_httpx_carries_the_request_as_it_was_signed() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"flowStatus": "Active"}, headers={"x-amzn-RequestId": "r-2"})

    found = both(answer, lambda client: client.start_flow(flow_name="orders", client_token="t"))
    assert [(each.flow_status, each.request_id) for each in found] == [("Active", "r-2")] * 2
    for request in seen:
        assert (request.method, str(request.url)) == ("POST", f"{URL}/start-flow")
        assert json.loads(request.content) == {"flowName": "orders", "clientToken": "t"}
        assert "SignedHeaders=content-type;host;x-amz-date," in request.headers["authorization"]
        assert request.headers["host"] == "headrace.test:8080"


def test_the_encoded_path_stays_as_it_was_signed() -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, json={})

    both(answer, lambda client: client.untag_resource(resource_arn="a:b/c d~é", tag_keys=["k&v", "*"]))
    assert seen == [b"/tags/a%3Ab%2Fc%20d~%C3%A9?tagKeys=k%26v&tagKeys=%2A"] * 2


@pytest.mark.parametrize(
    "error, kind, was_sent",
    [
        (httpx.ConnectError("refused"), ConnectionFailed, False),
        (httpx.ConnectTimeout("slow"), TimedOut, False),
        (httpx.PoolTimeout("busy"), TimedOut, False),
        (httpx.ReadTimeout("slow"), TimedOut, True),
        (httpx.RemoteProtocolError("half an answer"), ConnectionFailed, True),
        (httpx.ReadError(""), ConnectionFailed, True),
    ],
)
def test_what_httpx_could_not_do_has_the_same_classes(
    error: httpx.HTTPError, kind: type[ConnectionFailed], *, was_sent: bool
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(kind, match=r"headrace\.test:8080") as raised:
        both(fail, lambda client: client.describe_flow(flow_name="orders"))
    assert (type(raised.value), raised.value.was_sent) == (kind, was_sent)


def test_an_application_in_this_process_is_called_without_a_network() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-amzn-requestid", b"r-3")]})
        await send({"type": "http.response.body", "body": b'{"flowArn": "%s"}' % scope["path"].encode() + body[:0]})

    async def ask() -> Any:
        transport = httpx.ASGITransport(app=application)
        async with AsyncClient(transport=transport, endpoint_url=URL, environment=KEYS) as client:
            return await client.describe_flow(flow_name="orders")

    found = asyncio.run(ask())
    assert (found.flow_arn, found.request_id) == ("/describe-flow", "r-3")


@pytest.mark.parametrize(
    "url, environment, kind",
    [
        ("http://h", {}, Connections),
        ("http://h", {"HTTPS_PROXY": "http://p"}, Connections),
        ("https://h", {"HTTPS_PROXY": "http://p"}, OnHttpx),
        ("http://h", {"http_proxy": "http://p"}, OnHttpx),
        ("http://h", {"ALL_PROXY": "http://p"}, OnHttpx),
    ],
)
def test_proxies_are_the_work_of_httpx(url: str, environment: dict[str, str], kind: type[object]) -> None:
    transport = transport_of(None, url, Timeouts(), environment)
    assert type(transport) is kind
    transport.close()
