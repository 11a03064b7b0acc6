"""The help desk that examples/rest_connector.py is written for: strict; as a transport, or on a loopback port."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from typing import Any
from urllib.parse import parse_qsl

import httpx

from headrace.connector_sdk.registry import GROUP

ENTRY = EntryPoint("Zendesk", "examples.rest_connector:CONNECTOR", GROUP)
TOKEN = "planted-token-1"
_STATUSES = ("open", "solved")


class _Fault(Exception):
    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.answer = httpx.Response(status, json={"error": {"code": code, "text": text}})


def ticket(number: int, **members: Any) -> dict[str, Any]:
    """Updated `number` minutes after the beginning of 2024."""
    at = datetime(2024, 1, 1, number // 60, number % 60, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": number, "subject": f"ticket {number}", "status": _STATUSES[number % 2], "updated_at": at} | members


@dataclass
class Desk:
    tickets: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {number: ticket(number) for number in range(1, 8)}
    )
    users: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": number, "name": f"user {number}", "is_agent": number == 1} for number in range(1, 6)
        ]
    )
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"prices": [{"code": f"c{number}", "price": number / 4} for number in range(9)]}
    )
    asked: list[httpx.Request] = field(default_factory=list[httpx.Request])
    # Answers to the next requests, instead of its own.
    failing: deque[httpx.Response] = field(default_factory=deque[httpx.Response])
    keys: dict[str, httpx.Response] = field(default_factory=dict[str, httpx.Response])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

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
            listening.shutdown()
            listening.server_close()
            thread.join()

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        if self.failing:
            return self.failing.popleft()
        try:
            _let_in(request)
            return self._routed(request)
        except _Fault as fault:
            return fault.answer

    def _routed(self, request: httpx.Request) -> httpx.Response:
        version, *path = request.url.path.removeprefix("/api/").split("/")
        params = dict(
            parse_qsl(request.url.query.decode(), keep_blank_values=True, strict_parsing=bool(request.url.query))
        )
        routes: dict[tuple[str, str, int], Callable[[], Any]] = {
            ("GET", "me", 1): lambda: {"name": "ann"},
            ("GET", "tickets", 1): lambda: self._list_tickets(params),
            ("POST", "tickets", 1): lambda: self._create(request),
            ("PATCH", "tickets", 2): lambda: self._change(path[1], _sent(request)),
            ("DELETE", "tickets", 2): lambda: self._delete(path[1]),
            ("GET", "users", 1): lambda: self._list_users(params),
            ("GET", "tables", 1): lambda: {"tables": [{"key": name} for name in self.rows]},
            ("GET", "tables", 3): lambda: self._table(path[1], path[2], params),
        }
        route = routes.get((request.method, path[0], len(path)))
        if version != "v1" or route is None:
            raise _Fault(404, "path", "no such path")
        answer = route()
        if params:
            raise _Fault(400, "param", f"unknown parameters {sorted(params)}")
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def _list_tickets(self, params: dict[str, str]) -> Any:
        since = datetime.fromtimestamp(int(params.pop("updated_since", "0")), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status, fields = params.pop("status", None), params.pop("fields", None)
        after, limit = int(params.pop("after", "0")), int(params.pop("limit"))
        wanted = [
            each
            for number, each in sorted(self.tickets.items())
            if number > after and each["updated_at"] >= since and status in {None, each["status"]}
        ]
        names = None if fields is None else fields.split(",")
        found = [
            {name: value for name, value in each.items() if names is None or name in names} for each in wanted[:limit]
        ]
        more = len(wanted) > limit
        return {"tickets": found, "meta": {"after": str(found[-1]["id"]) if found else None, "has_more": more}}

    def _create(self, request: httpx.Request) -> Any:
        key = request.headers.get("idempotency-key", "")
        if key not in self.keys:
            sent = _sent(request)
            number = sent.get("id", max(self.tickets, default=0) + 1)
            if number in self.tickets:
                raise _Fault(409, "ticket", f"there is a ticket {number}")
            self.tickets[number] = _checked(ticket(0, status="open") | {"id": number} | sent)
            self.keys[key] = httpx.Response(201, json={"ticket": self.tickets[number]})
        return self.keys[key]

    def _change(self, number: str, sent: dict[str, Any]) -> Any:
        self.tickets[self._known(number)] = _checked(self.tickets[int(number)] | sent)
        return {"ticket": self.tickets[int(number)]}

    def _delete(self, number: str) -> Any:
        del self.tickets[self._known(number)]
        return httpx.Response(204)

    def _known(self, number: str) -> int:
        if not number.isdigit() or int(number) not in self.tickets:
            raise _Fault(404, "ticket", f"no ticket {number}")
        return int(number)

    def _list_users(self, params: dict[str, str]) -> Any:
        limit, first = int(params.pop("limit")), int(params.pop("from", "0"))
        more = first + limit < len(self.users)
        following = f"/api/v1/users?from={first + limit}&limit={limit}" if more else None
        return {"users": self.users[first : first + limit], "links": {"next": following}}

    def _table(self, name: str, part: str, params: dict[str, str]) -> Any:
        if name not in self.rows:
            raise _Fault(404, "table", f"no table {name}")
        if part == "columns":
            return {"columns": [{"name": "code", "kind": "text", "is_key": True}, {"name": "price", "kind": "number"}]}
        first, limit = int(params.pop("offset")), int(params.pop("limit"))
        return {"rows": self.rows[name][first : first + limit], "count": len(self.rows[name])}


def _let_in(request: httpx.Request) -> None:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise _Fault(401, "who", "log in first")


def _sent(request: httpx.Request) -> dict[str, Any]:
    body = json.loads(request.content)
    if set(body) != {"ticket"}:
        raise _Fault(400, "body", "send a ticket")
    return body["ticket"]


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(given) - set(ticket(0))):
        raise _Fault(422, "field", f"no fields {unknown}")
    if given["status"] not in _STATUSES or not isinstance(given["subject"], str):
        raise _Fault(422, "value", "a status or a subject that can't be")
    return given


def _handler(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            url = f"http://{self.headers['host']}{self.path}"
            answer = desk.answer(httpx.Request(self.command, url, headers=dict(self.headers.items()), content=body))
            self.send_response(answer.status_code)
            headers = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
            for name, value in {**headers, "content-length": str(len(answer.content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 (the base class's names)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
