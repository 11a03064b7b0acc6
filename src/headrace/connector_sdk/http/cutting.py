"""Connections that can be cut while somebody waits for an answer on them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakSet

_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})


class _Stream(Protocol):
    def get_extra_info(self, info: str) -> Any: ...


class Connected:
    """The connections that were made for some requests. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._is_cut = False

    @property
    def extensions(self) -> dict[str, Any]:
        """What a request of httpx has to carry for its connection to be known."""
        return {"trace": self._seen}

    def cut(self) -> None:
        """End every connection, now and from now on: closing a client ends none that is being read from."""
        with self._lock:
            self._is_cut = True
            sockets = list(self._sockets)
        for each in sockets:
            _end(each)

    def _seen(self, event: str, about: Mapping[str, Any]) -> None:
        if event not in _CONNECTED:
            return
        stream: _Stream = about["return_value"]
        made = stream.get_extra_info("socket")
        if not isinstance(made, socket.socket):
            return
        with self._lock:
            self._sockets.add(made)
            is_cut = self._is_cut
        if is_cut:
            _end(made)


def _end(made: socket.socket) -> None:
    with suppress(OSError):
        # Not that of TLS, which would take its leave of the other end first.
        socket.socket.shutdown(made, socket.SHUT_RDWR)
