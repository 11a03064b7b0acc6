"""An input as the request that carries it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from headrace.client.beyond import Ask
from headrace.client.errors import InvalidInput
from headrace.client.kinds import kind_of
from headrace.client.structure import Input
from headrace.client.transport import Request

_HEADERS = {"accept-encoding": "identity", "user-agent": "headrace-client"}


def request_of(given: Input[Any], base_url: str) -> Request:
    """The request, not signed yet. Raises InvalidInput for a path that would be another operation's."""
    if isinstance(given, Ask):
        return _as_asked(given, base_url)
    path, query, body = given._path_, "", dict[str, Any]()
    has_body = given._method_ == "POST"
    for member in given._members_:
        value = getattr(given, member.name)
        if "p" in member.flags:
            if not value:
                raise InvalidInput(f"{type(given).__name__}.{member.name} is empty: it is a part of the path")
            path = path.replace(f"{{{member.wire}}}", quote(value, safe="-_.~"))
        elif "q" in member.flags:
            query = "&".join(f"{member.wire}={quote(each, safe='-_.~')}" for each in value or ())
        elif value is not None:
            body[member.wire] = kind_of(member.kind).write(value)
    text = _json(given, body) if has_body else b""
    headers = {"content-type": "application/json", **_HEADERS} if has_body else _HEADERS
    return Request(given._method_, f"{base_url}{path}{'?' if query else ''}{query}", headers, text)


def _as_asked(given: Ask, base_url: str) -> Request:
    asked: Any = given
    url = f"{base_url}{asked.path}"
    if asked.document is None:
        return Request(asked.method, url, _HEADERS, b"")
    headers = {"content-type": "application/json", **_HEADERS}
    return Request(asked.method, url, headers, _json(given, dict(asked.document)))


def _json(given: Input[Any], body: dict[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{type(given).__name__} holds half of a surrogate pair, which is no text") from None
