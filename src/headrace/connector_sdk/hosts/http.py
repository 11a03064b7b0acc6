"""A connector behind an HTTP endpoint: a request is posted as JSON, the answer is the body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.connector_sdk.hosts import Bounds, Request, client_context_headers
from headrace.connector_sdk.http.cutting import Connected
from headrace.connector_sdk.lambda_answers import NO_VALID_RESPONSE, spoken
from headrace.errors import Retry, Stop
from headrace.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

# Statuses of a server that is busy or failing for the moment.
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
# While a connection is being made it can't be given up sooner.
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Poster:
    """Posts bodies to one server, within bounds. Redirects are not followed: they would carry the body elsewhere."""

    def __init__(self, bounds: Bounds, transport: httpx.BaseTransport | None = None) -> None:
        self._bounds = bounds
        timeout = httpx.Timeout(bounds.timeout_s, connect=min(bounds.timeout_s, _CONNECT_S))
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, transport=transport)
        self._connected = Connected()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The reply, whatever its status. Raises Retry where none came, Stop for a body beyond the bounds."""
        if len(body) > self._bounds.request_bytes:
            raise Stop(f"The request takes {len(body)} bytes; at most {self._bounds.request_bytes} are allowed.")
        if self._client.is_closed:
            raise Retry(f"{url} is not asked any more: its host is stopping.")
        try:
            with self._client.stream(
                "POST", url, content=body, headers=dict(headers), extensions=self._connected.extensions
            ) as response:
                return Reply(response.status_code, dict(response.headers), self._read(url, response))
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Retry(f"{url} could not be connected within {_CONNECT_S:g} s.") from None
        except httpx.TimeoutException:
            raise Retry(
                f"{url} did not answer within {self._bounds.timeout_s:g} s (HEADRACE_CONNECTOR_TIMEOUT)."
            ) from None
        except httpx.InvalidURL as error:
            raise Stop(f"{url} is no URL: {error}.") from None
        except httpx.HTTPError as error:
            raise Retry(f"{url} can't be reached: {error}.") from None

    def close(self) -> None:
        """Let no call wait any longer."""
        self._connected.cut()
        self._client.close()

    def _read(self, url: str, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > self._bounds.answer_bytes:
                raise Stop(
                    f"{NO_VALID_RESPONSE} {url} answered more than the {self._bounds.answer_bytes} bytes that are"
                    " allowed. Let the connector answer smaller pages."
                )
        return b"".join(parts)


class HttpHost:
    """See Host."""

    def __init__(self, url: str, *, bounds: Bounds, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._poster = Poster(bounds, transport)

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        """See Host."""
        body = json.dumps(request).encode()
        headers = {"content-type": "application/json", **client_context_headers(batch_key)}
        reply = self._poster.post(self._url, body, headers)
        if reply.status == 200:
            return decoded(self._url, reply.body)
        raise unsuccessful(self._url, reply)

    def close(self) -> None:
        """See Host."""
        self._poster.close()


def decoded(where: str, body: bytes) -> object:
    """The JSON value of the body; Stop where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Stop(f"{NO_VALID_RESPONSE} {where} answered what is no JSON: {_start(body)}") from None


def unsuccessful(where: str, reply: Reply) -> Retry | Stop:
    """What a status other than success means."""
    if 300 <= reply.status < 400:
        return Stop(f"{where} answered a redirect, which is not followed. Give the URL that it leads to.")
    message = f"{where} answered status {reply.status}: {_start(reply.body)}"
    if reply.status in _AGAIN:
        after = reply.headers.get("retry-after", "")
        return Retry(message, after_s=float(after) if after.isascii() and after.isdigit() else None)
    return Stop(message)


def _start(body: bytes) -> str:
    return spoken(body[:200].decode("utf-8", "replace")) or "nothing"
