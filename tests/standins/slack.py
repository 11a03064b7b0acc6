"""A Slack workspace on a loopback port that refuses what Slack refuses, and fails where it is told to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]

# What each method takes; Slack passes over others, a test would rather know.
_TAKEN = {
    "auth.test": set[str](),
    "conversations.list": {"cursor", "limit", "types", "exclude_archived"},
    "conversations.history": {"channel", "cursor", "limit", "oldest", "latest", "inclusive"},
    "oauth.v2.access": {"client_id", "client_secret", "code", "redirect_uri", "grant_type", "refresh_token"},
}
_KINDS = {
    "public_channel": "channels",
    "private_channel": "groups",
    "mpim": "mpim",
    "im": "im",
}
_TS = re.compile(r"[0-9]{10}\.[0-9]{6}", re.ASCII)
_MOST = 999


@dataclass(frozen=True)
class Call:
    """One request: its method, its arguments, and the token of its Authorization header."""

    method: str
    arguments: Mapping[str, str]
    token: str | None


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def answered(**members: Any) -> Answer:
    """A body of JSON."""
    return Answer(json.dumps(members).encode(), headers={"content-type": "application/json; charset=utf-8"})


def refused(error: str, **members: Any) -> Answer:
    """Slack's way to say no: status 200."""
    return answered(ok=False, error=error, **members)


def limited(after_s: int) -> Answer:
    """Too many requests."""
    body = json.dumps({"ok": False, "error": "ratelimited"}).encode()
    return Answer(body, 429, {"retry-after": str(after_s), "content-type": "application/json"})


def web_page(status: int) -> Answer:
    """What a proxy on the way, or Slack on a bad day, answers."""
    return Answer(b"<html><body>Something is up</body></html>", status, {"content-type": "text/html"})


def message(number: int, **members: Any) -> Json:
    """Message `number`, a minute after the one before."""
    seconds = 1_700_000_000 + 60 * number
    return {"type": "message", "user": "U1", "text": f"message {number}", "ts": f"{seconds}.{number:06d}", **members}


def channel(id_: str, name: str, kind: str = "public_channel", **members: Any) -> Json:
    """A conversation; `kind` is one of conversations.list's types."""
    flags = {"is_private": kind != "public_channel", "is_im": kind == "im", "is_mpim": kind == "mpim"}
    named = {"user": name} if kind == "im" else {"name": name}
    return {"id": id_, "is_channel": kind.endswith("channel"), "is_archived": False, **named, **flags, **members}


@dataclass
class Workspace:
    """`rule` may answer a call in place of the workspace; what was asked is in `calls`.

    `page_size` is the most that a page has, whatever is asked for. `scopes` are the kinds of conversations that
    the token may read.
    """

    token: str = "xoxp-planted-token"
    conversations: Sequence[Json] = ()
    history: Mapping[str, Sequence[Json]] = field(default_factory=dict[str, Sequence[Json]])
    page_size: int = 100
    scopes: frozenset[str] = frozenset(_KINDS.values())
    rule: Callable[[Call], Answer | None] = lambda call: None
    grant: Json = field(default_factory=dict[str, Any])
    url: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    _cursors: dict[str, tuple[Mapping[str, str], int]] = field(default_factory=dict[str, Any])

    def asked(self, method: str) -> list[Mapping[str, str]]:
        """The arguments of every call of the method."""
        return [call.arguments for call in self.calls if call.method == method]

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.rule(call) or self._own(call)

    def _own(self, call: Call) -> Answer:
        if call.method not in _TAKEN:
            return refused("unknown_method", req_method=call.method)
        if strange := call.arguments.keys() - _TAKEN[call.method]:
            return refused("invalid_arguments", response_metadata={"messages": sorted(strange)})
        if call.method == "oauth.v2.access":
            return answered(ok=True, **self.grant) if self.grant else refused("invalid_code")
        if call.token is None:
            return refused("not_authed")
        if call.token != self.token:
            return refused("invalid_auth")
        if call.method == "auth.test":
            return answered(ok=True, url=f"{self.url}/", team="acme", user="ann", team_id="T1", user_id="U1")
        return self._list(call) if call.method == "conversations.list" else self._history(call)

    def _list(self, call: Call) -> Answer:
        kinds = call.arguments.get("types", "public_channel").split(",")
        if not set(kinds) <= _KINDS.keys():
            return refused("invalid_types")
        if missing := sorted(_KINDS[kind] for kind in kinds if _KINDS[kind] not in self.scopes):
            needed = f"{missing[0]}:read"
            return refused("missing_scope", needed=needed, provided=",".join(f"{one}:read" for one in self.scopes))
        found = [each for each in self.conversations if _kind(each) in kinds]
        return self._page(call, "channels", found)

    def _history(self, call: Call) -> Answer:
        given = call.arguments
        if given.get("channel") not in self.history:
            return refused("channel_not_found")
        for name in ("latest", "oldest"):
            if name in given and not _TS.fullmatch(given[name]):
                return refused(f"invalid_ts_{name}")
        is_inclusive = given.get("inclusive") in {"true", "1"}
        found = [each for each in self.history[given["channel"]] if _within(each["ts"], given, is_inclusive)]
        newest_first = sorted(found, key=lambda each: each["ts"], reverse=True)
        return self._page(call, "messages", newest_first)

    def _page(self, call: Call, member: str, found: Sequence[Json]) -> Answer:
        given = {name: value for name, value in call.arguments.items() if name != "cursor"}
        limit = given.get("limit", "100")
        if not limit.isascii() or not limit.isdigit() or not 0 < int(limit) <= _MOST:
            return refused("invalid_limit")
        cursor = call.arguments.get("cursor", "")
        start_of, start = self._cursors.get(cursor, (given, 0)) if cursor else (given, 0)
        if cursor and (cursor not in self._cursors or start_of != given):
            return refused("invalid_cursor")
        end = start + min(int(limit), self.page_size)
        following = ""
        if end < len(found):
            following = f"dGVhbTpDM{end}="
            self._cursors[following] = (given, end)
        more = {"has_more": bool(following)} if member == "messages" else {}
        # A history's last page has no response_metadata at all, a list's has an empty cursor.
        is_bare = member == "messages" and not following
        metadata = {} if is_bare else {"response_metadata": {"next_cursor": following}}
        return answered(ok=True, **{member: found[start:end]}, **more, **metadata)


def _kind(conversation: Json) -> str:
    if conversation["is_im"] or conversation["is_mpim"]:
        return "im" if conversation["is_im"] else "mpim"
    return "private_channel" if conversation["is_private"] else "public_channel"


def _within(ts: str, given: Mapping[str, str], is_inclusive: bool) -> bool:
    oldest, latest = given.get("oldest", ""), given.get("latest", "9999999999.999999")
    return oldest <= ts <= latest if is_inclusive else oldest < ts < latest


def _handler(workspace: Workspace) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body go out together: apart, the second waits for the first one's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: object) -> None:
            return

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            parts = urlsplit(self.path)
            header = self.headers.get("authorization") or ""
            call = Call(
                parts.path.removeprefix("/api/"),
                dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)),
                header.removeprefix("Bearer ") if header.startswith("Bearer ") else None,
            )
            answer = workspace.answer(call)
            self.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    return Handler


@contextmanager
def serving(workspace: Workspace) -> Generator[Workspace]:
    """Serve until the block ends; the workspace's `url` is what a profile's instanceUrl is."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(workspace))
    listening.daemon_threads = True
    workspace.url = f"http://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield workspace
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
