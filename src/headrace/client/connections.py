"""The transport by default: HTTP/1.1 on sockets that are kept open.

httptools reads the answers; TLS is loaded when the first https address is spoken to.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from headrace.client.errors import ConnectionFailed, TimedOut, UnreadableAnswer
from headrace.client.transport import Reply, Request, Timeouts

if TYPE_CHECKING:
    import ssl

_PIECE_BYTES = 65536
_PORTS = {"http": 80, "https": 443}


class Origin(tuple[str, str, int]):
    """Where a connection leads: scheme, host and port."""

    __slots__ = ()

    @property
    def is_secure(self) -> bool:
        return self[0] == "https"

    @property
    def host(self) -> str:
        return self[1]

    @property
    def port(self) -> int:
        return self[2]

    def __str__(self) -> str:
        return f"{self[1]}:{self[2]}"


class Connections:
    """Connections by origin; an idle one is used again unless the other side has closed it."""

    def __init__(self, timeouts: Timeouts, environment: Mapping[str, str]) -> None:
        self._timeouts = timeouts
        self._environment = environment
        # No lock: what is done to this dict and its lists, append, pop and setdefault, is each done at once.
        self._idle: dict[Origin, list[socket.socket]] = {}
        self._owner = os.getpid()
        self._tls: ssl.SSLContext | None = None

    def send(self, request: Request) -> Reply:
        """The answer; raises ConnectionFailed, UnreadableAnswer."""
        parts = urlsplit(request.url)
        origin = Origin((parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)))
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection = self._idle_one(origin) or self._open(origin)
        try:
            answer = _exchanged(connection, _written(request, target), origin)
        except BaseException:
            connection.close()
            raise
        if answer.is_reusable:
            self._idle.setdefault(origin, []).append(connection)
        else:
            connection.close()
        return answer.reply()

    def close(self) -> None:
        """Close all idle connections."""
        idle, self._idle = self._idle, {}
        for connections in idle.values():
            while connections:
                connections.pop().close()

    def _idle_one(self, origin: Origin) -> socket.socket | None:
        if self._owner != os.getpid():
            # A fork: these sockets are the parent's.
            self._idle, self._owner = {}, os.getpid()
        idle = self._idle.get(origin, [])
        while True:
            try:
                connection = idle.pop()
            except IndexError:
                return None
            if not _is_readable(connection):
                return connection
            # What can be read while nothing was asked is the end of the connection.
            connection.close()

    def _open(self, origin: Origin) -> socket.socket:
        tls = self._tls_context() if origin.is_secure else None
        try:
            connection = socket.create_connection(_address(origin), self._timeouts.connect_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                connection = tls.wrap_socket(connection, server_hostname=origin.host)
            connection.settimeout(self._timeouts.read_s)
        except TimeoutError:
            raise TimedOut(
                f"No connection to {origin} in {self._timeouts.connect_s:g} s: is it the right address?", was_sent=False
            ) from None
        except (OSError, UnicodeError) as error:
            # UnicodeError: a host that no name can be, such as a label of more than 63 characters.
            raise ConnectionFailed(
                f"Nothing answers at {origin}: {error}. Is it running, and is the address right?", was_sent=False
            ) from error
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            files = (self._environment.get(name) for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"))
            bundle = next(filter(None, files), None) or import_module("certifi").where()
            create: Callable[..., ssl.SSLContext] = import_module("ssl").create_default_context
            try:
                self._tls = create(cafile=bundle)
            except OSError as error:
                fault = ConnectionFailed(f"Certificates can't be read from {bundle}: {error}", was_sent=False)
                fault.is_retryable = False
                raise fault from error
        return self._tls


class _Answer:
    """What httptools calls back while it reads one answer."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._parser = HttpResponseParser(self)
        self._has_headers = False
        self.is_whole = False
        self.is_begun = False
        self.is_reusable = False

    def feed(self, piece: bytes) -> None:
        """Take what came; an empty piece is the end of the connection. Raises ConnectionFailed, UnreadableAnswer."""
        if not piece:
            self._end()
            return
        self.is_begun = True
        try:
            self._parser.feed_data(piece)
        except (HttpParserError, HttpParserUpgrade) as error:
            raise UnreadableAnswer(f"What answers at {self._origin} does not speak HTTP: {error}", status=0) from None

    def reply(self) -> Reply:
        return Reply(self._parser.get_status_code(), self._headers, b"".join(self._body))

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        self._has_headers = self._parser.get_status_code() >= 200
        if not self._has_headers:
            self._headers.clear()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        # An answer of 1xx only announces the one that counts.
        if self._has_headers:
            self.is_whole = True
            self.is_reusable = self._parser.should_keep_alive()

    def _end(self) -> None:
        is_until_the_end = not self._headers.keys() & {"content-length", "transfer-encoding"}
        if not (self._has_headers and is_until_the_end):
            part = "in the middle of its answer" if self.is_begun else "without an answer"
            raise ConnectionFailed(f"{self._origin} closed the connection {part}", was_sent=True)
        self.is_whole = True


def _exchanged(connection: socket.socket, request: bytes, origin: Origin) -> _Answer:
    answer = _Answer(origin)
    try:
        connection.sendall(request)
        while not answer.is_whole:
            answer.feed(connection.recv(_PIECE_BYTES))
    except TimeoutError:
        raise TimedOut(f"{origin} gave no answer in {connection.gettimeout():g} s", was_sent=True) from None
    except OSError as error:
        raise ConnectionFailed(f"The connection to {origin} broke: {error}", was_sent=True) from error
    return answer


def _written(request: Request, target: str) -> bytes:
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    if request.body or request.method == "POST":
        lines.append(f"content-length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


def _address(origin: Origin) -> Any:
    """As the resolver takes it: a name in bytes is spared Python's tables of international names."""
    return (origin.host.encode() if origin.host.isascii() else origin.host, origin.port)


def _is_readable(connection: socket.socket) -> bool:
    if hasattr(select, "poll"):
        asked = select.poll()
        asked.register(connection, select.POLLIN)
        return bool(asked.poll(0))
    return bool(select.select([connection], [], [], 0)[0])
