"""The application without a server: requests go in as ASGI messages, answers come out whole."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headrace.clock import HandClock
from headrace.log import Log
from headrace.meters import Meters
from headrace.operations.context import Answer, Caller
from headrace.settings import Settings
from headrace.wire.app import create_app
from headrace.wire.asgi import Message, Send
from headrace.wire.bodies import Patience
from headrace.wire.callers import AccessKey
from tests.standins.processes import PATIENCE_S

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
REQUEST_ID = "11111111-2222-3333-4444-555555555555"
ACCOUNT = "123456789012"
# For clients that are meant to be too slow.
HASTY = Patience(idle_s=0.05, total_s=0.3, drain_s=0.1, drain_bytes=1000)
# For all others, however slow the machine is.
PATIENT = Patience(idle_s=PATIENCE_S, total_s=PATIENCE_S, drain_s=PATIENCE_S, drain_bytes=10**7)


class StandInDispatcher:
    """Answers every call with `answer`, or raises it, and keeps what it was called with."""

    def __init__(self, answer: Answer | BaseException | None = None) -> None:
        self.answer: Answer | BaseException = {} if answer is None else answer
        self.calls: list[tuple[str, Caller, dict[str, Any]]] = []

    def call(self, name: str, caller: Caller, request: dict[str, Any], /) -> Future[Answer]:
        self.calls.append((name, caller, request))
        future: Future[Answer] = Future()
        if isinstance(self.answer, BaseException):
            future.set_exception(self.answer)
        else:
            future.set_result(self.answer)
        return future


@dataclass
class Reply:
    """An answer, its header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str | None:
        return self.headers.get("x-amzn-errortype")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return self.json["message"]


@dataclass
class Rig:
    """One application and what stands around it."""

    auth: Any = "open"
    allow_open: bool = False
    limits: Any = "none"
    body_limit_bytes: int = 1000
    dispatcher: Any = field(default_factory=StandInDispatcher)
    keys: Sequence[AccessKey] | None = ()
    patience: Patience = PATIENT
    clock: HandClock = field(default_factory=lambda: HandClock(NOW))
    meters: Meters = field(default_factory=Meters)
    log_text: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        settings = Settings(
            data=Path("unused"),
            auth=self.auth,
            allow_open=self.allow_open,
            limits=self.limits,
            body_limit_bytes=self.body_limit_bytes,
        )
        self.app = create_app(
            dispatcher=self.dispatcher,
            settings=settings,
            clock=self.clock,
            keys=None if self.keys is None else self._find_key,
            log=Log(self.log_text, form="json"),
            new_id=lambda: REQUEST_ID,
            patience=self.patience,
            meters=self.meters,
        )

    def ask(
        self,
        path: str,
        body: bytes = b"",
        *,
        method: str = "POST",
        query: str = "",
        headers: dict[str, str] | None = None,
        parts: Sequence[bytes | None] | None = None,
        declared: int | None = None,
    ) -> Reply:
        """Send a request; `parts` are the body as it arrives, None meaning that the client hangs up."""
        given = {"host": "localhost:8080", **{name.lower(): value for name, value in (headers or {}).items()}}
        if body or declared is not None:
            given["content-length"] = str(len(body) if declared is None else declared)
        raw_path = path.encode()
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": raw_path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        return asyncio.run(self._exchange(scope, [body] if parts is None else parts))

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_text.getvalue().splitlines()]

    def _find_key(self, access_key_id: str, /) -> Future[AccessKey | None]:
        future: Future[AccessKey | None] = Future()
        future.set_result(next((key for key in self.keys or () if key.access_key_id == access_key_id), None))
        return future

    async def _exchange(self, scope: dict[str, Any], parts: Sequence[bytes | None]) -> Reply:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, arriving(parts), send)
        if not sent:
            return Reply(0, {}, b"")
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        assert not sent[-1].get("more_body")
        return Reply(sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:]))


def arriving(parts: Sequence[bytes | None]) -> Callable[[], Any]:
    """A receive function; after `...` parts that never end, it waits for ever."""
    left = list(parts)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        part = left.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left) or part.endswith(b"...")}

    return receive


async def nobody(_: Message) -> None:
    """A send function that nobody listens to."""


NOBODY: Send = nobody
