"""Which connectors there are; found by entry point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from headrace.connector_sdk.contract import FileDestination, FileSource
from headrace.connector_sdk.objects import Buckets
from headrace.settings import Settings

GROUP = "headrace.connectors"


@dataclass(frozen=True)
class Connector:
    """What a connector's module names `CONNECTOR`; None: it can't be used so."""

    connector_type: str
    source: Callable[[Buckets], FileSource] | None
    destination: Callable[[Buckets], FileDestination] | None


class _End(Protocol):
    @property
    def connector_type(self) -> str: ...


class _Plan(Protocol):
    @property
    def source(self) -> _End: ...

    @property
    def destinations(self) -> Sequence[_End]: ...


class Registry:
    """The connectors of this headrace, by connectorType."""

    def __init__(self, connectors: Sequence[Connector], buckets: Buckets) -> None:
        self._sources = {c.connector_type: c.source(buckets) for c in connectors if c.source}
        self._destinations = {c.connector_type: c.destination(buckets) for c in connectors if c.destination}

    @classmethod
    def load(cls, settings: Settings) -> Registry:
        """All connectors that are installed."""
        return cls([entry.load() for entry in entry_points(group=GROUP)], Buckets(settings))

    def source(self, connector_type: str) -> FileSource:
        """The source of that type; ask `missing` first. Raises KeyError."""
        return self._sources[connector_type]

    def destination(self, connector_type: str) -> FileDestination:
        """The destination of that type; ask `missing` first. Raises KeyError."""
        return self._destinations[connector_type]

    def missing(self, plan: _Plan) -> str | None:
        """A sentence that names the connectors of a plan that are not here; None: all are."""
        source = plan.source.connector_type
        lacks = [] if source in self._sources else [_lack("source", source, self._sources)]
        wanted = [destination.connector_type for destination in plan.destinations]
        lacks += [
            _lack("destination", type_, self._destinations) for type_ in wanted if type_ not in self._destinations
        ]
        return " ".join(lacks) or None


def _lack(side: str, connector_type: str, known: dict[str, FileSource] | dict[str, FileDestination]) -> str:
    return (
        f"The {side} connector {connector_type} is not available in this headrace, which has"
        f" {', '.join(sorted(known)) or 'none'}. The flow document itself is valid."
    )
