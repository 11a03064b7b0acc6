"""A shop with a JSON API in pages, on loopback, and the manifest that reads it."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "planted-token-of-the-shop"
MANIFEST = """
version: 6.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [items]}
spec:
  type: Spec
  connection_specification:
    type: object
    required: [base_url, token]
    properties:
      base_url: {type: string, title: Base URL, description: Where the shop answers.}
      token: {type: string, airbyte_secret: true}
      start_date: {type: string, default: "2025-01-01T00:00:00Z"}
definitions:
  retriever:
    type: SimpleRetriever
    requester:
      type: HttpRequester
      url_base: "{{ config['base_url'] }}"
      path: /items
      http_method: GET
      authenticator: {type: BearerAuthenticator, api_token: "{{ config['token'] }}"}
    record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [items]}}
    paginator:
      type: DefaultPaginator
      page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
      pagination_strategy: {type: PageIncrement, start_from_page: 1, page_size: 1000}
  schema:
    type: InlineSchemaLoader
    schema:
      type: object
      properties:
        id: {type: integer}
        name: {type: [string, "null"]}
        changed: {type: string, format: date-time}
        address: {type: object, properties: {city: {type: string}}}
streams:
  - type: DeclarativeStream
    name: items
    primary_key: [id]
    retriever: {$ref: "#/definitions/retriever"}
    schema_loader: {$ref: "#/definitions/schema"}
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: changed
      datetime_format: "%Y-%m-%dT%H:%M:%SZ"
      start_datetime: "{{ config['start_date'] }}"
      start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: since}
"""


@dataclass
class Shop:
    """`items` is what the shop has; `since` is what it was asked for, once a page."""

    url: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    since: list[str | None] = field(default_factory=list)

    def add(self, count: int) -> None:
        """Let the shop have more, each changed a second after the one before."""
        for number in range(len(self.items), len(self.items) + count):
            changed = f"2026-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
            self.items.append({"id": number, "name": f"thing {number}", "changed": changed, "address": {"city": "x"}})

    def answer(self, path: str, token: str | None) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        if token != f"Bearer {TOKEN}":
            return 401, {"error": "who are you?"}
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        since, page = asked.get("since"), int(asked.get("page", 1))
        self.since.append(since)
        found = [item for item in self.items if since is None or item["changed"] >= since]
        return 200, {"items": found[(page - 1) * 1000 : page * 1000]}


@contextmanager
def paged_api() -> Generator[Shop]:
    """Open the shop."""
    shop = Shop()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, document = shop.answer(self.path, self.headers.get("Authorization"))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # pyright: ignore[reportImplicitOverride]
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        shop.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield shop
        finally:
            server.shutdown()
            thread.join()
