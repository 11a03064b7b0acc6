"""Answers as HTTP: status, headers, body."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from headrace.errors import HeadraceError, ServiceError
from headrace.model.api import ERROR_STATUS
from headrace.model.codec import NO_CONTENT, dump, encode
from headrace.model.json_text import SerializationError
from headrace.model.shapes import Document, Operation
from headrace.wire.asgi import Send
from headrace.wire.front_errors import FrontError

INTERNAL = "InternalServerException"
_JSON = (b"content-type", b"application/json")


class Reply(NamedTuple):
    """An answer; `error` is the wire name of the error it tells of. `blocks` follow the body, where there are any."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    error: str | None = None
    blocks: Iterator[bytes] | None = None


def answered(operation: Operation, answer: Document, request_id: str) -> Reply:
    """The answer of an operation; no body and no content type with 204."""
    body = encode(operation, answer)
    headers = [(b"x-amzn-RequestId", request_id.encode())]
    if operation.success_status != NO_CONTENT:
        headers += (_JSON, (b"content-length", b"%d" % len(body)))
    return Reply(operation.success_status, headers, body)


def told(answer: Document, request_id: str, status: int = 200) -> Reply:
    """An answer that is no operation's of AppFlow, as JSON."""
    body = dump(answer)
    headers = [(b"x-amzn-RequestId", request_id.encode()), _JSON, (b"content-length", b"%d" % len(body))]
    return Reply(status, headers, body)


def refused(error: HeadraceError, request_id: str) -> Reply:
    """An error as AWS words it: its name in a header, its message in the body."""
    name, status = wire_error(error)
    return error_reply(name, status, error.message, request_id)


def failed(request_id: str) -> Reply:
    """The answer to a fault of headrace's own; what it was stands in the log only."""
    message = f"The service failed to answer. Its log says why, under the request id {request_id}."
    return error_reply(INTERNAL, ERROR_STATUS[INTERNAL], message, request_id)


def error_reply(name: str, status: int, message: str, request_id: str) -> Reply:
    """An error's answer; half surrogates in the message become question marks."""
    body = dump({"message": message.encode("utf-8", "replace").decode("utf-8")})
    headers = [
        (b"x-amzn-RequestId", request_id.encode()),
        (b"x-amzn-ErrorType", name.encode()),
        _JSON,
        (b"content-length", b"%d" % len(body)),
    ]
    return Reply(status, headers, body, name)


def wire_error(error: HeadraceError) -> tuple[str, int]:
    """The wire name and the status of an error: of its nearest class that the API or the front end knows."""
    if isinstance(error, FrontError):
        return type(error).__name__, error.status
    if isinstance(error, SerializationError):
        return "SerializationException", 400
    if isinstance(error, ServiceError):
        for kind in type(error).__mro__:
            if kind.__name__ in ERROR_STATUS:
                return kind.__name__, ERROR_STATUS[kind.__name__]
    return INTERNAL, ERROR_STATUS[INTERNAL]


async def send_reply(send: Send, reply: Reply, *, is_last: bool = True) -> None:
    """Send it whole; with `is_last` false the exchange stays open until an empty part is sent."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": not is_last or reply.blocks is not None})
    if reply.blocks is None:
        return
    # Each may take as long as a disk or a store does.
    while (block := await asyncio.to_thread(next, reply.blocks, None)) is not None:
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": not is_last})
