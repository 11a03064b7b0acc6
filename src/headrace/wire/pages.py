"""What the process answers beside the API: its health, and the life of the server."""

from __future__ import annotations

from headrace.wire.asgi import Receive, Scope, Send
from headrace.wire.replies import Reply, send_reply

_BODY = b'{"status":"ok"}'


async def healthy(scope: Scope, send: Send) -> None:
    """Answer GET /healthz while the event loop turns."""
    is_right = scope["method"] in {"GET", "HEAD"}
    status, body = (200, _BODY) if is_right else (405, b'{"message":"/healthz is read with GET"}')
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send_reply(send, Reply(status, headers, body))


async def live(scope: Scope, receive: Receive, send: Send) -> None:
    """Take the server's start and stop, and close what is not HTTP."""
    if scope["type"] != "lifespan":
        await send({"type": "websocket.close", "code": 1003})
        return
    kind = ""
    while kind != "lifespan.shutdown":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
