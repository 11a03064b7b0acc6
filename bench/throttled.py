"""A proxy before an HTTP server that lets so many bytes a second by, whatever number of connections they take."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from time import monotonic
from urllib.parse import urlsplit

_BLOCK_BYTES = 64 * 1024
_OWN = {"content-length", "transfer-encoding", "connection"}


class _Pace:
    """Gives out when the next bytes may go by."""

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._lock = Lock()
        self._free_at = 0.0
        self._never = Event()

    def wait_for(self, size_bytes: int) -> None:
        with self._lock:
            self._free_at = max(self._free_at, monotonic()) + size_bytes / self._bytes_per_s
            wait_s = self._free_at - monotonic()
        if wait_s > 0:
            self._never.wait(wait_s)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def setup(self) -> None:  # pyright: ignore[reportImplicitOverride]
        super().setup()
        self._upstream = HTTPConnection(self.server.upstream)

    def finish(self) -> None:  # pyright: ignore[reportImplicitOverride]
        self._upstream.close()
        super().finish()

    def do_GET(self) -> None:
        # Headers pass through as they are, so that signatures stay valid.
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self._upstream.putheader(name, value)
        self._upstream.endheaders()
        answer = self._upstream.getresponse()
        # A listing comes in chunks, and has no length.
        size_bytes, whole = answer.length, b""
        if size_bytes is None:
            size_bytes = len(whole := answer.read())
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(size_bytes))
        self.end_headers()
        self.wfile.write(whole)
        while block := answer.read(_BLOCK_BYTES):
            self.server.pace.wait_for(len(block))
            self.wfile.write(block)

    def log_message(self, format: str, *args: object) -> None:  # pyright: ignore[reportImplicitOverride]
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str, bytes_per_s: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.pace = _Pace(bytes_per_s)


@contextmanager
def throttled(server_url: str, bytes_per_s: float) -> Generator[str]:
    """Its URL, while it runs."""
    with _Server(urlsplit(server_url).netloc, bytes_per_s) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
