"""A paged JSON API on loopback, in a process of its own: `python -m bench.paged_api RECORDS PAGE` prints its URL."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from typing import Any
from urllib.parse import parse_qs, urlsplit


def record(number: int) -> dict[str, Any]:
    """One of about 150 bytes."""
    return {
        "id": number,
        "name": f"customer {number}",
        "email": f"customer{number}@example.com",
        "amount": number / 100,
        "is_active": number % 2 == 0,
        "updated_at": "2026-01-31T12:00:00Z",
    }


def pages(records: int, size: int) -> list[bytes]:
    """Every answer, made beforehand: the server's work is no part of what is measured."""
    found: list[bytes] = []
    for first in range(0, records, size):
        following = first + size if first + size < records else None
        items = [record(number) for number in range(first, min(first + size, records))]
        found.append(json.dumps({"items": items, "next": following and str(following)}).encode())
    return found


@contextmanager
def paged_api(records: int, size: int) -> Generator[str]:
    """Its URL, while it runs."""
    command = [sys.executable, "-m", "bench.paged_api", str(records), str(size)]
    with Popen(command, stdout=PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def main() -> None:
    records, size = map(int, sys.argv[1:])
    answers = pages(records, size)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1024 * 1024

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query).get("after", ["0"])[0]
            body = answers[int(asked) // size]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
