"""The owner's actions over HTTP: for whoever can read the file in the data folder that names their token."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

from headrace.errors import AccessDeniedException, ValidationException
from headrace.model.json_text import parse
from headrace.model.shapes import Document
from headrace.operations.connector_calls import told
from headrace.wire.bodies import Patience
from headrace.wire.calls import Call
from headrace.wire.replies import Reply

_FILE = "serving.json"
_PREFIX = b"/headrace/v1/owner/"
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a headrace answers its owner, and the token that it knows the owner by."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def new(cls, url: str) -> Self:
        """With a token of its own."""
        return cls(url, secrets.token_urlsafe(32))

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """What the headrace of this data folder wrote down; None: none did."""
        try:
            found = json.loads((data / _FILE).read_bytes())
            return cls(str(found["url"]), str(found["token"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, data: Path) -> None:
        """Write it down, for nobody but this user to read."""
        path = data / _FILE
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"url": self.url, "token": self.token}, file)

    @staticmethod
    def remove(data: Path) -> None:
        """Nobody answers here any more."""
        (data / _FILE).unlink(missing_ok=True)


class OwnerApi:
    """Answers the owner's requests: POST /headrace/v1/owner/ACTION with the token as bearer."""

    def __init__(self, token: str, act: Callable[[str, Document], _Json], body_limit_bytes: int) -> None:
        self._expected = f"Bearer {token}".encode()
        self._act = act
        self._body_limit_bytes = body_limit_bytes

    async def answer(self, call: Call, patience: Patience) -> Reply:
        """The reply. Raises what the action raises, and AccessDeniedException without the token."""
        action = call.raw_path.removeprefix(_PREFIX).decode("ascii", "backslashreplace")
        call.operation_name = f"owner: {action[:50]}"
        given = next((value for name, value in call.headers if name == b"authorization"), b"")
        if call.method != "POST" or not hmac.compare_digest(given, self._expected):
            raise AccessDeniedException(
                "These actions are for the owner of the data folder, by POST with the token in its serving.json."
            )
        request = parse(await call.body(self._body_limit_bytes, patience) or b"{}")
        if not isinstance(request, dict):
            raise ValidationException("The body must be a JSON object.")
        answer = await asyncio.to_thread(self._acted, action, cast("_Json", request))
        body = json.dumps(answer).encode()
        headers = [
            (b"x-amzn-RequestId", call.request_id.encode()),
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % len(body)),
        ]
        return Reply(200, headers, body)

    def _acted(self, action: str, request: Document) -> _Json:
        return told(lambda: self._act(action, request))


def is_for_owner(call: Call) -> bool:
    """Whether the request is one of the owner's."""
    return call.raw_path.startswith(_PREFIX)
