"""A shop with a REST interface that pages in every way; strict, and as ill-behaved as it is told to be.

As a transport it answers in the process of the test, as a server on a loopback port.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from headrace.connector_sdk.http.logins import Bearer
from headrace.connector_sdk.rest import (
    AfterId,
    Api,
    Cursor,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    PageSize,
    Paging,
    Resource,
)

TOKEN = "planted-token-1"
PAGINGS: dict[str, Paging] = {
    "cursor": Cursor("paging.cursor", "cursor"),
    "more": Cursor("paging.cursor", "cursor", more="paging.more"),
    "alone": Cursor("paging.cursor", "cursor", alone=True),
    "link": NextLink("paging.link"),
    "header": LinkHeader(),
    "offset": Offset("offset"),
    "total": Offset("offset", total="paging.total"),
    "page": PageNumber("page"),
    "pages": PageNumber("page", first=0, pages="paging.pages"),
    "after": AfterId("id", "after"),
}


def api(url: str = "{instanceUrl}", *, most: int = 1000) -> Api:
    """The shop's interface as data: one entity for each way of paging."""
    resources = tuple(
        Resource(entity=way, path=f"/{way}", records="orders", paging=paging, page_size=PageSize("limit", most))
        for way, paging in PAGINGS.items()
    )
    return Api(name="Shop", base_url=url, logins={"OAuth2": Bearer()}, resources=resources, check="/check")


Answer = tuple[int, dict[str, str], bytes]
# Called instead of an answer, with the socket, which is closed after it.
Misbehaviour = Callable[[socket.socket], object]


@dataclass
class Shop:
    """Holds `orders`, ids in rising order. At `empty` places an empty page comes first where paging allows it."""

    orders: list[dict[str, Any]]
    empty: frozenset[int] = frozenset()
    # What happens to the next requests, one each.
    misbehaving: deque[Misbehaviour | Answer] = field(default_factory=deque[Misbehaviour | Answer])
    asked: list[str] = field(default_factory=list[str])
    # Set to let out what never answers.
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, target: str, authorization: str | None) -> Answer:
        """The answer to a GET."""
        parts = urlsplit(target)
        self.asked.append(target)
        if authorization != f"Bearer {TOKEN}":
            return _said(401, {"message": "who are you?"})
        way, params = parts.path.lstrip("/"), dict(parse_qsl(parts.query, keep_blank_values=True))
        if way == "check":
            return _said(200, {"ok": True})
        if way not in PAGINGS:
            return _said(404, {"message": f"no {way}"})
        try:
            return _PAGES[way](self, params)
        except (KeyError, ValueError) as error:
            return _said(400, {"message": f"bad parameters: {error}"})

    def transport(self) -> httpx.MockTransport:
        """Answers in this process."""

        def handle(request: httpx.Request) -> httpx.Response:
            status, headers, body = self.answer(request.url.raw_path.decode(), request.headers.get("authorization"))
            return httpx.Response(status, headers=headers, content=body)

        return httpx.MockTransport(handle)

    @contextmanager
    def server(self) -> Generator[str]:
        """Its URL, while it runs."""
        listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}"
        finally:
            self.over.set()
            listening.shutdown()
            listening.server_close()
            thread.join()

    def page(self, first: int, limit: int) -> list[dict[str, Any]]:
        return self.orders[first : first + limit]

    def cursor(self, params: dict[str, str], *, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """Cursors are c-<place>, e-<place> those that come with an empty page."""
        mark, _, text = params.pop("cursor", "c-0").partition("-")
        place = int(text)
        if mark == "c" and place in self.empty:
            return [], f"e-{place}"
        found = self.page(place, limit)
        following = place + len(found)
        return found, f"c-{following}" if following < len(self.orders) else None


def _by_cursor(shop: Shop, params: dict[str, str]) -> Answer:
    found, following = shop.cursor(params, limit=int(params.pop("limit")))
    return _body(found, params, cursor=following)


def _by_more(shop: Shop, params: dict[str, str]) -> Answer:
    found, following = shop.cursor(params, limit=int(params.pop("limit")))
    return _body(found, params, cursor=following or "c-9999", more=following is not None)


def _alone(shop: Shop, params: dict[str, str]) -> Answer:
    limit = 3 if "cursor" in params else int(params.pop("limit"))
    found, following = shop.cursor(params, limit=limit)
    return _body(found, params, cursor=following or "")


def _by_link(shop: Shop, params: dict[str, str]) -> Answer:
    limit = params.pop("limit")
    found, following = shop.cursor(params, limit=int(limit))
    return _body(found, params, link=following and f"/link?limit={limit}&cursor={following}")


def _by_header(shop: Shop, params: dict[str, str]) -> Answer:
    limit = params.pop("limit")
    found, following = shop.cursor(params, limit=int(limit))
    link = {"link": f'</header?limit={limit}&cursor={following}>; rel="next"'} if following else {}
    return _body(found, params, headers=link)


def _by_offset(shop: Shop, params: dict[str, str]) -> Answer:
    found = shop.page(int(params.pop("offset")), int(params.pop("limit")))
    return _body(found, params, total=len(shop.orders))


def _by_page(shop: Shop, params: dict[str, str], first: int = 1) -> Answer:
    limit = int(params.pop("limit"))
    found = shop.page((int(params.pop("page")) - first) * limit, limit)
    return _body(found, params, pages=-(-len(shop.orders) // limit))


def _after(shop: Shop, params: dict[str, str]) -> Answer:
    after, limit = int(params.pop("after", "-1")), int(params.pop("limit"))
    return _body([order for order in shop.orders if order["id"] > after][:limit], params)


_PAGES: dict[str, Callable[[Shop, dict[str, str]], Answer]] = {
    "cursor": _by_cursor,
    "more": _by_more,
    "alone": _alone,
    "link": _by_link,
    "header": _by_header,
    "offset": _by_offset,
    "total": _by_offset,
    "page": _by_page,
    "pages": lambda shop, params: _by_page(shop, params, first=0),
    "after": _after,
}


def _body(
    found: list[dict[str, Any]], left: dict[str, str], *, headers: dict[str, str] | None = None, **paging: Any
) -> Answer:
    if left:
        return _said(400, {"message": f"unknown parameters: {sorted(left)}"})
    status, plain, body = _said(200, {"orders": found, "paging": paging})
    return status, plain | (headers or {}), body


def _said(status: int, value: Any) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(value).encode()


def _handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            happens = shop.misbehaving.popleft() if shop.misbehaving else None
            if callable(happens):
                shop.asked.append(self.path)
                happens(self.connection)
                self.close_connection = True
                return
            status, headers, body = happens or shop.answer(self.path, self.headers.get("authorization"))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
