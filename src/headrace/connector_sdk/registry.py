"""Which connectors there are; found by entry point."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.catalog import CATALOG, Declared
from headrace.connector_sdk.contract import FileDestination, FileSource
from headrace.connector_sdk.objects import Buckets
from headrace.errors import SettingsError
from headrace.log import Log, silent
from headrace.settings import Settings

GROUP = "headrace.connectors"
# Whatever is registered: which connector that is, is known when its profile is opened.
_CUSTOM = frozenset({"CustomConnector"})


@dataclass(frozen=True)
class Connector:
    """What the module of a connector of files names `CONNECTOR`; None: it can't be used so."""

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

    `record_types` are those of records, which are opened through connector profiles. `faults` says why a connector
    that is installed can't be used, by the name of its entry point. `buckets` is where those of files keep them.
    """

    def __init__(
        self,
        connectors: Iterable[Connector | RecordConnectorType],
        buckets: Buckets,
        faults: Mapping[str, str] | None = None,
    ) -> None:
        self._sources: dict[str, FileSource] = {}
        self._destinations: dict[str, FileDestination] = {}
        self.record_types: dict[str, RecordConnectorType] = {}
        self.faults = faults or {}
        self.buckets = buckets
        for connector in connectors:
            if isinstance(connector, RecordConnectorType):
                self.record_types[connector.connector_type] = connector
                continue
            if connector.source:
                self._sources[connector.connector_type] = connector.source(buckets)
            if connector.destination:
                self._destinations[connector.connector_type] = connector.destination(buckets)

    @property
    def catalog(self) -> Mapping[str, Declared]:
        """What every connector type declares: as AppFlow's does, but for those that are here and say otherwise."""
        return {**CATALOG, **{name: found.declaration for name, found in self.record_types.items()}}

    @classmethod
    def load(
        cls,
        settings: Settings,
        log: Log | None = None,
        entries: Iterable[EntryPoint] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Registry:
        """All connectors that are installed, or those of `entries`; buckets are opened with the `environment`.

        One that can't be loaded is left out with a line in the log: a package that is broken or
        made for another headrace must not take the flows of all others with it. Raises SettingsError where
        HEADRACE_CONNECTOR_URLS names what is no connector type.
        """
        if unknown := sorted(settings.connector_urls.keys() - CATALOG.keys()):
            raise SettingsError(
                f"HEADRACE_CONNECTOR_URLS names {', '.join(unknown)}: allowed are {', '.join(CATALOG)}."
            )
        connectors: dict[str, Connector | RecordConnectorType] = {}
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
        return cls(connectors.values(), Buckets(settings, environment), faults)

    def source(self, connector_type: str) -> FileSource:
        """The source of that type; ask `missing` first. Raises KeyError."""
        return self._sources[connector_type]

    def destination(self, connector_type: str) -> FileDestination:
        """The destination of that type; ask `missing` first. Raises KeyError."""
        return self._destinations[connector_type]

    def missing(self, plan: _Plan) -> str | None:
        """A sentence for each connector of a plan that is not here; None: all are."""
        lacks: list[str] = []
        sources, destinations = self._known()
        if plan.source.connector_type not in sources:
            lacks.append(self._lack("source", plan.source.connector_type, sources))
        wanted = dict.fromkeys(destination.connector_type for destination in plan.destinations)
        lacks += [self._lack("destination", each, destinations) for each in wanted if each not in destinations]
        return " ".join(lacks) or None

    def _known(self) -> tuple[frozenset[str], frozenset[str]]:
        """The types that can be sources, and those that can be destinations."""
        declared = {name: found.declaration for name, found in self.record_types.items()}
        readable = {name for name, each in declared.items() if each.is_source}
        writable = {name for name, each in declared.items() if each.is_destination}
        return _CUSTOM.union(self._sources, readable), _CUSTOM.union(self._destinations, writable)

    def _lack(self, side: str, connector_type: str, known: Iterable[str]) -> str:
        if connector_type in self.faults:
            reason = self.faults[connector_type]
            return f"The {side} connector {connector_type} is installed but could not be loaded: {reason}."
        return (
            f"The {side} connector {connector_type} is not available in this headrace, which has"
            f" {', '.join(sorted(known)) or 'none'}. The flow document itself is valid."
        )


def _loaded(entry: EntryPoint) -> Connector | RecordConnectorType | str:
    """The connector, or why there is none."""
    try:
        found: object = entry.load()
    except Exception as error:  # Boundary: other people's code, which may raise anything
        return f"{entry.value} raised {type(error).__name__}: {error}"
    if not isinstance(found, Connector | RecordConnectorType):
        return f"{entry.value} is no Connector or RecordConnectorType"
    if isinstance(found, RecordConnectorType) and found.connector_type not in CATALOG:
        return f"{entry.value} is of {found.connector_type}, which is no connectorType of the API"
    return found
