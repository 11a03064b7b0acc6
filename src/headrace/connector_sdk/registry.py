"""Which connectors there are; found by entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from headrace.connector_sdk.contract import FileDestination, FileSource
from headrace.connector_sdk.objects import Buckets
from headrace.log import Log, silent
from headrace.settings import Settings

GROUP = "headrace.connectors"
# Reached through a connector profile: which connector that is, is known when the profile is opened.
THROUGH_A_PROFILE = frozenset({"CustomConnector"})


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
    """The connectors of this headrace, by connectorType.

    `faults` says why a connector that is installed can't be used, by the name of its entry point.
    """

    def __init__(
        self, connectors: Iterable[Connector], buckets: Buckets, faults: Mapping[str, str] | None = None
    ) -> None:
        self._sources: dict[str, FileSource] = {}
        self._destinations: dict[str, FileDestination] = {}
        self.faults = faults or {}
        for connector in connectors:
            if connector.source:
                self._sources[connector.connector_type] = connector.source(buckets)
            if connector.destination:
                self._destinations[connector.connector_type] = connector.destination(buckets)

    @classmethod
    def load(cls, settings: Settings, log: Log | None = None, entries: Iterable[EntryPoint] | None = None) -> Registry:
        """All connectors that are installed, or those of `entries`.

        One that can't be loaded is left out with a line in the log: a package that is broken or
        made for another headrace must not take the flows of all others with it.
        """
        connectors: dict[str, Connector] = {}
        faults: dict[str, str] = {}
        for entry in entry_points(group=GROUP) if entries is None else entries:
            found = _loaded(entry)
            if isinstance(found, str):
                faults[entry.name] = found
            elif found.connector_type in connectors:
                faults[entry.name] = f"there is another connector of the type {found.connector_type}"
            else:
                connectors[found.connector_type] = found
        for name, reason in faults.items():
            (log or silent()).warning("connector not loaded", connector=name, reason=reason)
        return cls(connectors.values(), Buckets(settings), faults)

    def source(self, connector_type: str) -> FileSource:
        """The source of that type; ask `missing` first. Raises KeyError."""
        return self._sources[connector_type]

    def destination(self, connector_type: str) -> FileDestination:
        """The destination of that type; ask `missing` first. Raises KeyError."""
        return self._destinations[connector_type]

    def missing(self, plan: _Plan) -> str | None:
        """A sentence for each connector of a plan that is not here; None: all are."""
        lacks: list[str] = []
        sources, destinations = self._sources.keys() | THROUGH_A_PROFILE, self._destinations.keys() | THROUGH_A_PROFILE
        if plan.source.connector_type not in sources:
            lacks.append(self._lack("source", plan.source.connector_type, sources))
        wanted = dict.fromkeys(destination.connector_type for destination in plan.destinations)
        lacks += [self._lack("destination", each, destinations) for each in wanted if each not in destinations]
        return " ".join(lacks) or None

    def _lack(self, side: str, connector_type: str, known: Iterable[str]) -> str:
        if connector_type in self.faults:
            reason = self.faults[connector_type]
            return f"The {side} connector {connector_type} is installed but could not be loaded: {reason}."
        return (
            f"The {side} connector {connector_type} is not available in this headrace, which has"
            f" {', '.join(sorted(known)) or 'none'}. The flow document itself is valid."
        )


def _loaded(entry: EntryPoint) -> Connector | str:
    """The connector, or why there is none."""
    try:
        found: object = entry.load()
    except Exception as error:  # Boundary: other people's code, which may raise anything
        return f"{entry.value} raised {type(error).__name__}: {error}"
    return found if isinstance(found, Connector) else f"{entry.value} is no Connector"
