"""A token endpoint on a loopback port that answers as a test says."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """One request: its method, its members however they came, and the Authorization header in clear."""

    method: str
    members: dict[str, str]
    basic: str | None
    accept: str


@dataclass
class TokenServer:
    """`answer` gets each request; what came is in `asked`."""

    answer: Callable[[Asked], Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    # Set to let answers out that wait for it.
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def grants(self) -> list[str]:
        return [each.members["grant_type"] for each in self.asked]


def granted(**members: Any) -> Answer:
    """A good answer."""
    return 200, {"content-type": "application/json"}, json.dumps(members).encode()


def numbered(server_of: Callable[[], TokenServer]) -> Callable[[Asked], Answer]:
    """Answers planted-access-1, planted-access-2, …; each refresh token is good once."""
    lock = threading.Lock()
    good: set[str] = set()

    def answer(asked: Asked) -> Answer:
        with lock:
            old = asked.members.get("refresh_token")
            if old is not None and good and old not in good:
                body = {"error": "invalid_grant", "error_description": f"{old} was used before"}
                return 400, {"content-type": "application/json"}, json.dumps(body).encode()
            number = len(server_of().asked)
            good.clear()
            good.add(f"planted-refresh-{number}")
            return granted(
                access_token=f"planted-access-{number}", refresh_token=f"planted-refresh-{number}", expires_in=3600
            )

    return answer


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._serve()

        def do_GET(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: object) -> None:
            return

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            is_json = self.headers.get("content-type", "") == "application/json"
            members: dict[str, str] = (
                json.loads(body) if is_json else dict(parse_qsl(body or urlsplit(self.path).query))
            )
            header = self.headers.get("authorization")
            basic = None if header is None else b64decode(header.removeprefix("Basic ")).decode()
            asked = Asked(self.command, members, basic, self.headers.get("accept", ""))
            server.asked.append(asked)
            status, headers, content = server.answer(asked)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler


@contextmanager
def token_server(answer: Callable[[Asked], Answer] | None = None) -> Generator[TokenServer]:
    """Serve until the block ends; without `answer` as `numbered`."""
    server = TokenServer(answer or (lambda _: granted()))
    if answer is None:
        server.answer = numbered(lambda: server)

    listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_address[1]}/token"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        listening.shutdown()
        listening.server_close()
        thread.join()
