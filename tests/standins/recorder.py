"""A server that keeps what it is asked, and answers each request with the same document."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl


class Asked(NamedTuple):
    """A request: its path as it was spelt, its query in order, its JSON."""

    method: str
    path: str
    query: list[tuple[str, str]]
    document: Any


@dataclass
class Recorder:
    """What was asked, and what is answered: documents one after the other, the last one again and again."""

    answers: list[Any] = field(default_factory=lambda: list[Any]([{}]))
    status: int = 200
    error: str = ""
    requests: list[Asked] = field(default_factory=list[Asked])
    url: str = ""

    def take(self, asked: Asked) -> Any:
        self.requests.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def recording() -> Generator[Recorder]:
    """A recorder on a free port for the length of the block."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path, _, query = self.path.partition("?")
            asked = Asked(self.command, path, parse_qsl(query), json.loads(body) if body else None)
            answer = json.dumps(recorder.take(asked)).encode()
            self.send_response(recorder.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            if recorder.error:
                self.send_header("x-amzn-errortype", recorder.error)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (the library's names)

        def log_message(self, format: str, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
