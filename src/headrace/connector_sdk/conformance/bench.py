"""What checks look at a connector with: bounded reads, listings and descriptions, each made once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn, TypeVar, cast

from headrace.connector_sdk.conformance.patient import Patience, PatientConnector
from headrace.connector_sdk.conformance.subject import Subject
from headrace.connector_sdk.records import Condition, Connection, Page, Query, RecordConnector
from headrace.errors import ConnectorError, NotThere

T = TypeVar("T")

# A suite is to take seconds, whatever lies in the application.
_MOST_PAGES = 20
_MOST_READ = 8
_MOST_LISTED = 200
_DEEPEST = 8
PAGE_SIZE = 50


class _VerdictError(Exception):
    @property
    def message(self) -> str:
        return str(self)


class FaultError(_VerdictError):
    """The connector breaks the rule that is checked."""


class NotApplicableError(_VerdictError):
    """The rule can't be asked of this connector."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An entity as it was listed, with the entities on the way to it."""

    name: str
    given: Mapping[str, Any]
    path: tuple[str, ...]

    @property
    def is_folder(self) -> bool:
        """Whether it is said to have entities in it."""
        return self.given.get("hasNestedEntities") is True


@dataclass(frozen=True)
class Look:
    """Pages that were read; `is_whole`: there are no more."""

    pages: tuple[Page, ...]
    is_whole: bool

    @cached_property
    def records(self) -> tuple[str, ...]:
        """The records of all pages, in order."""
        return tuple(record for page in self.pages for record in page.records)

    def differs(self, other: Look) -> str | None:
        """The first difference in what both have read of the same records, None: there is none."""
        both = zip(self.records, other.records, strict=False)
        for place, (mine, theirs) in enumerate(both):
            if mine != theirs and value(mine) != value(theirs):
                return f"record {place} is once {mine[:200]} and once {theirs[:200]}"
        few, many = sorted((self, other), key=lambda each: len(each.records))
        if few.is_whole and len(few.records) < len(many.records):
            return f"once there are {len(few.records)} records, once {len(many.records)} or more"
        return None


class Bench:
    """One connector under test; what it was asked once it is not asked again."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._looks: dict[str, Look | None] = {}
        self._fields: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self.desks = 0
        self.patience = Patience(subject.wait)

    @cached_property
    def connector(self) -> RecordConnector:
        """The connector, opened."""
        return self.anew()

    def anew(self) -> RecordConnector:
        """The connector, opened once more."""
        return cast("RecordConnector", PatientConnector(self.subject.open(self.subject.connection), self.patience))

    def tried(self, connection: Connection) -> None:
        """Ask the connector whether the connection would do."""
        self.patience(lambda: self.subject.tried(connection))

    @cached_property
    def listed(self) -> tuple[Listed, ...]:
        """The entities, those in folders after their folder. Raises NotApplicableError where they can't be had."""
        return _or_not("its entities can't be listed", lambda: tuple(islice(walked(self.connector), _MOST_LISTED)))

    def fields(self, entity: str) -> tuple[Mapping[str, Any], ...]:
        """The fields of the entity. Raises NotApplicableError where they can't be had."""
        if entity not in self._fields:
            ask = _or_not(f"{entity} can't be described", lambda: self.described(entity))
            self._fields[entity] = ask
        return self._fields[entity]

    def described(self, entity: str) -> tuple[Mapping[str, Any], ...]:
        """The fields of the entity, asked for anew: none of a folder that is no entity itself. Raises Retry or Stop."""
        try:
            return tuple(self.connector.describe(entity))
        except NotThere:
            if any(each.name == entity and each.is_folder for each in self.listed):
                return ()
            raise

    def with_fields(self) -> Iterator[tuple[str, tuple[Mapping[str, Any], ...]]]:
        """The listed entities with their fields, but for those that can't be described: another check tells of them."""
        for each in self.listed:
            with suppress(NotApplicableError):
                yield each.name, self.fields(each.name)

    def readable(self) -> tuple[str, ...]:
        """The entities to read. Raises NotApplicableError where there are none."""
        if not self.subject.abilities.reads:
            raise NotApplicableError("it is no source")
        found = self.subject.entities or tuple(name for name, fields in self.with_fields() if _is_readable(fields))
        if not found:
            raise NotApplicableError("it has no entity that can be read")
        return found[:_MOST_READ]

    def filled(self) -> Iterator[tuple[str, Look]]:
        """The entities that have records, and their first records. Raises NotApplicableError where none has."""
        found = [(entity, look) for entity in self.readable() if (look := self._first(entity)) and look.records]
        if not found:
            raise NotApplicableError("no entity that can be read has any record")
        return iter(found)

    def _first(self, entity: str) -> Look | None:
        """The first records; None where they can't be read, which is another check's to tell."""
        if entity not in self._looks:
            try:
                self._looks[entity] = self.look(self.query(entity))
            except ConnectorError:
                self._looks[entity] = None
        return self._looks[entity]

    def query(self, entity: str, **members: Any) -> Query:
        """A query for every record, but for what is given."""
        subject = self.subject
        usual = Query(
            entity=entity,
            fields=None,
            filter_expression=None,
            after=None,
            page_size=PAGE_SIZE,
            flow_name="conformance",
            execution_id=f"conformance-{subject.seed}",
            api_version=None,
            settings=subject.settings,
        )
        return replace(usual, **members)

    def look(self, query: Query, connector: RecordConnector | None = None) -> Look:
        """Read some pages."""
        reading = iter((connector or self.connector).read(query))
        pages: list[Page] = []
        for page in islice(reading, _MOST_PAGES):
            pages.append(page)
            if page.position is None:
                return Look(tuple(pages), is_whole=True)
        close: Callable[[], None] | None = getattr(reading, "close", None)
        if close is not None:
            close()
        return Look(tuple(pages), is_whole=len(pages) < _MOST_PAGES)


