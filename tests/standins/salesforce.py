"""A stand-in for the part of Salesforce's REST API that AWS's example connector uses."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_FIELDS = (("Id", "id"), ("Name", "string"), ("Employees", "int"), ("LastModifiedDate", "datetime"))
_OBJECT = {"name": "Account", "label": "Account", "hasSubtypes": False, "childRelationships": [], "createable": True}


class Salesforce:
    """Answers whoever has the token; `queries` and `written` are what it was asked."""

    def __init__(self, token: str, accounts: list[dict[str, Any]]) -> None:
        self.queries: list[str] = []
        self.written: list[dict[str, Any]] = []
        self.token = token
        self.accounts = accounts
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, target: str, authorization: str | None, body: bytes) -> tuple[int, Any]:
        if authorization != f"Bearer {self.token}":
            return 401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        path = urlsplit(target).path
        if path.endswith("/userinfo"):
            return 200, {"user_id": "ann"}
        if path.endswith("/sobjects"):
            return 200, {"sobjects": [_OBJECT]}
        if path.endswith("/describe"):
            return 200, {**_OBJECT, "fields": [_field(*field) for field in _FIELDS]}
        if path.endswith("/query"):
            return 200, self._found(parse_qs(urlsplit(target).query)["q"][0])
        if method == "POST":
            self.written.append(json.loads(body))
            return 201, {"id": str(len(self.written)), "success": True, "errors": []}
        return 404, [{"message": "no such thing", "errorCode": "NOT_FOUND"}]

    def _found(self, query: str) -> dict[str, Any]:
        self.queries.append(query)
        names = re.findall(r"\w+", query.partition(" from ")[0].removeprefix("select"))
        # Keys that nobody asked for, as Salesforce adds them.
        records = [
            {"attributes": {"type": "Account"}, **{name: each[name] for name in names}} for each in self.accounts
        ]
        return {"totalSize": len(records), "done": True, "records": records}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply("GET")

            def do_POST(self) -> None:
                self._reply("POST")

            def log_message(self, format: str, *args: Any) -> None:
                return

            def _reply(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, document = outer.answer(method, self.path, self.headers.get("authorization"), body)
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        return Handler


def _field(name: str, kind: str) -> dict[str, Any]:
    flags = {"filterable": True, "createable": name != "Id", "updateable": name != "Id", "nillable": False}
    return {"name": name, "label": name, "type": kind, "idLookup": name == "Id", **flags}
