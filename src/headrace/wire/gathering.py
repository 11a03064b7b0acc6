"""A connection that sends the head of an answer together with what follows it."""

from __future__ import annotations

import asyncio
from typing import Any, cast


class Gathering:
    """Stands before a transport: an answer's head and the first part of its body go out as one packet, by one call of
    the system.

    A head that nothing follows in the same turn of the event loop goes out at its end. Everything but writing is the
    transport's own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    @classmethod
    def before(cls, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> asyncio.Transport:
        """The transport with this before it, to be used in its place."""
        return cast("asyncio.Transport", cls(transport, loop))

    def write(self, data: bytes) -> None:
        """Send the data, unless it is a head: that waits for what follows."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            self._loop.call_soon(self._send)
            return
        self._transport.write(data)

    def close(self) -> None:
        """Close the transport once all that was written is sent."""
        self._send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _send(self) -> None:
        head, self._head = self._head, b""
        # A client that hung up meanwhile gets nothing.
        if head and not self._transport.is_closing():
            self._transport.write(head)
