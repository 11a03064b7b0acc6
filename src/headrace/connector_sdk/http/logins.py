"""How requests prove who sends them, as data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json import dumps, loads
from typing import Any, Protocol
from urllib.parse import urlencode

from headrace.connector_sdk.http.messages import Answer, Request, with_query
from headrace.connector_sdk.templates import filled
from headrace.errors import Stop

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


@dataclass(frozen=True, slots=True)
class SignIn:
    """Credentials are exchanged for a session first, whose id goes along with every request after it.

    `url` and the members of `form`, or of the JSON object `json`, are templates. `session` is where the id lies in
    the answer's JSON, by names joined by dots; `headers` are templates in which {session} is it.
    """

    url: str
    session: str
    headers: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Mapping[str, str] = field(default_factory=dict[str, str])

    def asked(self, values: Values) -> Request:
        """What begins a session."""
        members = {name: filled(template, values) for name, template in {**self.form, **self.json}.items()}
        kind, body = "application/x-www-form-urlencoded", urlencode(members)
        if self.json:
            kind, body = "application/json", dumps(members)
        headers = {"content-type": kind, "accept": "application/json"}
        return Request("POST", filled(self.url, values), headers, body.encode())

    def found(self, answer: Answer) -> str:
        """The session's id. Raises Stop where the answer has none."""
        try:
            value: Any = loads(answer.body)
            for name in self.session.split("."):
                value = value[name]
        except (ValueError, KeyError, TypeError, RecursionError):
            value = None
        if not isinstance(value, str) or not value:
            raise Stop(f"{answer.where} answered no session {self.session!r}.")
        return value

    def signed(self, request: Request, values: Values) -> Request:
        """See Login; `values` have the session."""
        return _with_headers(request, {name: filled(template, values) for name, template in self.headers.items()})


def _with_headers(request: Request, headers: Mapping[str, str]) -> Request:
    return replace(request, headers={**request.headers, **headers})
