"""An authored connector as every connector of records: what it answers is checked here, once for all authors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from headrace.connector_sdk import authored_shapes, lambda_shapes
from headrace.connector_sdk.authoring import Authored, Destination, Source, walk
from headrace.connector_sdk.declaring import Entity, Setting, SettingScope, SettingType
from headrace.connector_sdk.projecting import projected
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side
from headrace.errors import Refused, Stop

_LARGEST_BATCH = 200


class AuthoredConnector:
    """One connection of an authored connector; see RecordConnector. Each call has an instance of its own."""

    def __init__(self, connector: type[Authored], connection: Connection) -> None:
        self._connector = connector
        self._connection = connection

    @property
    def batch_size(self) -> int:
        """See RecordDestination."""
        kind = self._connector
        return kind.batch_size if issubclass(kind, Destination) else _LARGEST_BATCH

    def read(self, query: Query) -> Iterator[Page]:
        """See RecordSource. Raises Stop for pages that go in a circle, or are none."""
        connector = self._made()
        if not isinstance(connector, Source):
            raise Stop(f"{self._name} is no source: it can't be read.")
        self._must_have(query.entity)
        seen = {query.after}
        for page in self._each(connector.read(query), Page, "read"):
            self._check_position(page.position, seen)
            yield _projected(page, query.fields)
            if page.position is None:
                return
            seen.add(page.position)

    def keeps_place(self, entity: str, *, api_version: str | None = None) -> bool:
        """See KeepsPlace."""
        _ = api_version
        return self._described(self._made(), entity).keeps_place

    def write(self, batch: Batch) -> Sequence[Rejection]:
        """See RecordDestination. Raises Stop for an operation or an entity that the connector does not declare."""
        connector = self._made()
        if not isinstance(connector, Destination):
            raise Stop(f"{self._name} is no destination: it can't be written to.")
        if batch.operation not in connector.write_operations:
            known = ", ".join(connector.write_operations)
            raise Stop(f"{self._name} does not {batch.operation}. Its write operations are: {known}.")
        self._must_have(batch.entity)
        if not batch.records:
            return ()
        found = tuple(self._each(connector.write(batch), Rejection, "write"))
        places = [each.place for each in found]
        if len(set(places)) != len(places) or not set(places) <= set(range(len(batch.records))):
            raise Stop(
                f"{self._name}.write refused the records at {places} of {len(batch.records)}: places count from 0 and"
                " name a record once."
            )
        return tuple(sorted(found, key=lambda each: each.place))

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog."""
        return [lambda_shapes.entity(each) for each in self.listed(path, api_version=api_version)]

    def listed(self, path: str | None, *, api_version: str | None = None) -> Sequence[dict[str, Any]]:
        """The same in the Lambda contract's shapes."""
        _ = api_version
        connector = self._made()
        found = _entities(connector) if path is None else self._described(connector, path).entities
        return [authored_shapes.entity(self._connector, each) for each in found]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        """See Catalog."""
        return [lambda_shapes.field(each) for each in self.definition(entity, api_version=api_version)["fields"]]

    def definition(self, entity: str, *, api_version: str | None = None) -> dict[str, Any]:
        """The same in the Lambda contract's shapes."""
        _ = api_version
        found = self._described(self._made(), entity)
        return authored_shapes.definition(self._connector, found)

    def check(self) -> None:
        """Ask the connector whether the connection will do. Raises Retry or Stop."""
        self.check_settings("CONNECTOR_PROFILE", self._connection.properties)
        self._check_kind()
        self._made().check()

    def check_settings(self, scope: SettingScope | Side, settings: Mapping[str, str]) -> None:
        """See RecordConnector."""
        faults = setting_faults(self._connector.settings, scope, settings)
        if faults:
            raise Stop("; ".join(f"{key}: {fault}" for key, fault in faults.items()))

    def _check_kind(self) -> None:
        """Raises Refused for credentials of a kind that the connector does not declare: it would look for others."""
        given = self._connection.credentials.kind
        declared = [type(each).__name__ for each in self._connector.authentication]
        if declared and given not in declared:
            raise Refused(f"{self._name} takes no credentials of the kind {given}: give {' or '.join(declared)}.")

    @property
    def _name(self) -> str:
        return self._connector.__name__

    def _made(self) -> Authored:
        return self._connector(self._connection)

    def _described(self, connector: Authored, name: str) -> Entity:
        found = cast("object", connector.describe(name))
        if isinstance(found, Entity):
            return found
        raise Stop(f"{self._name}.describe must answer an Entity, it answered {_kind(found)}.")

    def _must_have(self, entity: str) -> None:
        """Raise NotThere for an entity that is not among those declared; what is found by asking, the author checks."""
        kind = self._connector
        if kind.find_entities is Authored.find_entities and kind.describe is Authored.describe:
            self._described(self._made(), entity)

    def _each(self, found: object, kind: type[Any], method: str) -> Iterator[Any]:
        if found is None and method == "write":
            return
        if not isinstance(found, Iterable):
            raise Stop(f"{self._name}.{method} must answer or yield {kind.__name__}s, it answered {_kind(found)}.")
        for each in cast("Iterable[object]", found):
            if not isinstance(each, kind):
                raise Stop(
                    f"{self._name}.{method} must answer or yield {kind.__name__}s, one of them is {_kind(each)}."
                )
            yield each

    def _check_position(self, position: object, seen: set[str | None]) -> None:
        if position is None:
            return
        if not isinstance(position, str) or not position:
            raise Stop(f"{self._name}.read: a position must be a text that is not empty, one is {position!r}.")
        if position in seen:
            raise Stop(
                f"{self._name}.read named the position {position[:100]!r} twice, so its pages would never end. Each"
                " page must name another one."
            )


def setting_faults(declared: Iterable[Setting], scope: SettingScope | Side, given: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with settings of that scope, by key; settings that nobody declared are passed on."""
    wanted = {scope, "SOURCE_AND_DESTINATION"} if scope in {"SOURCE", "DESTINATION"} else {scope}
    found = {each.key: _fault(each, given.get(each.key)) for each in declared if each.scope in wanted}
    return {key: fault for key, fault in found.items() if fault is not None}


def _fault(setting: Setting, value: str | None) -> str | None:
    if value is None or not value.strip():
        return f"is missing: give a {setting.data_type}" if setting.is_required else None
    if setting.options and value not in setting.options:
        return f"is {value!r}: allowed are {', '.join(setting.options)}"
    if not _is_type(setting.data_type, value):
        return f"is {value!r}: give a value of the type {setting.data_type}"
    return None


def _is_type(kind: SettingType, text: str) -> bool:
    if kind == "Integer":
        return text.removeprefix("-").isdecimal()
    if kind == "Boolean":
        return text.lower() in {"true", "false"}
    return kind == "String" or _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _entities(connector: Authored) -> list[Entity]:
    given = list(connector.find_entities())
    names = [each.name for each in walk(given)]
    if len(set(names)) != len(names):
        raise Stop(f"{type(connector).__name__} has two entities of one name: {sorted(names)}.")
    return given


def _projected(page: Page, fields: Sequence[str] | None) -> Page:
    if fields is None:
        return page
    wanted = frozenset(fields)
    return replace(page, records=tuple(projected(each, wanted) for each in page.records))


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
