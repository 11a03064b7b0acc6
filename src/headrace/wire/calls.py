"""One HTTP request on its way through the steps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from headrace.wire.asgi import Receive, Scope
from headrace.wire.bodies import Patience, declares_body, drain, read_body

_NO_QUERY: Mapping[str, Sequence[str]] = {}


class Call:
    """What came over the wire, and what the log line will say of it."""

    __slots__ = (
        "caller_arn",
        "error",
        "headers",
        "is_body_pending",
        "method",
        "operation_name",
        "query_string",
        "raw_path",
        "receive",
        "request_id",
        "started_s",
    )

    def __init__(self, scope: Scope, receive: Receive, request_id: str) -> None:
        self.receive = receive
        self.request_id = request_id
        self.method: str = scope["method"]
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
        self.query_string: bytes = scope["query_string"]
        self.is_body_pending = declares_body(self.headers)
        self.operation_name: str | None = None
        self.caller_arn: str | None = None
        self.error: str | None = None
        self.started_s = asyncio.get_running_loop().time()

    async def body(self, limit_bytes: int, patience: Patience) -> bytes:
        """The whole body; raises what `read_body` raises."""
        body = await read_body(self.headers, self.receive, limit_bytes=limit_bytes, patience=patience)
        self.is_body_pending = False
        return body

    async def drain(self, patience: Patience) -> None:
        """Let the client finish a body that nobody reads, for a while."""
        await drain(self.receive, patience)

    def query(self) -> Mapping[str, Sequence[str]]:
        """Every value of every name in the query, free of percent signs; bytes that are no UTF-8 become U+FFFD."""
        if not self.query_string:
            return _NO_QUERY
        return parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True)

    def taken_s(self) -> float:
        """How long ago the request came."""
        return asyncio.get_running_loop().time() - self.started_s

    def log_fields(self, status: int, sent_bytes: int) -> dict[str, Any]:
        """The fields of the call's one log line; nothing of its body or its headers."""
        return {
            "request_id": self.request_id,
            "status": status,
            "error": self.error,
            "caller": self.caller_arn,
            "sent_bytes": sent_bytes,
            "ms": round(self.taken_s() * 1000, 3),
        }
