"""The two clients on a network, a clock and a chance of the test's own, driven alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any

from headrace.client import AsyncClient, Client
from headrace.client.transport import Reply, Request
from headrace.clock import HandClock

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "http://headrace.test:8080"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTESTS", "AWS_SECRET_ACCESS_KEY": "made-up"}
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"

Outcome = Reply | Exception
Answer = Callable[[Request], Outcome]


def reply(document: Any = None, status: int = 200, **headers: str) -> Reply:
    """An answer of the service; header names with dashes for underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b"" if document is None else json.dumps(document).encode()
    return Reply(status, {"content-type": "application/json", "x-amzn-requestid": "r-1", **named}, body)


def refusal(code: str, status: int, message: str = "no", **headers: str) -> Reply:
    return reply({"message": message}, status, x_amzn_errortype=code, **headers)


@dataclass
class Network:
    """Gives out the outcomes one after the other, the last one again and again, and keeps the requests."""

    outcomes: list[Outcome | Answer]
    requests: list[Request] = field(default_factory=list[Request])
    is_closed: bool = False

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        given = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        found = given if isinstance(given, Reply | Exception) else given(request)
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(each.body) for each in self.requests]


class Sync:
    """A transport for threads."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def send(self, request: Request) -> Reply:
        return self._network.answer(request)

    def close(self) -> None:
        self._network.is_closed = True


class Async:
    """A transport for coroutines."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def send(self, request: Request) -> Reply:
        return self._network.answer(request)

    async def close(self) -> None:
        self._network.is_closed = True


class Rig:
    """A client and what it did: `run` calls it, and awaits what has to be awaited."""

    def __init__(self, kind: str, outcomes: tuple[Outcome | Answer, ...], options: Mapping[str, Any]) -> None:
        self.network = Network(list(outcomes) or [reply({})])
        self.clock = HandClock(NOW)
        self.waits: list[float] = []
        self.is_async = kind == "async"
        given: dict[str, Any] = {
            "endpoint_url": URL,
            "environment": KEYS,
            "clock": self.clock,
            "random": lambda: 0.5,
            **options,
        }
        if self.is_async:
            self.client: Any = AsyncClient(transport=Async(self.network), sleep=self._sleep_async, **given)
        else:
            self.client = Client(transport=Sync(self.network), sleep=self._sleep, **given)

    def run(self, call: Callable[[Any], Any]) -> Any:
        """What a call of the client comes to; what it yields one by one as a list."""
        return asyncio.run(self._awaited(call)) if self.is_async else _whole(call(self.client))

    @property
    def request(self) -> Request:
        """The one request that was made."""
        [found] = self.network.requests
        return found

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.turn(timedelta(seconds=seconds))

    async def _sleep_async(self, seconds: float) -> None:
        self._sleep(seconds)

    async def _awaited(self, call: Callable[[Any], Any]) -> Any:
        found: Any = call(self.client)
        if hasattr(found, "__aiter__"):
            return [each async for each in found]
        return await found if isawaitable(found) else found


def _whole(found: Any) -> Any:
    return list(found) if isinstance(found, Iterator) else found
