"""A handler of the Lambda contract behind plain HTTP, as a WSGI application. Standard library only."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_JSON = [("content-type", "application/json")]


def http_application(handler: Callable[[Mapping[str, Any], object], Mapping[str, Any]]) -> WSGIApplication:
    """An application for any WSGI server: a request is a POST of JSON, whatever its path; its answer is the body."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            start_response("405 Method Not Allowed", [("allow", "POST")])
            return [b""]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            start_response("400 Bad Request", _JSON)
            return [b'{"message": "The body is no JSON: post one of AppFlow\'s requests."}']
        answer = json.dumps(handler(event, _context(environ.get("HTTP_X_AMZ_CLIENT_CONTEXT")))).encode()
        start_response("200 OK", [*_JSON, ("content-length", str(len(answer)))])
        return [answer]

    return application


def _context(header: str | None) -> object:
    """What a handler gets beside its event; a header that can't be read is none."""
    try:
        client: object = json.loads(base64.b64decode(header or ""))
    except ValueError:
        client = None
    return SimpleNamespace(client_context=SimpleNamespace(**client)) if isinstance(client, dict) else None  # pyright: ignore[reportUnknownArgumentType]
