"""A proxy in front of an HTTP server that fails where it is told to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Literal
from urllib.parse import urlsplit

from tests.standins.processes import PATIENCE_S

# pass: as the server answers; error: 500, the server is not asked; busy: 503 as S3 says SlowDown, neither; cut: half of
# the answer, then the connection breaks; silence: no answer until the proxy ends; hold: as the server answers, which is
# asked once it is released; slow: the same after SLOW_S.
Fault = Literal["pass", "error", "busy", "cut", "silence", "hold", "slow"]
SLOW_S = 0.5
_BUSY = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"""
# Of a method and a path with its query.
Rule = Callable[[str, str], Fault]


class FaultyProxy(ThreadingHTTPServer):
    """`rule` may be replaced at any time; `requests` are those that came, as `METHOD path`.

    `held` is set once a request is held, until `released` is.

    Headers pass through as they are, so that signatures stay valid.
    """

    daemon_threads = True

    def __init__(self, server_url: str, rule: Rule) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.upstream = urlsplit(server_url).netloc
        self.rule = rule
        self.requests: list[str] = []
        self.ended = Event()
        self.held = Event()
        self.released = Event()

    def handle_error(self, request: object, client_address: object) -> None:  # pyright: ignore[reportImplicitOverride]
        """Callers that are killed break their connections."""


@contextmanager
def faulty_proxy(server_url: str, rule: Rule = lambda _method, _path: "pass") -> Generator[FaultyProxy]:
    """Listen on a loopback port; by default nothing fails."""
    with FaultyProxy(server_url, rule) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, name="faulty-proxy")
        thread.start()
        try:
            yield proxy
        finally:
            proxy.ended.set()
            proxy.released.set()
            proxy.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: object) -> None:  # pyright: ignore[reportImplicitOverride]
        """Tests read `requests`."""

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(f"{self.command} {self.path}")
        fault = self.server.rule(self.command, self.path)
        if fault == "silence":
            self.server.ended.wait()
            self.close_connection = True
        elif fault == "error":
            self._answer(500, [("Content-Type", "text/plain")], b"made to fail", is_whole=True)
        elif fault == "busy":
            self._answer(503, [("Content-Type", "application/xml")], _BUSY, is_whole=True)
        else:
            self._hold_up(fault)
            self._pass_on(body, is_whole=fault != "cut")

    def _hold_up(self, fault: Fault) -> None:
        if fault == "hold":
            self.server.held.set()
            self.server.released.wait()
        elif fault == "slow":
            self.server.ended.wait(SLOW_S)

    def _pass_on(self, body: bytes, *, is_whole: bool) -> None:
        server = HTTPConnection(self.server.upstream, timeout=PATIENCE_S)
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read(), is_whole=is_whole)
        finally:
            server.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, *, is_whole: bool) -> None:
        self.send_response_only(status)
        # What is asked by HEAD is answered with the length of what is not sent.
        given = {name.lower(): value for name, value in headers}
        size = given.get("content-length", "0") if self.command == "HEAD" else str(len(body))
        for name, value in headers:
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", size)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if is_whole else body[: len(body) // 2])
        self.close_connection = not is_whole
