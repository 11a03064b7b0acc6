"""A call that waits for an answer ends when whoever made it is closed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from headrace.connector_sdk.aws_credentials import AwsKeys
from headrace.connector_sdk.hosts import Bounds
from headrace.connector_sdk.hosts.aws_lambda import LambdaHost
from headrace.connector_sdk.hosts.http import HttpHost
from headrace.connector_sdk.http.cutting import Connected
from headrace.connector_sdk.http.messages import Request
from headrace.connector_sdk.http.network import USUAL_BOUNDS, Network
from headrace.errors import ConnectorError, Retry
from tests.standins.processes import PATIENCE_S

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:stock"
LONG = Bounds(timeout_s=900)


@dataclass(frozen=True)
class Calls:
    """Something that asks a server, and how it is closed."""

    ask: Callable[[], object]
    close: Callable[[], None]


def over_http(url: str) -> Calls:
    host = HttpHost(url, bounds=LONG)
    return Calls(lambda: host.invoke({"type": "x"}), host.close)


def on_lambda(url: str) -> Calls:
    keys = AwsKeys("AKID", "hidden", None)
    host = LambdaHost(ARN, endpoint=url, keys=lambda: keys, now=lambda: datetime(2026, 1, 1, tzinfo=UTC), bounds=LONG)
    return Calls(lambda: host.invoke({"type": "x"}), host.close)


def of_a_session(url: str) -> Calls:
    network = Network(None, lambda: 0.0)
    return Calls(lambda: network.exchange(Request("GET", url), httpx.Cookies(), USUAL_BOUNDS), network.close)


@contextmanager
def silent_server() -> Generator[tuple[str, threading.Event]]:
    """Reads a request and never answers; the event says that it has one."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                asked.set()
                # Until the other end is gone.
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/", asked
        finally:
            thread.join(PATIENCE_S)


@pytest.mark.parametrize("calls_of", [over_http, on_lambda, of_a_session])
def test_a_call_that_hangs_ends_when_its_client_is_closed(calls_of: Callable[[str], Calls]) -> None:
    raised: list[ConnectorError] = []
    with silent_server() as (url, asked):
        calls = calls_of(url)

        def ask() -> None:
            try:
                calls.ask()
            except ConnectorError as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        assert asked.wait(PATIENCE_S)
        calls.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert [type(error) for error in raised] == [Retry]


@pytest.mark.parametrize("calls_of", [over_http, on_lambda])
def test_a_host_that_is_closed_is_asked_no_more(calls_of: Callable[[str], Calls]) -> None:
    calls = calls_of("http://127.0.0.1:1/")
    calls.close()
    with pytest.raises(Retry, match="its host is stopping"):
        calls.ask()


def test_a_connection_that_is_made_after_the_cut_is_cut_too() -> None:
    one, other = socket.socketpair()
    connected = Connected()
    connected.cut()
    with one, other:
        connected.extensions["trace"]("connection.connect_tcp.complete", {"return_value": Stream(one)})
        assert other.recv(1) == b""


@dataclass(frozen=True)
class Stream:
    socket: socket.socket

    def get_extra_info(self, info: str) -> object:
        return getattr(self, info)
