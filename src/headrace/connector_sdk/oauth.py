"""Tokens of OAuth 2: what is asked of a token endpoint, and what its answers mean.

Source: RFC 6749 (codes, refresh tokens, client credentials), RFC 7636 (PKCE), RFC 7523 (JWT bearer).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlsplit

from headrace.connector_sdk.http.redaction import Hider
from headrace.connector_sdk.token_style import TokenStyle
from headrace.errors import Refused, Retry, Stop
from headrace.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

TIMEOUT_S = 30.0
_LONGEST_ANSWER_BYTES = 1024 * 1024
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
# What RFC 6749 calls an error that other credentials may cure; some endpoints send it with status 200.
_TEMPORARY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """One application's token endpoint; `extra` goes along with every request."""

    url: str
    client_id: str | None
    client_secret: str | None = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    style: TokenStyle = field(default_factory=TokenStyle)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint answered; `lifetime_s` None: it didn't say how long the access token is good."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime_s: float | None


class TokenClient:
    """Asks token endpoints. Redirects are not followed: they would carry credentials elsewhere.

    Every method raises Refused where the credentials are refused, Retry where the endpoint is down, slow or busy,
    and Stop where its answer is of no use.
    """

    def __init__(self, connect: Callable[[], httpx.Client] | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        """`connect` is called when the first endpoint is asked: what it makes reads every certificate there is."""
        self._connect = connect
        self._timeout_s = timeout_s
        self._lock = Lock()
        self._http: httpx.Client | None = None

    def close(self) -> None:
        """End the connections."""
        with self._lock:
            if self._http is not None:
                self._http.close()

    @property
    def _client(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = (self._connect or httpx.Client)()
            return self._http

    def redeem(self, endpoint: TokenEndpoint, code: str, *, redirect_uri: str | None, verifier: str | None) -> Tokens:
        """Tokens for an authorization code; `verifier` is PKCE's."""
        form = {"grant_type": "authorization_code", "code": code}
        form |= {} if redirect_uri is None else {"redirect_uri": redirect_uri}
        form |= {} if verifier is None else {"code_verifier": verifier}
        return self._ask(endpoint, form)

    def refresh(self, endpoint: TokenEndpoint, refresh_token: str) -> Tokens:
        """New tokens; the refresh token of the answer is the old one where the endpoint sent none."""
        found = self._ask(endpoint, {"grant_type": "refresh_token", "refresh_token": refresh_token})
        return Tokens(found.access_token, found.refresh_token or refresh_token, found.lifetime_s)

    def client_credentials(self, endpoint: TokenEndpoint) -> Tokens:
        """Tokens for the client itself."""
        return self._ask(endpoint, {"grant_type": "client_credentials"})

    def jwt_bearer(self, endpoint: TokenEndpoint, assertion: str) -> Tokens:
        """Tokens for a signed JWT."""
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return self._ask(endpoint, form)

    def _ask(self, endpoint: TokenEndpoint, form: Mapping[str, str]) -> Tokens:
        style, headers = endpoint.style, {"accept": "application/json"}
        members = {**endpoint.extra, **form}
        if style.has_basic_header and endpoint.client_id is not None:
            headers["authorization"] = _basic(endpoint.client_id, endpoint.client_secret or "")
        else:
            members |= {} if endpoint.client_id is None else {"client_id": endpoint.client_id}
            members |= {} if endpoint.client_secret is None else {"client_secret": endpoint.client_secret}
        told = _Told(endpoint, [*members.values(), headers.get("authorization", "").partition(" ")[2]])
        status, answer_headers, body = self._exchange(endpoint, members, headers, told)
        return _tokens(status, answer_headers, body, told, style.within)

    def _exchange(
        self, endpoint: TokenEndpoint, members: Mapping[str, str], headers: Mapping[str, str], told: _Told
    ) -> tuple[int, Mapping[str, str], bytes]:
        how: dict[str, Any] = {"data": members}
        if endpoint.style.method == "GET":
            how = {"params": members}
        elif endpoint.style.is_json:
            how = {"json": members}
        until = monotonic() + self._timeout_s
        try:
            client = self._client
            request = client.build_request(
                endpoint.style.method, endpoint.url, headers=dict(headers), timeout=self._timeout_s, **how
            )
            response = client.send(request, stream=True, follow_redirects=False)
            try:
                return response.status_code, response.headers, self._body(response, until, told)
            finally:
                response.close()
        except httpx.TimeoutException:
            raise self._slow(told) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Stop(told(f"is no URL that can be asked: {error}")) from None
        except httpx.HTTPError as error:
            raise Retry(told(f"can't be reached: {error or type(error).__name__}")) from None

    def _body(self, response: httpx.Response, until: float, told: _Told) -> bytes:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > _LONGEST_ANSWER_BYTES:
                raise Stop(told("answered more than 1 MiB, which no token takes"))
            if monotonic() > until:
                raise self._slow(told)
        return bytes(body)

    def _slow(self, told: _Told) -> Retry:
        return Retry(told(f"did not answer within {self._timeout_s:g} s"))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The URL with a profile property in place of each `{{name}}`. Raises Stop, naming every one that is missing."""
    missing = sorted({name for name in _VARIABLE.findall(template) if not values.get(name)})
    if missing:
        raise Stop(f"The URL {template} needs {', '.join(missing)}: give it as a profile property.")
    url = _VARIABLE.sub(lambda found: values[found.group(1)], template)
    if not _is_url(url):
        raise Stop(f"{url!r} is no URL that begins with http:// or https://.")
    return url


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isprintable() and " " not in text


class _Told:
    """Sentences about an endpoint, without anything secret that was sent to it."""

    def __init__(self, endpoint: TokenEndpoint, sent: Iterable[str]) -> None:
        parts = urlsplit(endpoint.url)
        # What the endpoint sends back of a request is no news to a log, and credentials are part of a request.
        known = {endpoint.client_id, "authorization_code", "refresh_token", "client_credentials"}
        self._hide = Hider(text for text in sent if text not in known)
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __call__(self, what: str) -> str:
        return f"The token endpoint {self._where} {self._hide(what)}."

    def start(self, body: bytes) -> str:
        """How an answer begins, in one line."""
        return " ".join(body[:400].decode("utf-8", "replace").split())[:200] or "nothing"


def _tokens(status: int, headers: Mapping[str, str], body: bytes, told: _Told, within: str | None) -> Tokens:
    if 300 <= status < 400:
        raise Stop(told("answered a redirect, which is not followed: give the URL that it leads to"))
    answer = _parsed(body)
    if status in _AGAIN:
        after = headers.get("retry-after", "")
        after_s = float(after) if after.isascii() and after.isdigit() else None
        raise Retry(told(f"answered status {status}: {_words(answer, body, told)}"), after_s=after_s)
    if answer is None:
        kind = headers.get("content-type", "").partition(";")[0].strip() or "no content type"
        raise Stop(told(f"answered status {status} with {kind}, which is no JSON object: {told.start(body)}"))
    if status >= 400 or "error" in answer:
        raise _refusal(status, answer, body, told)
    inner = cast("object", answer.get(within)) if within is not None else None
    if isinstance(inner, Mapping) and "access_token" in inner:
        answer = cast("Mapping[str, Any]", inner)
    return _granted(answer, told)


def _refusal(status: int, answer: Mapping[str, Any], body: bytes, told: _Told) -> Retry | Stop:
    words = _words(answer, body, told)
    if answer.get("error") in _TEMPORARY:
        return Retry(told(f"answered status {status}: {words}"))
    if status in {200, 400, 401, 403}:
        return Refused(told(f"refused the credentials (status {status}): {words}"))
    return Stop(told(f"answered status {status} (is the URL right?): {words}"))


def _granted(answer: Mapping[str, Any], told: _Told) -> Tokens:
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise Stop(told(f"answered no access_token, only {', '.join(sorted(answer)) or 'an empty object'}"))
    return Tokens(access, refresh if isinstance(refresh, str) and refresh else None, _seconds(answer.get("expires_in")))


def _seconds(given: object) -> float | None:
    """The lifetime; some endpoints send it as text. None for what is no time that can be."""
    try:
        seconds = float(given) if isinstance(given, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < 10**9 else None


def _parsed(body: bytes) -> Mapping[str, Any] | None:
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", answer) if isinstance(answer, dict) else None


def _words(answer: Mapping[str, Any] | None, body: bytes, told: _Told) -> str:
    """The endpoint's own words."""
    if answer is None:
        return told.start(body)
    said = [answer.get(name) for name in ("error", "error_description", "message")]
    return ": ".join(" ".join(text.split())[:500] for text in said if isinstance(text, str) and text) or told.start(
        body
    )


def _basic(client_id: str, client_secret: str) -> str:
    # RFC 6749 §2.3.1: both are form-encoded first.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"
