"""Signature Version 4 of a request.

Source: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from headrace.client.errors import NoCredentials
from headrace.client.transport import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "appflow"
# Proxies and the transport may change these on the way.
_UNSIGNED = frozenset({"accept-encoding", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"})
_PORTS = {"http": ":80", "https": ":443"}


class Credentials(NamedTuple):
    """One pair of keys; `session_token` where they are temporary."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r})"


def signed(
    request: Request, credentials: Credentials, *, region: str, now: datetime, service: str = _SERVICE
) -> Request:
    """The request with the headers that prove who sends it; `now` is aware, UTC. Path and query are encoded.

    Raises NoCredentials for a key or a token that no header can hold.
    """
    for name, text in (
        ("access key id", credentials.access_key_id),
        ("session token", credentials.session_token or ""),
    ):
        if not text.isascii() or not text.isprintable() or " " in text:
            raise NoCredentials(f"The {name} holds a blank, a line break or another sign that none has: set it again")
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {**request.headers, "host": host_of(request.url), "x-amz-date": stamp}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    covered = {name: " ".join(value.split()) for name, value in sorted(headers.items()) if name not in _UNSIGNED}
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = sha256(canonical(request, covered).encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    signature = hmac.digest(_key(credentials.secret_access_key, scope), to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{scope},"
        f" SignedHeaders={';'.join(covered)}, Signature={signature}"
    )
    return request._replace(headers=headers)


def canonical(request: Request, headers: Mapping[str, str]) -> str:
    """The request in the one form that both sides sign; `headers` are those covered, sorted."""
    parts = urlsplit(request.url)
    # Encoded once more than in the URL, as every service but S3 wants it.
    path = quote(_without_dots(parts.path), safe="/-_.~")
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    query = "&".join(f"{name}={value}" for name, _, value in sorted(pairs))
    lines = [request.method, path, query, *(f"{name}:{value}" for name, value in headers.items())]
    return "\n".join([*lines, "", ";".join(headers), sha256(request.body).hexdigest()])


def host_of(url: str) -> str:
    """The Host header of a URL: without the port that goes without saying."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2].removesuffix(_PORTS.get(parts.scheme, ""))


def _key(secret: str, scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    return f"/{'/'.join(kept)}{'/' if path.endswith('/') and kept else ''}"
