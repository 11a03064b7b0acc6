"""How requests prove who sends them, as data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from headrace.connector_sdk.http.messages import Request, with_query
from headrace.connector_sdk.templates import filled

# Profile properties and credentials, by the names they have in the connector profile.
Values = Mapping[str, str]


class Login(Protocol):
    """Adds to a request what proves who sends it."""

    def signed(self, request: Request, values: Values) -> Request:
        """The request with credentials. Raises Stop where one is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token, as OAuth 2 sends it."""

    token: str = "{accessToken}"  # noqa: S105 (a template)
    scheme: str = "Bearer"

    def signed(self, request: Request, values: Values) -> Request:
        """See Login."""
        return _with_headers(request, {"authorization": f"{self.scheme} {filled(self.token, values)}"})


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password."""

    user: str = "{username}"
    password: str = "{password}"  # noqa: S105 (a template)

    def signed(self, request: Request, values: Values) -> Request:
        """See Login."""
        pair = f"{filled(self.user, values)}:{filled(self.password, values)}"
        return _with_headers(request, {"authorization": f"Basic {b64encode(pair.encode()).decode()}"})


@dataclass(frozen=True, slots=True)
class Keys:
    """Headers and query parameters that are fixed texts or made of keys; none: no login at all."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    params: Mapping[str, str] = field(default_factory=dict[str, str])

    def signed(self, request: Request, values: Values) -> Request:
        """See Login."""
        params = {name: filled(template, values) for name, template in self.params.items()}
        headers = {name: filled(template, values) for name, template in self.headers.items()}
        return replace(_with_headers(request, headers), url=with_query(request.url, params))


def _with_headers(request: Request, headers: Mapping[str, str]) -> Request:
    return replace(request, headers={**request.headers, **headers})
