"""A service that takes writes as SAP Gateway does: with a CSRF token that belongs to the session's cookie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Gateway:
    """Answers writes by `answer` if they carry the token of their session; `sessions` may be emptied at any time."""

    answer: Answer
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    fetched: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        held = self.sessions.get(request.headers.get("cookie", "").removeprefix("SAP_SESSIONID="))
        given = request.headers.get("x-csrf-token", "")
        if request.method == "GET":
            return self._told(given)
        if held is None or given != held:
            headers = {"x-csrf-token": "Required"}
            return httpx.Response(403, text="CSRF token validation failed", headers=headers)
        return self.answer(request)

    def _told(self, given: str) -> httpx.Response:
        if given.lower() != "fetch":
            return httpx.Response(200, json={"d": {"EntitySets": []}})
        self.fetched += 1
        session, token = f"session-{self.fetched}", f"planted-token-{self.fetched}=="
        self.sessions[session] = token
        headers = {"x-csrf-token": token, "set-cookie": f"SAP_SESSIONID={session}; path=/; secure; HttpOnly"}
        return httpx.Response(200, json={"d": {"EntitySets": []}}, headers=headers)
