"""httpx behind the seam: for AsyncClient, for proxies, and for transports that a caller gives."""

from __future__ import annotations

import ssl

import httpx

from headrace.client.errors import ConnectionFailed, TimedOut, UnreadableAnswer
from headrace.client.transport import Reply, Request, Timeouts

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class OnHttpx:
    """httpx for threads; without a transport of the caller's, by the proxies that the environment names."""

    def __init__(self, transport: httpx.BaseTransport | None, timeouts: Timeouts, bundle: str | None) -> None:
        self._client = httpx.Client(transport=transport, timeout=_timeout(timeouts), verify=_verify(bundle))

    def send(self, request: Request) -> Reply:
        """The answer; raises ConnectionFailed, UnreadableAnswer."""
        try:
            return _reply(self._client.send(_request(request, self._client.timeout)))
        except httpx.HTTPError as error:
            raise _failure(error, request) from error

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()


class OnHttpxAsync:
    """httpx for coroutines; without a transport of the caller's, by the proxies that the environment names."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None, timeouts: Timeouts, bundle: str | None) -> None:
        self._client = httpx.AsyncClient(transport=transport, timeout=_timeout(timeouts), verify=_verify(bundle))

    async def send(self, request: Request) -> Reply:
        """The answer; raises ConnectionFailed, UnreadableAnswer."""
        try:
            return _reply(await self._client.send(_request(request, self._client.timeout)))
        except httpx.HTTPError as error:
            raise _failure(error, request) from error

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.aclose()


def _timeout(timeouts: Timeouts) -> httpx.Timeout:
    return httpx.Timeout(timeouts.read_s, connect=timeouts.connect_s)


def _verify(bundle: str | None) -> ssl.SSLContext | bool:
    return True if bundle is None else ssl.create_default_context(cafile=bundle)


def _request(request: Request, timeout: httpx.Timeout) -> httpx.Request:
    extensions = {"timeout": timeout.as_dict()}
    headers = dict(request.headers)
    return httpx.Request(request.method, request.url, headers=headers, content=request.body, extensions=extensions)


def _reply(response: httpx.Response) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


def _failure(error: httpx.HTTPError, request: Request) -> ConnectionFailed | UnreadableAnswer:
    was_sent = not isinstance(error, _NOT_SENT)
    kind = TimedOut if isinstance(error, httpx.TimeoutException) else ConnectionFailed
    where = httpx.URL(request.url).netloc.decode("ascii")
    said = str(error) or type(error).__name__
    if kind is TimedOut:
        return TimedOut(f"{where} gave no {'answer' if was_sent else 'connection'} in time: {said}", was_sent=was_sent)
    if was_sent:
        return ConnectionFailed(f"The connection to {where} broke: {said}", was_sent=True)
    return ConnectionFailed(
        f"Nothing answers at {where}: {said}. Is it running, and is the address right?", was_sent=False
    )
