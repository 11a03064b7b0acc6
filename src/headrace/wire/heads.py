"""Bounds on the head of a request: its size, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
from asyncio.events import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headrace.wire.gathering import Gathering

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedHeads(HttpToolsProtocol):
    """uvicorn's protocol, which by itself takes a head of any size and waits for it for ever.

    A connection that has sent part of a head, or nothing yet, is closed after `head_s` seconds; a
    head of more than `head_bytes` is answered 431. A request whose head comes in one piece pays nothing.
    """

    head_bytes = 64 * 1024
    head_s = 20.0

    _head_bytes = 0
    _is_in_head = True
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] (as uvicorn's)
        super().connection_made(Gathering.before(transport, self.loop))
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > self.head_bytes and self._is_in_head:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._head_bytes and self._is_in_head:
            self._start_timer()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_s, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
