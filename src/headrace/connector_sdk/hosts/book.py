"""Which host answers for which lambdaArn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.connector_sdk.hosts import LAMBDA_PAYLOAD_BYTES, Bounds, Host, OnLine
from headrace.connector_sdk.hosts.aws_lambda import LambdaHost
from headrace.connector_sdk.hosts.http import HttpHost
from headrace.connector_sdk.hosts.process import Handler, ProcessHost
from headrace.errors import NotThere
from headrace.settings import Settings


@dataclass(frozen=True, slots=True)
class Http:
    """A connector that an HTTP endpoint answers for."""

    url: str


Place = Handler | Http


class Hosts(Protocol):
    """From a lambdaArn to its host."""

    def host(self, lambda_arn: str) -> Host:
        """The host that answers for the ARN. Raises Stop where none does."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What hosts are given beside their place.

    `environment` is that of headrace; a handler's process gets it without what is headrace's own or AWS's, and
    with what `secrets` answers for its ARN: where to fetch its credentials, and the key to do it with.
    """

    settings: Settings
    environment: Mapping[str, str]
    now: Callable[[], datetime]
    on_line: Callable[[str], OnLine]
    secrets: Callable[[str], Mapping[str, str]]


class HostBook:
    """Opens each host once and keeps it; `find` says where a connector is hosted, None: nowhere here."""

    def __init__(self, find: Callable[[str], Place | None], surroundings: Surroundings) -> None:
        self._find = find
        self._given = surroundings
        self._lock = threading.Lock()
        self._open: dict[str, tuple[Place | None, Host]] = {}

    def host(self, lambda_arn: str) -> Host:
        """See Hosts. A host whose place has changed is opened anew."""
        place = self._find(lambda_arn)
        with self._lock:
            known = self._open.get(lambda_arn)
            if known is not None and known[0] == place:
                return known[1]
            host = self._opened(lambda_arn, place)
            self._open[lambda_arn] = (place, host)
        if known is not None:
            known[1].close()
        return host

    def close(self) -> None:
        """End every host."""
        with self._lock:
            hosts = [host for _, host in self._open.values()]
            self._open.clear()
        for host in hosts:
            host.close()

    def _opened(self, arn: str, place: Place | None) -> Host:
        given, bounds = self._given, bounds_of(self._given.settings)
        if isinstance(place, Handler):
            own = {**of_the_connector(given.environment), **given.secrets(arn)}
            return ProcessHost(place, environment=own, bounds=bounds, on_line=given.on_line(arn))
        if isinstance(place, Http):
            return HttpHost(place.url, bounds=bounds)
        endpoint = given.settings.lambda_endpoint
        if endpoint is None:
            raise NotThere(
                f"Nothing here answers for {arn}. Host the connector with `headrace connectors host`, or set"
                " AWS_ENDPOINT_URL_LAMBDA to a server that speaks Lambda's Invoke, such as AWS's own"
                f" https://lambda.{arn.split(':')[3]}.amazonaws.com."
            )
        keys = AwsCredentials(given.environment).find
        return LambdaHost(arn, endpoint=endpoint, keys=keys, now=given.now, bounds=bounds)


def bounds_of(settings: Settings) -> Bounds:
    """What the settings allow a connector's call to take."""
    usual = Bounds(timeout_s=settings.connector_timeout_s, memory_bytes=settings.connector_memory_bytes)
    if settings.limits != "aws":
        return usual
    return Bounds(usual.timeout_s, usual.memory_bytes, LAMBDA_PAYLOAD_BYTES, LAMBDA_PAYLOAD_BYTES)


def of_the_connector(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment that a connector's process may see: nobody's keys, nothing of headrace's."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "HEADRACE_"))}


def place_of(document: Mapping[str, str]) -> Place:
    """The place that `to_document` wrote."""
    if "url" in document:
        return Http(document["url"])
    return Handler(document["handler"], document["python"], Path(document["folder"]))


def to_document(place: Place) -> dict[str, str]:
    """The place as the store keeps it."""
    if isinstance(place, Http):
        return {"url": place.url}
    return {"handler": place.name, "python": place.python, "folder": str(place.folder)}
