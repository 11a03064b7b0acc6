"""Where a browser comes back to with an authorization code: a page on this machine's loopback address."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from headrace.errors import SettingsError, Stop

_DONE = b"headrace has what it needs. You can close this page."
_NOT_OURS = b"This is not the answer that headrace waits for."


@dataclass
class Redirect:
    """Waits for the one request that carries `state`; others are refused."""

    state: str = field(repr=False)
    url: str = ""
    _came: threading.Event = field(default_factory=threading.Event)
    _query: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def code(self, timeout_s: float) -> str:
        """The authorization code. Raises Stop where the user or the application refused, or nobody came."""
        if not self._came.wait(timeout_s):
            raise Stop(f"Nobody came back from the application within {timeout_s:g} s. Start again, or give --timeout.")
        if "code" in self._query:
            return self._query["code"]
        said = [self._query[name] for name in ("error", "error_description") if name in self._query]
        raise Stop(f"The application gave no code: {': '.join(said) or 'it said nothing'}"[:1000])

    def take(self, query: str) -> bool:
        """Keep the query of a request, if it is the answer; whether it was."""
        members = {name: values[0] for name, values in parse_qs(query).items()}
        is_ours = hmac.compare_digest(members.get("state", "").encode(), self.state.encode())
        if not is_ours or self._came.is_set():
            return False
        self._query = members
        self._came.set()
        return True


@contextmanager
def listening(state: str, port: int) -> Generator[Redirect]:
    """Listen on the loopback address; port 0 means any free port. Raises SettingsError where it is taken."""
    redirect = Redirect(state)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(redirect))
    except OSError as error:
        raise SettingsError(f"headrace can't listen on 127.0.0.1:{port}: {error}. Give another --port.") from None
    redirect.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield redirect
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(redirect: Redirect) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Takes the redirect; nothing of it is logged."""

        def do_GET(self) -> None:
            is_ours = redirect.take(urlsplit(self.path).query)
            body = _DONE if is_ours else _NOT_OURS
            self.send_response(200 if is_ours else 400)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: ARG002 - see the class above
            return

    return Handler
