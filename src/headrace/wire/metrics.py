"""GET /metrics: what headrace counts, for those who may know."""

from __future__ import annotations

import asyncio
import hmac
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from headrace.errors import AccessDeniedException, HeadraceError
from headrace.meters import Meters
from headrace.settings import Settings
from headrace.store.figures import Figures
from headrace.wire.asgi import Scope, Send
from headrace.wire.front_errors import MethodNotAllowedException
from headrace.wire.origins import is_of_this_machine
from headrace.wire.replies import Reply, send_reply, wire_error

PATH = "/metrics"
# A store that is slower than this is told as one that is down: the page has more to say.
_STORE_S = 5.0
_Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Shown:
    """All that one page shows; `figures` None: the store does not answer.

    `receivers` are the names of receivers by their keys; `build` names what runs.
    """

    meters: Meters
    figures: Figures | None
    now_ms: int
    receivers: Mapping[str, str]
    build: Mapping[str, str]


@dataclass(frozen=True)
class Board:
    """Where a page's figures come from."""

    meters: Meters
    figures: Callable[[], Future[Figures]]
    now_ms: Callable[[], int]
    receivers: Mapping[str, str]
    build: Mapping[str, str]

    def shown(self, figures: Figures | None) -> Shown:
        """The page of this moment."""
        return Shown(self.meters, figures, self.now_ms(), self.receivers, self.build)


class MetricsPage:
    """For who bears HEADRACE_METRICS_TOKEN; without one for everybody, but with HEADRACE_AUTH=sigv4 for nobody."""

    def __init__(self, board: Board, settings: Settings) -> None:
        self._board = board
        self._expected = None if settings.metrics_token is None else f"Bearer {settings.metrics_token}".encode()
        self._is_open = settings.auth == "open"
        self._may_be_any_host = settings.allow_open

    async def serve(self, scope: Scope, send: Send) -> None:
        """Answer, whatever comes of it."""
        try:
            self._check(scope)
        except HeadraceError as error:
            status, body = wire_error(error)[1], f"{error.message}\n".encode()
            await _send(send, status, b"text/plain; charset=utf-8", body)
            return
        shown = self._board.shown(await self._figures())
        body, content_type = await asyncio.to_thread(_page, shown, _header(scope["headers"], b"accept"))
        await _send(send, 200, content_type.encode(), body)

    def _check(self, scope: Scope) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowedException(f"{PATH} is read with GET")
        headers: _Headers = scope["headers"]
        if self._expected is not None:
            if not hmac.compare_digest(_header(headers, b"authorization").encode("latin-1"), self._expected):
                raise AccessDeniedException("The metrics are for who bears the token of HEADRACE_METRICS_TOKEN.")
        elif not self._is_open:
            raise AccessDeniedException(
                "With HEADRACE_AUTH=sigv4 the metrics are for who bears a token: set HEADRACE_METRICS_TOKEN."
            )
        elif not (self._may_be_any_host or is_of_this_machine(f"http://{_header(headers, b'host')}".encode("latin-1"))):
            # A page of another site may give this machine a name of its own, and read what is open here.
            raise AccessDeniedException(
                "The metrics are read at http://127.0.0.1 or http://localhost; elsewhere set HEADRACE_METRICS_TOKEN."
            )

    async def _figures(self) -> Figures | None:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._board.figures()), _STORE_S)
        except Exception:  # Boundary: a store that is down is one of the things that the page tells
            return None


def _page(shown: Shown, accept: str) -> tuple[bytes, str]:
    return importlib.import_module("headrace.wire.exposition").exposition(shown, accept)


def _header(headers: _Headers, name: bytes) -> str:
    return next((value for known, value in headers if known == name), b"").decode("latin-1")


async def _send(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send_reply(send, Reply(status, headers, body))
