"""Conversations with an application, recorded once and played back to a connector's tests without it.

with recording(PATH, secrets=credentials) as transport:     # once, against the application
    list(connector(Http(transport)).read(query))
with playing(PATH, secrets=made_up_credentials) as transport:   # in every test
    list(connector(Http(transport)).read(query))
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from difflib import SequenceMatcher, ndiff
from pathlib import Path
from typing import Any

import httpx

from headrace.connector_sdk.http.redaction import Hider

Json = dict[str, Any]

# Members of answers that hold secrets whoever asked could not know beforehand.
_GRANTED = re.compile(
    r'("(?:access_token|refresh_token|id_token|session_?[iI]d|client_secret|password)"\s*:\s*)"[^"]*"'
)
_KEPT_OF_REQUESTS = ("content-type", "accept", "prefer")
# Of answers; bodies are kept as they are after decoding.
_DROPPED = frozenset({"set-cookie", "content-encoding", "content-length", "transfer-encoding", "connection"})


@contextmanager
def recording(
    path: Path, *, secrets: Mapping[str, str], transport: httpx.BaseTransport | None = None
) -> Generator[httpx.BaseTransport]:
    """A transport that writes to the file, when the block ends well, what was asked and answered.

    `secrets` are credentials by name: the file has their names instead, in whatever form they were sent. Look
    through it before it is kept: data of an application may be as secret.
    """
    recorder = _Recorder(transport or httpx.HTTPTransport(), _Scrubber(secrets))
    with recorder:
        yield recorder
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(recorder.kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def playing(path: Path, *, secrets: Mapping[str, str]) -> Generator[httpx.BaseTransport]:
    """A transport that answers as recorded; the same request as often as it was recorded, each time what came then.

    Raises AssertionError for a request that was not recorded, showing the nearest that was, and when the block ends
    for those that never came. `secrets` may have other values than when it was recorded.
    """
    player = _Player(json.loads(path.read_text(encoding="utf-8")), _Scrubber(secrets), path.name)
    yield player
    player.check_played()


class _Scrubber:
    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._hiders = [Hider([value], hidden=f"<{name}>") for name, value in secrets.items() if value]

    def __call__(self, text: str) -> str:
        for hide in self._hiders:
            text = hide(text)
        return _GRANTED.sub(r'\1"<granted>"', text)

    def asked(self, request: httpx.Request) -> Json:
        """The request as it is kept and compared."""
        kept = {name: self(request.headers[name]) for name in _KEPT_OF_REQUESTS if name in request.headers}
        body = request.read().decode("utf-8", "backslashreplace")
        return {"method": request.method, "url": self(str(request.url)), "headers": kept, "body": self(body)}


class _Recorder(httpx.BaseTransport):
    def __init__(self, transport: httpx.BaseTransport, scrub: _Scrubber) -> None:
        self._transport = transport
        self._scrub = scrub
        self.kept: list[Json] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._transport.handle_request(request)
        content = response.read()
        headers = {name: self._scrub(value) for name, value in response.headers.items() if name not in _DROPPED}
        answered = {"status": response.status_code, "headers": headers, **_packed(content, self._scrub)}
        self.kept.append({"request": self._scrub.asked(request), "response": answered})
        # As decoded as it is kept, for whoever asked.
        plain = {name: value for name, value in response.headers.items() if name != "content-encoding"}
        return httpx.Response(response.status_code, headers=plain, content=content)

    def close(self) -> None:
        self._transport.close()


class _Player(httpx.BaseTransport):
    def __init__(self, kept: list[Json], scrub: _Scrubber, name: str) -> None:
        self._left = kept
        self._asked_before: list[Json] = []
        self._scrub = scrub
        self._name = name

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = self._scrub.asked(request)
        for place, each in enumerate(self._left):
            if each["request"] == asked:
                answered = self._left.pop(place)["response"]
                self._asked_before.append(asked)
                return httpx.Response(answered["status"], headers=answered["headers"], content=_unpacked(answered))
        raise AssertionError(self._unexpected(asked))

    def check_played(self) -> None:
        """Raises AssertionError where something recorded was not asked."""
        lines = [_line(each["request"]) for each in self._left]
        if lines:
            raise AssertionError(f"{self._name}: never asked: {'; '.join(lines)}")

    def _unexpected(self, asked: Json) -> str:
        if asked in self._asked_before:
            return f"{self._name}: asked more often than recorded: {_line(asked)}"
        lines = _lines(asked)
        known = [_lines(each) for each in (*(one["request"] for one in self._left), *self._asked_before)]
        nearest = max(known, key=lambda each: _likeness(each, lines), default=list[str]())
        shown = "\n".join(ndiff(nearest, lines))
        return f"{self._name} has no {_line(asked)}. The nearest that was recorded (-) and what was asked (+):\n{shown}"


def _likeness(some: list[str], others: list[str]) -> float:
    return SequenceMatcher(None, "\n".join(some), "\n".join(others)).ratio()


def _line(asked: Json) -> str:
    return f"{asked['method']} {asked['url']}"


def _lines(asked: Json) -> list[str]:
    return [_line(asked), *(f"{name}: {value}" for name, value in asked["headers"].items()), asked["body"]]


def _packed(content: bytes, scrub: _Scrubber) -> Json:
    try:
        return {"body": scrub(content.decode())}
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


def _unpacked(answered: Json) -> bytes:
    return b64decode(answered["base64"]) if "base64" in answered else answered["body"].encode()
