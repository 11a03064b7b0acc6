"""A help desk behind HTTP: tickets in pages, batches of them, and tokens that are good until they are renewed."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]


@dataclass
class HelpDesk:
    """`token` is the one that it takes; renewing gives `planted-access-1`, `planted-access-2`, …"""

    tickets: list[Json] = field(default_factory=list[Json])
    page_size: int = 2
    token: str = "planted-access"
    url: str = ""
    # Method and path of every request.
    asked: list[str] = field(default_factory=list[str])
    grants: list[Json] = field(default_factory=list[Json])
    # Batches by their keys.
    taken: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    # What renewing tokens answers instead of tokens.
    refusal: Json | None = None
    lifetime_s: int | None = None
    # After so many pages the token is no longer good, once.
    pages_until_new_token: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, method: str, path: str, token: str | None, body: str) -> tuple[int, Json]:
        with self.lock:
            parts = urlsplit(path)
            self.asked.append(f"{method} {parts.path}")
            if parts.path == "/oauth/tokens":
                return self._renew(dict(parse_qsl(body)))
            if token != f"Bearer {self.token}":
                return 401, {"error": f"the token {token} is not valid"}
            if method == "POST":
                return self._take(json.loads(body))
            return 200, self._page(parts.path, dict(parse_qsl(parts.query)))

    def _renew(self, given: Json) -> tuple[int, Json]:
        self.grants.append(given)
        if self.refusal is not None:
            return 400, self.refusal
        number = len(self.grants)
        self.token = f"planted-access-{number}"
        answer = {"access_token": self.token, "refresh_token": f"planted-refresh-{number}"}
        return 200, answer | ({} if self.lifetime_s is None else {"expires_in": self.lifetime_s})

    def _take(self, batch: Json) -> tuple[int, Json]:
        good = [record for record in batch["records"] if record.get("name") != "bad"]
        self.taken[batch["key"]] = good
        bad = [place for place, record in enumerate(batch["records"]) if record.get("name") == "bad"]
        return 200, {"refused": bad}

    def _page(self, path: str, query: Json) -> Json:
        if path != "/tickets":
            return {"entities": ["tickets", "people"]}
        if self.pages_until_new_token is not None:
            self.pages_until_new_token -= 1
            if not self.pages_until_new_token:
                self.token = "planted-none-yet"
        start = int(query.get("after", 0))
        following = start + self.page_size
        more = str(following) if following < len(self.tickets) else None
        return {"records": self.tickets[start:following], "next": more}


def _handler(desk: HelpDesk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._serve()

        def do_GET(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: object) -> None:
            return

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            status, answer = desk.serve(self.command, self.path, self.headers.get("authorization"), body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@contextmanager
def help_desk(*tickets: Json) -> Generator[HelpDesk]:
    """Serve on a loopback port until the block ends."""
    desk = HelpDesk(list(tickets))
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(desk))
    listening.daemon_threads = True
    desk.url = f"http://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield desk
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
