"""What is sent and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its URL is whole and encoded.

    `is_repeatable`: sent twice, it does what it does once. Reading always is; of a request that is not, a lost
    answer ends the execution, since nobody can know what became of it. Answers of the statuses `accepted` are no
    errors, unless they ask to try again or refuse the credentials.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | None = field(default=None, repr=False)
    is_repeatable: bool = True
    accepted: frozenset[int] = frozenset()

    @property
    def where(self) -> str:
        """How errors name it: without the query, which may hold secrets."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole; the names of the headers are in lower case. `url` is what was asked in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    where: str

    @property
    def kind(self) -> str:
        """The media type, without its parameters; empty where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def start(self) -> str:
        """How the body begins, on one line."""
        return " ".join(self.body[:600].decode("utf-8", "replace").split())[:300] or "nothing"


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: where credentials of a URL may go."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def with_query(url: str, params: Mapping[str, str]) -> str:
    """The URL with the parameters added; a blank becomes %20, which every server reads as one."""
    if not params:
        return url
    query = "&".join(f"{quote(name, safe='$[]')}={quote(value, safe='')}" for name, value in params.items())
    return f"{url}{'&' if '?' in url else '?'}{query}"
