"""The sockets, against servers on loopback that close, stall, stutter and lie."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from headrace.client import ConnectionFailed, TimedOut, UnreadableAnswer
from headrace.client.connections import Connections
from headrace.client.transport import Request, Timeouts
from tests.standins.processes import PATIENCE_S

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: a\r\nX-One: b\r\n\r\n{}"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
PATIENT = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S)


class Server:
    """Answers each request of its connections with the next of the answers; ends a connection where they say so.

    An answer is bytes, sent one by one if `is_stuttering`; None closes the connection without one.
    """

    def __init__(self, answers: Sequence[bytes | None], context: ssl.SSLContext | None, *, is_stuttering: bool) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.has_closed = Event()
        self.stop = Event()
        self._answers = list(answers)
        self._context = context
        self._pieces = 1 if is_stuttering else 1 << 20
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.stop.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(PATIENCE_S)

    def _serve(self) -> None:
        while self._answers:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), accepted:
                if self._context is None:
                    self._talk(accepted)
                else:
                    with self._context.wrap_socket(accepted, server_side=True) as wrapped:
                        self._talk(wrapped)
            self.has_closed.set()

    def _talk(self, connection: socket.socket) -> None:
        while self._answers and (request := _request(connection)):
            self.requests.append(request)
            answer = self._answers.pop(0)
            if answer is None:
                return
            for start in range(0, len(answer), self._pieces):
                connection.sendall(answer[start : start + self._pieces])
            if b"close" in answer.lower() or (b"length" not in answer.lower() and b"chunked" not in answer):
                return
        self.stop.wait(PATIENCE_S)


def _request(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found or (b"POST" in found[:4] and not found.endswith(b"{}")):
        piece = connection.recv(65536)
        if not piece:
            return b""
        found += piece
    return found


Serve = Callable[..., Server]


@pytest.fixture(name="serve")
def servers() -> Iterator[Serve]:
    made: list[Server] = []

    def serve(*answers: bytes | None, context: ssl.SSLContext | None = None, is_stuttering: bool = False) -> Server:
        made.append(Server(answers, context, is_stuttering=is_stuttering))
        return made[-1]

    yield serve
    for server in made:
        server.close()


@pytest.fixture(name="connections")
def open_connections() -> Iterator[Connections]:
    with closing(Connections(PATIENT, {})) as connections:
        yield connections


def asked(server: Server, scheme: str = "http", host: str = "127.0.0.1") -> Request:
    return Request("POST", f"{scheme}://{host}:{server.port}/list-flows?a=b", {"host": "x", "x-two": "c"}, b"{}")


def test_a_request_is_written_and_its_answer_read(serve: Serve, connections: Connections) -> None:
    server = serve(OK)
    answer = connections.send(asked(server))
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers == {"content-length": "2", "x-one": "a, b"}
    head = b"POST /list-flows?a=b HTTP/1.1\r\nhost: x\r\nx-two: c\r\ncontent-length: 2\r\n\r\n{}"
    assert server.requests == [head]


def test_a_request_without_a_body_says_no_length(serve: Serve, connections: Connections) -> None:
    server = serve(OK)
    connections.send(Request("GET", f"http://127.0.0.1:{server.port}/tags/a", {"host": "x"}, b""))
    assert server.requests == [b"GET /tags/a HTTP/1.1\r\nhost: x\r\n\r\n"]


def test_a_connection_is_used_again(serve: Serve, connections: Connections) -> None:
    server = serve(OK, OK, CHUNKED, OK)
    for _ in range(4):
        assert connections.send(asked(server)).body == b"{}"
    assert server.connections == 1


@pytest.mark.parametrize("answer", [OK, CHUNKED, UNTIL_THE_END])
def test_an_answer_in_small_pieces_is_whole(serve: Serve, connections: Connections, answer: bytes) -> None:
    server = serve(answer, is_stuttering=True)
    assert connections.send(asked(server)).body == b"{}"


def test_an_answer_without_content_leaves_the_connection_open(serve: Serve, connections: Connections) -> None:
    server = serve(NO_CONTENT.replace(b"\r\n\r\n", b"\r\nX-Length: none\r\n\r\n"), OK)
    assert connections.send(asked(server)).status == 204
    assert connections.send(asked(server)).status == 200
    assert server.connections == 1


def test_an_announcement_before_the_answer_is_passed_over(serve: Serve, connections: Connections) -> None:
    server = serve(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
    answer = connections.send(asked(server))
    assert (answer.status, "link" in answer.headers) == (200, False)


def test_a_connection_that_the_server_gave_up_is_not_used_again(serve: Serve, connections: Connections) -> None:
    server = serve(CLOSING, OK)
    assert connections.send(asked(server)).status == 200
    assert connections.send(asked(server)).status == 200
    assert server.connections == 2


def test_an_idle_connection_that_was_closed_is_noticed(serve: Serve, connections: Connections) -> None:
    # The answer does not say that the connection ends with it.
    silent = OK.replace(b"X-One: a", b"X-One: Close")
    server = serve(silent, OK)
    connections.send(asked(server))
    assert server.has_closed.wait(PATIENCE_S)
    assert connections.send(asked(server)).status == 200
    assert server.connections == 2


@pytest.mark.parametrize(
    "answer, says",
    [
        (None, "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{", "closed the connection in the middle"),
        (b"HTTP/1.1 200 OK\r\nX-Close", "closed the connection in the middle of its answer"),
        (b"HTTP/1.1 200 OK\r\nX: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "in the middle of its answer"),
    ],
)
def test_half_an_answer_is_none(serve: Serve, connections: Connections, answer: bytes | None, says: str) -> None:
    server = serve(answer)
    with pytest.raises(ConnectionFailed, match=says) as raised:
        connections.send(asked(server))
    assert raised.value.was_sent


def test_what_is_no_http_is_said_to_be_so(serve: Serve, connections: Connections) -> None:
    with pytest.raises(UnreadableAnswer, match="does not speak HTTP"):
        connections.send(asked(serve(b"220 mail.example.com ESMTP, please close\r\n")))


def test_nobody_there_is_said_to_be_so(serve: Serve, connections: Connections) -> None:
    server = serve(OK)
    server.close()
    with pytest.raises(
        ConnectionFailed, match=rf"Nothing answers at 127\.0\.0\.1:{server.port}.*Is it running"
    ) as raised:
        connections.send(asked(server))
    assert not raised.value.was_sent


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70])
def test_a_host_that_no_one_knows_is_said_to_be_so(connections: Connections, host: str) -> None:
    with pytest.raises(ConnectionFailed, match=f"Nothing answers at {host}:80") as raised:
        connections.send(Request("POST", f"http://{host}/x", {}, b"{}"))
    assert not raised.value.was_sent


def test_an_answer_that_does_not_come_in_time_is_no_answer(serve: Serve) -> None:
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", OK)
    hasty = Timeouts(connect_s=PATIENCE_S, read_s=0.1)
    with (
        closing(Connections(hasty, {})) as connections,
        pytest.raises(TimedOut, match=r"no answer in 0\.1 s") as raised,
    ):
        connections.send(asked(server))
    assert raised.value.was_sent


def test_many_threads_have_a_connection_each(serve: Serve, connections: Connections) -> None:
    servers = [serve(OK, OK) for _ in range(4)]
    statuses: list[int] = []

    def ask(server: Server) -> None:
        statuses.extend(connections.send(asked(server)).status for _ in range(2))

    threads = [Thread(target=ask, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert statuses == [200] * 8
    assert [server.connections for server in servers] == [1] * 4


@pytest.fixture(name="certificate", scope="module")
def certificate_of_localhost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@pytest.mark.parametrize("setting", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_certificate_that_is_trusted_is_spoken_to(
    serve: Serve, certificate: tuple[Path, ssl.SSLContext], setting: str
) -> None:
    bundle, context = certificate
    server = serve(OK, OK, context=context)
    with closing(Connections(PATIENT, {setting: str(bundle)})) as connections:
        for _ in range(2):
            assert connections.send(asked(server, "https", "localhost")).body == b"{}"
    assert server.connections == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(
    serve: Serve, certificate: tuple[Path, ssl.SSLContext], connections: Connections
) -> None:
    server = serve(OK, context=certificate[1])
    with pytest.raises(ConnectionFailed, match="certificate verify failed") as raised:
        connections.send(asked(server, "https", "localhost"))
    assert not raised.value.was_sent


def test_a_certificate_of_another_host_is_refused(serve: Serve, certificate: tuple[Path, ssl.SSLContext]) -> None:
    bundle, context = certificate
    server = serve(OK, context=context)
    with (
        closing(Connections(PATIENT, {"AWS_CA_BUNDLE": str(bundle)})) as connections,
        pytest.raises(ConnectionFailed, match="certificate verify failed"),
    ):
        connections.send(asked(server, "https"))


def test_certificates_that_are_not_there_are_no_fault_of_the_service(serve: Serve, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    with (
        closing(Connections(PATIENT, {"AWS_CA_BUNDLE": str(missing)})) as connections,
        pytest.raises(ConnectionFailed, match=f"can't be read from {missing}") as raised,
    ):
        connections.send(asked(serve(OK), "https", "localhost"))
    assert not raised.value.is_retryable