def walked(connector: RecordConnector) -> Iterator[Listed]:
    """The entities from the topmost down, folders before what is in them; a folder in itself is not entered again."""
    waiting: list[tuple[str, ...]] = [()]
    for path in waiting:
        for given in connector.entities(path[-1] if path else None):
            found = Listed(str(given.get("name")), given, path)
            yield found
            if found.is_folder and found.name not in path and len(path) < _DEEPEST:
                waiting.append((*path, found.name))


def value(record: str) -> Any:
    """The record as a value; a text that is no JSON as itself."""
    try:
        return json.loads(record)
    except (ValueError, RecursionError):
        return record


def equal_to(field: str, wanted: str | float) -> tuple[Condition, str]:
    """A filter for one value of a field: as a condition, and in AppFlow's grammar."""
    if isinstance(wanted, str):
        return Condition(field, "EQUAL_TO", (wanted,), "text"), f'{field} = "{wanted}"'
    text = str(wanted).lower()
    return Condition(field, "EQUAL_TO", (text,), "boolean" if isinstance(wanted, bool) else "number"), (
        f"{field} = {text}"
    )


def faulty(faults: Sequence[str]) -> None:
    """Raise FaultError if there are any faults, with the first of them."""
    if faults:
        more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
        raise FaultError("; ".join(faults[:3]) + more)


def must_raise(kind: type[ConnectorError], what: str, call: Callable[[], object]) -> ConnectorError:
    """The error that the call raises. Raises FaultError where it raises none, or another."""
    try:
        call()
    except kind as error:
        return error
    except ConnectorError as error:
        raise FaultError(f"{what} raises {type(error).__name__}, not {kind.__name__}: {error.message}") from error
    raise FaultError(f"{what} raises nothing, where {kind.__name__} is due")


def _is_readable(fields: Sequence[Mapping[str, Any]]) -> bool:
    said = [cast("Mapping[str, Any]", each.get("sourceProperties") or {}).get("isRetrievable") for each in fields]
    return any(each is not False for each in said)


def _or_not(why: str, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except ConnectorError as error:
        _not_applicable(why, error)


def _not_applicable(why: str, error: ConnectorError) -> NoReturn:
    raise NotApplicableError(f"{why}: {error.message}") from error
