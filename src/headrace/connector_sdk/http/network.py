"""Requests over the network, each within bounds; what goes wrong on the way is Retry or Stop."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from headrace.connector_sdk.http.cutting import Connected
from headrace.connector_sdk.http.messages import Answer, Request
from headrace.errors import Retry, Stop
from headrace.later import Later

if TYPE_CHECKING:
    from http import cookiejar

    import httpx
else:
    cookiejar, httpx = Later("http.cookiejar"), Later("httpx")

MIB = 1024 * 1024
_HURRIED_CONNECT_S = 5.0
LOST = "Whether the request was carried out is unknown; sent again, it might be carried out twice."


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may take, the times in seconds; `idle_s` is the longest silence while an answer comes."""

    connect_s: float = 10.0
    idle_s: float = 60.0
    whole_s: float = 300.0
    answer_bytes: int = 64 * MIB

    def within(self, left_s: float) -> Bounds:
        """The same, for a request that somebody waits for who has only so long."""
        # Not zero, which would be told as such; and time to ask again where nobody takes the connection.
        left_s = max(round(left_s, 1), 0.1)
        return replace(
            self,
            connect_s=min(self.connect_s, _HURRIED_CONNECT_S, left_s),
            idle_s=min(self.idle_s, left_s),
            whole_s=min(self.whole_s, left_s),
        )


USUAL_BOUNDS = Bounds()


class Network:
    """Sends single requests. Cookies are the caller's: connections of different profiles share nothing else."""

    def __init__(self, transport: httpx.BaseTransport | None, monotonic: Callable[[], float]) -> None:
        """`transport` None: the network."""
        self._transport = transport
        self._monotonic = monotonic
        self._connected = Connected()

    @cached_property
    def _client(self) -> httpx.Client:
        # Made when it is first used: it reads the machine's certificates.
        client = httpx.Client(transport=self._transport, headers={"user-agent": "headrace"})
        client.cookies.jar.set_policy(cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return client

    def close(self) -> None:
        """Close the connections, also those on which an answer is waited for."""
        self._connected.cut()
        if "_client" in self.__dict__:
            self._client.close()

    def exchange(self, request: Request, cookies: httpx.Cookies, bounds: Bounds) -> Answer:
        """The answer, whatever its status. Raises Retry where no whole one came, Stop where none can."""
        with _failures(request, bounds):
            timeout = httpx.Timeout(bounds.idle_s, connect=bounds.connect_s)
            sent = self._client.build_request(
                request.method,
                request.url,
                headers=dict(request.headers),
                content=request.body,
                timeout=timeout,
                extensions=self._connected.extensions,
            )
            cookies.set_cookie_header(sent)
            until = self._monotonic() + bounds.whole_s
            response = self._client.send(sent, stream=True, auth=None, follow_redirects=False)
            try:
                cookies.extract_cookies(response)
                body = self._whole(request, response, until, bounds)
            finally:
                response.close()
        return Answer(response.status_code, response.headers, body, request.url, request.where)

    def _whole(self, request: Request, response: httpx.Response, until: float, bounds: Bounds) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > bounds.answer_bytes:
                raise Stop(
                    f"{request.where} answered more than the {bounds.answer_bytes} bytes that are allowed."
                    " Ask for smaller pages."
                )
            if self._monotonic() > until:
                raise Retry(f"{request.where} did not answer whole within {bounds.whole_s:g} s.")
        return b"".join(parts)


@contextmanager
def _failures(request: Request, bounds: Bounds) -> Generator[None]:
    """What goes wrong on the way, as Retry or Stop."""
    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout):
        raise Retry(f"{request.where} could not be connected within {bounds.connect_s:g} s.") from None
    except httpx.ConnectError as error:
        raise Retry(f"{request.where} can't be reached: {error}.") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Stop(f"{request.where} is no URL that can be asked: {error}.") from None
    except httpx.TimeoutException:
        raise _lost(request, f"did not answer within {bounds.idle_s:g} s") from None
    except httpx.DecodingError as error:
        raise _lost(request, f"answered what its content-encoding can't be: {error}") from None
    except httpx.HTTPError as error:
        raise _lost(request, f"broke the connection: {error or type(error).__name__}") from None


def _lost(request: Request, what: str) -> Retry | Stop:
    message = f"{request.where} {what}."
    return Retry(message) if request.is_repeatable else Stop(f"{message} {LOST}")
