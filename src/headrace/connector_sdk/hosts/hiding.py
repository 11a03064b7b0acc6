"""Keeps the secrets that connectors were handed out of what they say: their errors and their log lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from headrace.connector_sdk.hosts import Host, Request, Streaming
from headrace.connector_sdk.hosts.book import Hosts
from headrace.errors import ConnectorError

# Members that hold a connector's words.
_SPOKEN = ("errorDetails", "errorsByInputField", "writeRecordResults")


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

    def leave(self, token: str) -> None:
        """See Streaming."""
        if isinstance(self._host, Streaming):
            self._host.leave(token)

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
