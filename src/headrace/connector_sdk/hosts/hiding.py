"""Keeps the secrets that connectors were handed out of what they say: their errors and their log lines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from headrace.connector_sdk.hosts import Host, Request
from headrace.connector_sdk.hosts.book import Hosts
from headrace.errors import ConnectorError

_HIDDEN = "[redacted]"
# Shorter values would take ordinary words out of sentences.
_SHORTEST = 6
_SPOKEN = ("errorDetails", "errorsByInputField")


class Handed:
    """The values that were handed out since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: tuple[str, ...] = ()

    def add(self, values: Iterable[str]) -> None:
        """Hide these values from now on."""
        new = {value for value in values if len(value) >= _SHORTEST}
        with self._lock:
            if not new <= set(self._values):
                # The longest first: one may be a part of another.
                self._values = tuple(sorted(new | set(self._values), key=len, reverse=True))

    def hide(self, text: str) -> str:
        """The text without any of the values."""
        for value in self._values:
            text = text.replace(value, _HIDDEN)
        return text


class HidingHosts:
    """See Hosts; what a connector answers as data is passed on as it is."""

    def __init__(self, hosts: Hosts, hide: Callable[[str], str]) -> None:
        self._hosts = hosts
        self._hide = hide

    def host(self, lambda_arn: str) -> Host:
        """See Hosts."""
        return _HidingHost(self._hosts.host(lambda_arn), self._hide)


class _HidingHost:
    def __init__(self, host: Host, hide: Callable[[str], str]) -> None:
        self._host = host
        self._hide = hide

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        """See Host."""
        try:
            answer = self._host.invoke(request, batch_key=batch_key)
        except ConnectorError as error:
            error.args = (self._hide(error.message),)
            raise
        if not isinstance(answer, dict):
            return answer
        given = cast("dict[str, Any]", answer)
        return given | {name: _hidden(given[name], self._hide) for name in _SPOKEN if name in given}

    def close(self) -> None:
        """See Host."""
        self._host.close()


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {name: _hidden(member, hide) for name, member in members.items()}
    return [_hidden(each, hide) for each in cast("list[Any]", value)] if isinstance(value, list) else value
