"""A gate in front of an HTTP server: it lets access tokens in, which it gives out itself, and passes on as somebody."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from tests.standins.processes import PATIENCE_S

_FOR_GOOD = 1_000_000


class BearerGate(ThreadingHTTPServer):
    """`/token` gives planted-access-1, planted-access-2, …; the newest is good, the first for `lasts` requests."""

    daemon_threads = True

    def __init__(self, server_url: str, user: str, password: str, lasts: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self.upstream = urlsplit(server_url).netloc
        self.basic = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
        self.lasts = lasts
        self.grants: list[dict[str, str]] = []
        self._left = 0
        self._lock = Lock()

    def granted(self, asked: dict[str, str]) -> dict[str, str]:
        with self._lock:
            self.grants.append(asked)
            number = len(self.grants)
            self._left = self.lasts if number == 1 else _FOR_GOOD
        return {"access_token": f"planted-access-{number}", "refresh_token": f"planted-refresh-{number}"}

    def lets_in(self, authorization: str | None) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0 and authorization == f"Bearer planted-access-{len(self.grants)}"


@contextmanager
def bearer_gate(server_url: str, user: str, password: str, *, lasts: int = _FOR_GOOD) -> Generator[BearerGate]:
    """Listen on a loopback port until the block ends."""
    with BearerGate(server_url, user, password, lasts) as gate:
        thread = Thread(target=gate.serve_forever, kwargs={"poll_interval": 0.05}, name="bearer-gate")
        thread.start()
        try:
            yield gate
        finally:
            gate.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: BearerGate  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: object) -> None:  # pyright: ignore[reportImplicitOverride]
        """Tests look at `grants`."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        granted = self.server.granted(dict(parse_qsl(body)))
        self._answer(200, "application/json", json.dumps(granted).encode())

    def do_GET(self) -> None:
        if not self.server.lets_in(self.headers.get("Authorization")):
            self._answer(401, "text/plain", b"Unauthorized")
            return
        server = HTTPConnection(self.server.upstream, timeout=PATIENCE_S)
        try:
            headers = {"Authorization": self.server.basic, "Accept": self.headers.get("Accept", "*/*")}
            server.request("GET", self.path, headers=headers)
            answer = server.getresponse()
            self._answer(answer.status, answer.getheader("Content-Type", ""), answer.read())
        finally:
            server.close()

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
