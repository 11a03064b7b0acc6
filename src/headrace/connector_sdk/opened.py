"""An opened connector of records: what its author need not write."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.metadata_cache import Key, Kind, MetadataCache
from headrace.connector_sdk.records import Batch, Connection, Page, Query, RecordConnector, Rejection, Side
from headrace.errors import Refused

T = TypeVar("T")

# How long AppFlow keeps what a connector says of its entities.
KEPT_S = 3600.0


class Kept:
    """What is kept of one connection's application, for an hour."""

    def __init__(self, connection: Connection, cache: MetadataCache) -> None:
        self._connection = connection
        self._cache = cache
        self._origin: Hashable = (connection.secret_arn, *sorted(connection.properties.items()))

    def __call__(self, kind: Kind, name: str | None, api_version: str | None, ask: Callable[[], T]) -> T:
        """The kept answer, or that of `ask`."""
        held = self._connection
        key = Key(
            held.account, held.region, held.profile_name, kind, name, api_version, self._origin, held.connector_type
        )
        return self._cache.get(key, lambda: (ask(), KEPT_S))


class OpenedConnector:
    """One connector profile of a built-in connector; see RecordConnector.

    What the application says of its entities is kept, and when it refuses the credentials the call is made once
    more with new tokens, where there are any to be had.
    """

    def __init__(self, kind: RecordConnectorType, connection: Connection, outside: Outside, kept: Kept) -> None:
        self._kind = kind
        self._outside = outside
        self._kept = kept
        self._connector: RecordConnector = kind.open(connection, outside)

    @property
    def batch_size(self) -> int:
        """See RecordDestination."""
        return self._connector.batch_size

    def group(self, path: str | None) -> str:
        """See Opened."""
        return self._kind.group(path)

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource. With new tokens the reading goes on after the last page."""
        is_renewed = False
        while True:
            try:
                for page in self._connector.read(query):
                    is_renewed = False
                    if page.position is not None:
                        query = replace(query, after=page.position)
                    yield page
            except Refused:
                if is_renewed or not self._renewed():
                    raise
                is_renewed = True
            else:
                return

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination."""
        return self._asked(lambda connector: connector.write(batch))

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog; from the cache where it holds."""

        def ask() -> tuple[Mapping[str, Any], ...]:
            return self._asked(lambda connector: tuple(connector.entities(path, api_version=api_version)))

        return self._kept("entities", path, api_version, ask)

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog; from the cache where it holds."""

        def ask() -> tuple[Mapping[str, Any], ...]:
            return self._asked(lambda connector: tuple(connector.describe(entity, api_version=api_version)))

        return self._kept("entity", entity, api_version, ask)

    def check(self) -> None:
        """See RecordConnector."""
        self._asked(lambda connector: connector.check())

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """See RecordConnector."""
        self._asked(lambda connector: connector.check_settings(scope, settings))

    def _asked(self, call: Callable[[RecordConnector], T]) -> T:
        try:
            return call(self._connector)
        except Refused:
            if not self._renewed():
                raise
        return call(self._connector)

    def _renewed(self) -> bool:
        if not self._outside.refresh():
            return False
        self._connector = self._kind.open(self._outside.connection(), self._outside)
        return True
