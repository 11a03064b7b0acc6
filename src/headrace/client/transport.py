"""The seam to the network: a request goes in, a reply comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Request(NamedTuple):
    """A request as it goes over the wire: the URL encoded, header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """An answer, read to its end; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Timeouts(NamedTuple):
    """How long to wait for a connection, and for each piece of an answer."""

    connect_s: float = 10.0
    read_s: float = 60.0


class Transport(Protocol):
    """Sends requests; may be called by several threads at once."""

    def send(self, request: Request) -> Reply:
        """The answer; raises ConnectionFailed where there is none."""
        ...

    def close(self) -> None:
        """Let go of all connections."""
        ...


class AsyncTransport(Protocol):
    """Sends requests; may be called by several coroutines at once."""

    async def send(self, request: Request) -> Reply:
        """The answer; raises ConnectionFailed where there is none."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
