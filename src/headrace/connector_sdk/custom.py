"""A custom connector as every connector of records: over a host, in AppFlow's Lambda contract."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.connector_sdk import lambda_answers as answers
from headrace.connector_sdk import lambda_contract as requests
from headrace.connector_sdk import lambda_shapes as shapes
from headrace.connector_sdk.built_in import OBJECTS
from headrace.connector_sdk.hosts import Host, Streaming
from headrace.connector_sdk.metadata_cache import Key, MetadataCache
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection
from headrace.errors import Refused, Stop

Json = dict[str, Any]

# As AppFlow asks.
_ENTITIES_A_PAGE = 1000
_MOST_ENTITIES = 100_000
_BATCH_SIZE = 200


@dataclass(frozen=True)
class CustomConnector:
    """One connector profile of a custom connector.

    `api_versions` are those that the connector supports, the one that is used where nobody chose first.
    `refresh` gets new credentials where it can, and says whether it did: a request that was refused for its
    credentials is then sent once more. `origin` is what else metadata depends on: it is kept for that origin only.
    """

    connection: Connection
    host: Host
    api_versions: tuple[str, ...]
    cache: MetadataCache
    refresh: Callable[[], bool]
    origin: Hashable = None

    @property
    def batch_size(self) -> int:
        """See RecordDestination."""
        return _BATCH_SIZE

    def group(self, path: str | None) -> str:  # noqa: ARG002 - AppFlow has one for custom connectors
        """See Opened."""
        return OBJECTS

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource. A nextToken that came before is refused: it would lead in a circle."""
        version = self._version(query.api_version)
        run = requests.Run(query.flow_name, query.execution_id, _timed(self._definition(query.entity, version), query))
        context = requests.context(self.connection, version, query.settings, run)
        fields = _names(run.definition) if query.fields is None else query.fields
        after, seen = query.after, {query.after}
        try:
            while True:
                request = requests.query_data(context, query, fields, after)
                page = self._asked(request, answers.page)
                after = page.position
                yield page
                if after is None:
                    return
                _check_new(after, seen)
        finally:
            if after is not None and isinstance(self.host, Streaming):
                self.host.leave(after)

    def keeps_place(self, entity: str, *, api_version: str | None = None) -> bool:
        """See KeepsPlace: an entity says so by its custom property `keepsPlace`."""
        definition = self._definition(entity, self._version(api_version))
        return (answers.as_object(definition.get("customProperties")) or {}).get("keepsPlace") == "true"

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination. The contract has no place for the batch's key: it goes with the client context."""
        version = self._version(batch.api_version)
        run = requests.Run(batch.flow_name, batch.execution_id, self._definition(batch.entity, version))
        context = requests.context(self.connection, version, batch.settings, run)
        count, name = len(batch.records), self.connection.connector_label or self.connection.connector_type
        request = requests.write_data(context, batch)
        return self._asked(request, lambda answer: answers.rejections(answer, count, name), batch_key=batch.key)

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog; from the cache where it holds."""
        version = self._version(api_version)
        return self.cache.get(self._key("entities", path, version), lambda: self._list(path, version))

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog; from the cache where it holds."""
        definition = self._definition(entity, self._version(api_version))
        return [shapes.field(field) for field in definition["fields"]]

    def check(self) -> None:
        """Ask the connector whether the profile's properties and credentials will do. Raises Retry or Stop."""
        request = requests.validate_settings("CONNECTOR_PROFILE", self.connection.properties)
        self._asked(request, answers.checked)
        self._asked(requests.validate_credentials(self.connection), answers.checked)

    def check_settings(self, scope: requests.Scope, settings: Mapping[str, str]) -> None:
        """Ask the connector whether a flow's settings will do. Raises Retry or Stop.

        The profile's go with them, as in every later request: AWS's example connector asks for its address here too.
        """
        every = {**self.connection.properties, **settings}
        self._asked(requests.validate_settings(scope, every), answers.checked)

    def _asked(self, request: Json, read: Callable[[object], Any], *, batch_key: str | None = None) -> Any:
        try:
            return read(self.host.invoke(request, batch_key=batch_key))
        except Refused:
            if not self.refresh():
                raise
        return read(self.host.invoke(request, batch_key=batch_key))

    def _list(self, path: str | None, version: str | None) -> tuple[list[Json], float]:
        context = requests.context(self.connection, version)
        found: list[Json] = []
        token: str | None = None
        seen: set[str | None] = {None}
        while True:
            request = requests.list_entities(context, path=path, page_size=_ENTITIES_A_PAGE, token=token)
            answer = self._asked(request, answers.checked)
            found += [shapes.entity(answers.as_object(each) or {}) for each in answers.as_list(answer, "entities")]
            token = answers.token(answer)
            if token is None:
                return found, answers.time_to_live_s(answer)
            _check_new(token, seen)
            if len(found) > _MOST_ENTITIES:
                raise Stop(f"The connector lists more than {_MOST_ENTITIES} entities below {path or 'its root'}.")

    def _definition(self, entity: str, version: str | None) -> Json:
        return self.cache.get(self._key("entity", entity, version), lambda: self._describe(entity, version))

    def _describe(self, entity: str, version: str | None) -> tuple[Json, float]:
        request = requests.describe_entity(requests.context(self.connection, version), entity)
        answer = self._asked(request, answers.checked)
        given = answers.as_object(answer.get("entityDefinition"))
        if given is None:
            raise Stop(f"{answers.NO_VALID_RESPONSE} It describes no entity {entity}: `entityDefinition` is missing.")
        fields = [answers.as_object(field) or {} for field in answers.as_list(given, "fields")]
        # Faults of a field are told when it is described, not when a run first sends it back.
        for field in fields:
            shapes.field(field)
        known = answers.as_object(given.get("entity")) or {"entityIdentifier": entity}
        return {**given, "entity": known, "fields": fields}, answers.time_to_live_s(answer)

    def _key(self, kind: Any, name: str | None, version: str | None) -> Key:
        held = self.connection
        return Key(held.account, held.region, held.profile_name, kind, name, version, self.origin)

    def _version(self, chosen: str | None) -> str | None:
        return chosen or next(iter(self.api_versions), None)


def described(host: Host, label: str) -> Json:
    """What the connector says of itself, as it said it. Raises Retry or Stop where that can't be used."""
    answer = answers.checked(host.invoke(requests.describe_configuration(label)))
    shapes.configuration(answer)
    return answer


def _timed(definition: Json, query: Query) -> Json:
    """The definition, with the field marked by which an incremental flow goes."""
    if query.timestamp_field is None:
        return definition
    names = _names(definition)
    if names and query.timestamp_field not in names:
        raise Stop(
            f"{query.entity} has no field {query.timestamp_field}, which the flow names as datetimeTypeFieldName."
        )
    mark = "isDefaultTimestampFieldForIncrementalQueries"
    fields = [field | {mark: field["fieldName"] == query.timestamp_field} for field in definition["fields"]]
    return definition | {"fields": fields}


def _names(definition: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(field["fieldName"] for field in definition["fields"])


def _check_new(token: str, seen: set[str | None]) -> None:
    if token in seen:
        raise Stop(
            f"The connector answered the nextToken {token[:200]!r} a second time: its pages go in a circle."
            " Each page must name another one, the last page none."
        )
    seen.add(token)
