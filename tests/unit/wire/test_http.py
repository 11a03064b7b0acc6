"""The application under its real server, on loopback: what only a socket can show."""

from __future__ import annotations

import http.client
import logging
import socket
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from headrace.clock import HandClock
from headrace.errors import ConflictException
from headrace.wire.callers import AccessKey
from headrace.wire.heads import BoundedHeads
from headrace.wire.server import HttpServer, bind
from tests.standins.processes import PATIENCE_S
from tests.unit.wire.rig import ACCOUNT, HASTY, Rig, StandInDispatcher

START = b'{"flowName":"one"}'
ARN = "arn:aws:appflow:us-east-1:000000000000:flow/one"
GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
    b"GET\r\n\r\n",
    b"POST /start-flow HTTP/9.9\r\n\r\n",
    b"POST /start-flow HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    b"POST /start-flow HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"POST /start-flow HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nnot-a-length\r\n",
    b"POST /tags/\xff\xfe HTTP/1.1\r\n\r\n",
    b"\r\n\r\n\r\n\x00\x00\x00\x00\r\n\r\n",
]


class Hasty(BoundedHeads):
    """Waits a moment for a head."""

    head_s = 0.2


class HastyLater(BoundedHeads):
    """Waits a moment for a head, but for the first."""

    head_s = PATIENCE_S

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.head_s = 0.1


@contextmanager
def serving(rig: Rig, protocol: type[BoundedHeads] = BoundedHeads) -> Generator[int]:
    listening = bind("127.0.0.1", 0)
    port: int = listening.getsockname()[1]
    server = HttpServer(rig.app, listening, "127.0.0.1", protocol=protocol)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@pytest.fixture(name="rig")
def small_rig() -> Rig:
    return Rig(dispatcher=StandInDispatcher({"flowArn": ARN, "executionId": "e"}))


@pytest.fixture(name="port")
def port_of_server(rig: Rig) -> Iterator[int]:
    with serving(rig) as port:
        yield port


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test sends, the server's own log has no error and no traceback."""
    with caplog.at_level(logging.INFO):
        yield
    assert [
        record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info
    ] == []


def exchange(port: int, sent: bytes) -> bytes:
    """What comes back until the server closes."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        got = b""
        while part := connection.recv(65536):
            got += part
        return got


def test_requests_share_a_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with closing(connection):
        ids = set()
        for path in ("/start-flow", "/no-such-flow", "/start-flow"):
            connection.request("POST", path, START if "start" in path else None)
            reply = connection.getresponse()
            reply.read()
            ids.add((reply.status, reply.headers["connection"]))
        assert ids == {(200, None), (404, None)}


@pytest.mark.parametrize("method, status", [("HEAD", 405), ("OPTIONS", 405), ("TRACE", 405), ("POST", 200)])
def test_any_method_gets_a_whole_answer(port: int, method: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with closing(connection):
        for _ in range(2):
            connection.request(method, "/start-flow", START if method == "POST" else None)
            reply = connection.getresponse()
            body = reply.read()
            assert (reply.status, bool(body)) == (status, method != "HEAD")


@pytest.mark.parametrize("sent", GARBAGE)
def test_garbage_is_answered_or_dropped_and_the_service_lives_on(port: int, sent: bytes) -> None:
    assert b"Traceback" not in exchange(port, sent)
    assert b"200 OK" in exchange(port, b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")


def test_a_client_that_leaves_amid_its_body_leaves_no_trace(port: int, rig: Rig) -> None:
    exchange(port, b"POST /start-flow HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
    assert rig.dispatcher.calls == []


def test_a_body_that_is_declared_but_not_sent_is_a_timeout() -> None:
    with (
        serving(Rig(patience=HASTY)) as port,
        closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as connection,
    ):
        connection.sendall(b"POST /start-flow HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (408, "RequestTimeoutException")
        assert reply.read()
        assert connection.recv(10) == b""


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_client_that_sends_too_much_reads_why(is_chunked: bool) -> None:
    rig = Rig(body_limit_bytes=100_000)
    with serving(rig) as port, closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
        chunks = (b"x" * 50_000 for _ in range(60))
        headers = {} if is_chunked else {"content-length": "3000000"}
        connection.request("POST", "/start-flow", chunks, headers, encode_chunked=is_chunked)
        reply = connection.getresponse()
        assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (413, "RequestEntityTooLargeException")
        assert b"100000 bytes" in reply.read()


def test_a_declared_excess_is_refused_before_any_of_it_is_sent(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as connection:
        connection.sendall(b"POST /start-flow HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000000\r\n\r\n")
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        assert reply.status == 413


def test_a_client_that_asks_first_is_told_to_go_on_or_not(port: int) -> None:
    ask = b"POST /start-flow HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: "
    assert exchange(port, ask + b"18\r\n\r\n" + START).startswith(b"HTTP/1.1 100 Continue")
    assert exchange(port, ask + b"10000000\r\n\r\n").startswith(b"HTTP/1.1 413")


def client_of(port: int, secret: str = "secret", retries: int = 0) -> Any:
    return boto3.client(
        "appflow",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="AKID",
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": retries}),
    )


def test_boto3_signs_and_reads_answers_and_errors() -> None:
    keys = [AccessKey("AKID", "secret", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ana")]
    rig = Rig(auth="sigv4", keys=keys, clock=HandClock(datetime.now(UTC)))
    rig.dispatcher.answer = {"flowArn": ARN, "executionId": "e"}
    with serving(rig) as port:
        client = client_of(port)
        assert client.start_flow(flowName="one")["executionId"] == "e"
        assert client.tag_resource(resourceArn=ARN, tags={"a": "b"})["ResponseMetadata"]["HTTPStatusCode"] == 204
        client.untag_resource(resourceArn=ARN, tagKeys=["a+b", "c=d", "e:/;<,f"])
        rig.dispatcher.answer = ConflictException("busy")
        with pytest.raises(client.exceptions.ConflictException, match="busy"):
            client.stop_flow(flowName="one")
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            client_of(port, secret="wrong").start_flow(flowName="one")
    assert rig.dispatcher.calls[2][2] == {"resourceArn": ARN, "tagKeys": ["a+b", "c=d", "e:/;<,f"]}


def test_boto3_reads_instants_with_their_milliseconds() -> None:
    rig = Rig(dispatcher=StandInDispatcher({"createdAt": 1628732168.132, "tags": {}}))
    with serving(rig) as port:
        answer = client_of(port).describe_flow(flowName="one")
    assert answer["createdAt"] == datetime(2021, 8, 12, 1, 36, 8, 132_000, UTC)
    assert answer["tags"] == {}


def test_a_head_that_never_ends_is_refused_long_before_it_fills_the_memory(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as connection:
        connection.sendall(b"POST /start-flow HTTP/1.1\r\nx-long: " + b"a" * 66_000)
        assert connection.recv(65536).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("sent", [b"", b"POST /start-flow HTTP/1.1\r\nhost: x\r\n"])
def test_a_connection_that_sends_no_whole_head_is_closed(rig: Rig, sent: bytes) -> None:
    with (
        serving(rig, Hasty) as port,
        closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as connection,
    ):
        connection.sendall(sent)
        assert connection.recv(65536) == b""


def test_a_connection_that_waits_between_requests_is_kept(rig: Rig) -> None:
    request = b"POST /start-flow HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(START), START)
    with (
        serving(rig, HastyLater) as port,
        closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as connection,
    ):
        connection.sendall(request)
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        assert (reply.status, bool(reply.read())) == (200, True)
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(65536)
