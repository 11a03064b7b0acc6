"""A server on a loopback port that is told of runs: it keeps each request and answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@dataclass(frozen=True)
class Told:
    """One request; the names of the headers are in lower case."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """`answer` gets each request, once it is kept in `told`."""

    answer: Callable[[Told], tuple[int, bytes]]
    url: str = ""
    told: list[Told] = field(default_factory=list[Told])


@contextmanager
def listening(answer: Callable[[Told], tuple[int, bytes]]) -> Generator[Listener]:
    listener = Listener(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told = Told({name.lower(): value for name, value in self.headers.items()}, body)
            listener.told.append(told)
            status, text = listener.answer(told)
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()


def is_signed(told: Told, url: str, *, access_key: str, secret_key: str, region: str = "us-east-1") -> bool:
    """Whether botocore, given the same keys, signs this PutEvents as it came."""
    scope, names, signature = (part.partition("=")[2] for part in told.headers["authorization"].split(", "))
    stamp = told.headers["x-amz-date"]
    request = AWSRequest("POST", url, data=told.body)
    for name in names.split(";"):
        if name != "host":
            request.headers[name] = told.headers[name]
    request.context["timestamp"] = stamp
    auth = SigV4Auth(Credentials(access_key, secret_key), "events", region)
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return scope == f"{access_key}/{stamp[:8]}/{region}/events/aws4_request" and expected == signature
