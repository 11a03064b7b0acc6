"""An opened connector of records: what its author need not write."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.http.redaction import Hider
from headrace.connector_sdk.metadata_cache import Key, Kind, MetadataCache
from headrace.connector_sdk.records import Batch, Connection, KeepsPlace, Page, Query, RecordConnector, Rejection, Side
from headrace.errors import ConnectorError, Refused

T = TypeVar("T")

# How long AppFlow keeps what a connector says of its entities.
KEPT_S = 3600.0
# Shorter values are hardly secrets, and would take ordinary words out of sentences.
_SHORTEST = 6
# How long a caller waits for all that the application is asked; the AWS SDKs give up after 60 s, and send again.
ANSWER_S = 20.0


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

    def __init__(
        self,
        kind: RecordConnectorType,
        connection: Connection,
        outside: Outside,
        kept: Kept,
        answer_s: float | None = None,
    ) -> None:
        """`answer_s` bounds what is not reading or writing, None: as little as those."""
        self._kind = kind
        self._outside = outside
        self._kept = kept
        self._answer_s = answer_s
        self._connection = connection
        self._connector, self._hide = self._opened(connection)

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
                with self._discreet():
                    for page in self._connector.read(query):
                        is_renewed = False
                        if page.position is not None:
                            query = replace(query, after=page.position)
                        yield page
            except Refused as refusal:
                if is_renewed or not self._renewed(refusal):
                    raise
                is_renewed = True
            else:
                return

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination."""
        found = self._called(lambda: self._connector, lambda connector: connector.write(batch))
        return [replace(each, reason=self._hide(each.reason)) for each in found]

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

    def keeps_place(self, entity: str, *, api_version: str | None = None) -> bool:
        """See KeepsPlace."""

        def ask(connector: RecordConnector) -> bool:
            return isinstance(connector, KeepsPlace) and connector.keeps_place(entity, api_version=api_version)

        return self._asked(ask)

    def check(self) -> None:
        """See RecordConnector."""
        self._asked(lambda connector: connector.check())

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        """See RecordConnector."""
        self._asked(lambda connector: connector.check_settings(scope, settings))

    def _asked(self, call: Callable[[RecordConnector], T]) -> T:
        """The answer of the connector, in time."""
        if self._answer_s is None:
            return self._called(lambda: self._connector, call)
        outside = replace(self._outside, http=self._outside.http.within(self._answer_s))
        return self._called(lambda: self._kind.open(self._connection, outside), call)

    def _called(self, connector: Callable[[], RecordConnector], call: Callable[[RecordConnector], T]) -> T:
        try:
            with self._discreet():
                return call(connector())
        except Refused as refusal:
            if not self._renewed(refusal):
                raise
        with self._discreet():
            return call(connector())

    def _renewed(self, refusal: Refused) -> bool:
        try:
            if not self._outside.refresh():
                return False
        except Refused as error:
            raise Refused(f"{refusal.message} {error.message}") from None
        self._connection = self._outside.connection()
        self._connector, self._hide = self._opened(self._connection)
        return True

    def _opened(self, connection: Connection) -> tuple[RecordConnector, Hider]:
        secrets = {text for text in connection.credentials.secrets.values() if len(text) >= _SHORTEST}
        return self._kind.open(connection, self._outside), Hider(secrets)

    @contextmanager
    def _discreet(self) -> Generator[None]:
        """Keep the credentials out of what the connector says of an error (invariant 8)."""
        try:
            yield
        except ConnectorError as error:
            error.args = (self._hide(error.message),)
            raise
