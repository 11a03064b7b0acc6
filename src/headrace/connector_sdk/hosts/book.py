"""Which host answers for which lambdaArn."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.connector_sdk.hosts import LAMBDA_PAYLOAD_BYTES, Bounds, Host, OnLine
from headrace.connector_sdk.hosts.aws_lambda import LambdaHost
from headrace.connector_sdk.hosts.handed import Handed
from headrace.connector_sdk.hosts.http import HttpHost
from headrace.connector_sdk.hosts.process import Handler, ProcessHost
from headrace.errors import NotThere
from headrace.later import Later
from headrace.settings import Settings

if TYPE_CHECKING:
    from headrace.connector_sdk.hosts.adapters import host as adapter_host
    from headrace.connector_sdk.hosts.adapters import program, protocols
else:
    adapter_host = Later("headrace.connector_sdk.hosts.adapters.host")
    program = Later("headrace.connector_sdk.hosts.adapters.program")
    protocols = Later("headrace.connector_sdk.hosts.adapters.protocols")


@dataclass(frozen=True, slots=True)
class Http:
    """A connector that an HTTP endpoint answers for."""

    url: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """A program that speaks a protocol of its own: a Singer tap, or an Airbyte connector.

    `command` is its command line, `folder` where it runs. `manifest` is what it runs, where it runs YAML manifests;
    `configuration` a file of settings that every profile begins with.
    """

    protocol: Literal["singer", "airbyte"]
    command: tuple[str, ...]
    folder: Path
    manifest: Path | None = None
    configuration: Path | None = None


Place = Handler | Http | Adapter


class Hosts(Protocol):
    """From a lambdaArn to its host."""

    def host(self, lambda_arn: str) -> Host:
        """The host that answers for the ARN. Raises Stop where none does."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What hosts are given beside their place.

    `environment` is that of headrace; a handler's process gets it without what is headrace's own or AWS's, and
    with what `secrets` answers for its ARN: where to fetch its credentials, and the key to do it with. `secret` is
    what a connector of the first ARN may read at the second one, None: nothing.
    """

    settings: Settings
    environment: Mapping[str, str]
    now: Callable[[], datetime]
    on_line: Callable[[str], OnLine]
    secrets: Callable[[str], Mapping[str, str]]
    secret: Callable[[str, str], str | None] = lambda _, __: None


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

    def renew(self, lambda_arn: str) -> None:
        """Open the host anew when it is next asked for: its code may be another. Calls under way fail."""
        with self._lock:
            known = self._open.pop(lambda_arn, None)
        if known is not None:
            known[1].close()

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
        if isinstance(place, Adapter):
            return self._adapter(arn, place, bounds)
        endpoint = given.settings.lambda_endpoint
        if endpoint is None:
            raise NotThere(
                f"Nothing here answers for {arn}. Host the connector with `headrace connectors host`, or set"
                " AWS_ENDPOINT_URL_LAMBDA to a server that speaks Lambda's Invoke, such as AWS's own"
                f" https://lambda.{arn.split(':')[3]}.amazonaws.com."
            )
        keys = AwsCredentials(given.environment).find
        return LambdaHost(arn, endpoint=endpoint, keys=keys, now=given.now, bounds=bounds)

    def _adapter(self, arn: str, place: Adapter, bounds: Bounds) -> Host:
        given, handed = self._given, Handed()
        say = given.on_line(arn)
        surroundings = program.Surroundings(
            folder=place.folder,
            environment=of_the_connector(given.environment),
            bounds=bounds,
            scratch=given.settings.data / "scratch" / "connectors",
            on_line=lambda line, request: say(handed.hide(line), request),
        )
        return adapter_host.AdapterHost(
            adapter_host.Adapted(
                place.command,
                protocols.protocol_of(place.protocol, place.command, place.manifest, surroundings),
                surroundings,
                place.configuration,
                secret=lambda secret_arn: given.secret(arn, secret_arn),
                handed=handed,
            )
        )


def _optional(path: str | None) -> Path | None:
    return None if path is None else Path(path)


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
    if "protocol" in document:
        return Adapter(
            "airbyte" if document["protocol"] == "airbyte" else "singer",
            tuple(shlex.split(document["command"])),
            Path(document["folder"]),
            _optional(document.get("manifest")),
            _optional(document.get("configuration")),
        )
    return Handler(document["handler"], document["python"], Path(document["folder"]))


def to_document(place: Place) -> dict[str, str]:
    """The place as the store keeps it."""
    if isinstance(place, Http):
        return {"url": place.url}
    if isinstance(place, Adapter):
        files = {"manifest": place.manifest, "configuration": place.configuration}
        return {
            "protocol": place.protocol,
            "command": shlex.join(place.command),
            "folder": str(place.folder),
            **{name: str(path) for name, path in files.items() if path is not None},
        }
    return {"handler": place.name, "python": place.python, "folder": str(place.folder)}
