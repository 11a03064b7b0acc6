"""Reading a request's body: never more than the limit, never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from headrace.errors import HeadraceError
from headrace.wire.asgi import Receive
from headrace.wire.front_errors import RequestEntityTooLargeException, RequestTimeoutException, SerializationException

Headers = Sequence[tuple[bytes, bytes]]


class Patience(NamedTuple):
    """How long a body may take.

    `idle_s` between two parts, `total_s` for the whole. A body that nobody reads (it is over the
    limit, say) is swallowed for up to `drain_s` and `drain_bytes`, so that a client that only
    listens after it has sent gets to read its answer.
    """

    idle_s: float = 10.0
    total_s: float = 60.0
    drain_s: float = 2.0
    drain_bytes: int = 32 * 1024 * 1024


class GoneError(HeadraceError):
    """The client hung up before its request was complete: there is nobody to answer."""


def declares_body(headers: Headers) -> bool:
    """Whether the headers announce a body."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0") for name, value in headers
    )


async def read_body(headers: Headers, receive: Receive, *, limit_bytes: int, patience: Patience) -> bytes:
    """The whole body.

    Raises RequestEntityTooLargeException as soon as it is known to be over the limit, before the
    first byte where its length is declared; RequestTimeoutException; GoneError.
    """
    if _declared_bytes(headers) > limit_bytes:
        raise _too_large(limit_bytes)
    try:
        async with asyncio.timeout(patience.idle_s) as deadline:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                return _within(message.get("body", b""), limit_bytes)
            return await _rest(message.get("body", b""), message["type"], receive, limit_bytes, patience, deadline)
    except TimeoutError as fault:
        raise RequestTimeoutException(
            f"The body that the request announces did not arrive: {patience.idle_s:g} s passed without a part of it,"
            f" or {patience.total_s:g} s in all"
        ) from fault


async def drain(receive: Receive, patience: Patience) -> None:
    """Swallow what is left of a body, within `patience`."""
    swallowed = 0
    try:
        async with asyncio.timeout(patience.drain_s):
            while swallowed <= patience.drain_bytes:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                swallowed += len(message.get("body", b""))
    except TimeoutError:
        return


async def _rest(
    first: bytes, kind: str, receive: Receive, limit_bytes: int, patience: Patience, deadline: asyncio.Timeout
) -> bytes:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + patience.total_s
    body = bytearray(first)
    more = True
    while more:
        if kind != "http.request":
            raise GoneError("the client hung up")
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        deadline.reschedule(min(end_s, loop.time() + patience.idle_s))
        message = await receive()
        kind = message["type"]
        body += message.get("body", b"")
        more = message.get("more_body", False) or kind != "http.request"
    return _within(bytes(body), limit_bytes)


def _declared_bytes(headers: Headers) -> int:
    for name, value in headers:
        if name == b"content-length":
            if not value.strip().isdigit():
                raise SerializationException("Content-Length is no number")
            return int(value)
    return 0


def _within(body: bytes, limit_bytes: int) -> bytes:
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    return body


def _too_large(limit_bytes: int) -> RequestEntityTooLargeException:
    return RequestEntityTooLargeException(
        f"The body is longer than {limit_bytes} bytes: send less, or serve with a higher HEADRACE_BODY_LIMIT"
    )
