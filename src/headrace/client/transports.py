"""Which transport a client uses: the one given, else sockets, or httpx where a proxy or coroutines ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from headrace.client.connections import Connections
from headrace.client.transport import AsyncTransport, Timeouts, Transport

if TYPE_CHECKING:
    import httpx


def transport_of(
    given: Transport | httpx.BaseTransport | None, url: str, timeouts: Timeouts, environment: Mapping[str, str]
) -> Transport:
    """The transport of a Client."""
    if given is None and not _has_proxy(url, environment):
        return Connections(timeouts, environment)
    if given is not None and not hasattr(given, "handle_request"):
        ours: Any = given
        return ours
    return import_module("headrace.client.on_httpx").OnHttpx(given, timeouts, environment.get("AWS_CA_BUNDLE"))


def async_transport_of(
    given: AsyncTransport | httpx.AsyncBaseTransport | None, timeouts: Timeouts, environment: Mapping[str, str]
) -> AsyncTransport:
    """The transport of an AsyncClient."""
    if given is not None and not hasattr(given, "handle_async_request"):
        ours: Any = given
        return ours
    return import_module("headrace.client.on_httpx").OnHttpxAsync(given, timeouts, environment.get("AWS_CA_BUNDLE"))


def _has_proxy(url: str, environment: Mapping[str, str]) -> bool:
    names = (f"{url.partition(':')[0]}_proxy", "all_proxy")
    return any(environment.get(name) or environment.get(name.upper()) for name in names)
