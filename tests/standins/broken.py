"""Connectors that break one rule each: what the conformance suite must catch. Each is the shop but for its fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headrace.connector_sdk.authoring import Batch, Entity, Field, Page, Query, Refused, Rejection, Retry, Stop
from headrace.connector_sdk.conformance import Subject, Writing, of_class
from headrace.connector_sdk.records import Connection, RecordConnector
from tests.standins.shop import CUSTOMER, EMPTY, PASSWORD, Application, Shop, shop

WRITING = Writing("customer", refused={"id": 1, "name": ""}, id_fields=("id",))


def subject(kind: type[Shop] = Shop, **members: Any) -> Subject:
    """The connector, with everything that the suite can be given."""
    found = of_class(
        shop(kind),
        credentials={"username": "ann", "password": PASSWORD},
        properties={"branch": "north"},
        write=[WRITING],
    )
    return replace(found, **({"wait": lambda _: None} | members))


class UnknownOperator(Shop):
    operators: Any = ("PROJECTION", "EXPLODE")


class ListsNothing(Shop):
    entities = ()


class ListsTwice(Shop):
    entities = (*Shop.entities, CUSTOMER)


class EmptyFolder(Shop):
    def describe(self, entity: str) -> Entity:
        return replace(super().describe(entity), entities=())


class SameFieldTwice(Shop):
    entities = (replace(CUSTOMER, fields=(*CUSTOMER.fields, Field("city"))),)


class UnknownType(Shop):
    entities = (replace(CUSTOMER, fields=(*CUSTOMER.fields, Field("colour", "Colour"))),)  # pyright: ignore[reportArgumentType]


class NoFields(Shop):
    entities = (*Shop.entities, Entity("bare"))


class NoKeys(Shop):
    entities = (replace(CUSTOMER, fields=tuple(replace(each, is_primary_key=False) for each in CUSTOMER.fields)),)


class KnowsEverything(Shop):
    def describe(self, entity: str) -> Entity:
        try:
            return super().describe(entity)
        except Stop:
            return replace(CUSTOMER, name=entity)


class RetriesTheUnknown(Shop):
    def describe(self, entity: str) -> Entity:
        try:
            return super().describe(entity)
        except Stop as error:
            raise Retry(str(error)) from error


class LocksEverybodyOut(Shop):
    def check(self) -> None:
        super().check()
        raise Refused("come back tomorrow")


class LetsEverybodyIn(Shop):
    def check(self) -> None:
        return


class StopsInsteadOfRefusing(Shop):
    def check(self) -> None:
        try:
            super().check()
        except Refused as error:
            raise Stop(str(error)) from error


class TellsThePassword(Shop):
    def check(self) -> None:
        try:
            super().check()
        except Refused:
            raise Refused(f"{self.credentials['password']} opens nothing") from None


class CannotBeRead(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        if query.entity == EMPTY.name:
            raise Stop("the shelf is gone")
        return super().read(query)


class NoObjects(Shop):
    entities = (CUSTOMER, Entity("word", (Field("text"),), is_writable=False))

    def read(self, query: Query) -> Iterator[Page]:
        return iter([Page(['"word"'])]) if query.entity == "word" else super().read(query)


class NumbersAsText(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        def as_text(record: dict[str, Any]) -> dict[str, Any]:
            return {**record, "score": str(record["score"])} if record.get("score") is not None else record

        return changed(super().read(query), as_text)


class NoBookmark(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        return (replace(page, bookmark=None) for page in super().read(query))


class IgnoresItsBookmark(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        return super().read(replace(query, since=None))


class PositionsInACircle(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        pages = super().read(query)
        return pages if query.page_size != 4 else (replace(page, position="again") for page in pages)


class PagesTooLarge(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        return super().read(replace(query, page_size=3) if query.page_size == 2 else query)


class LosesWithTheLastPage(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        for page in super().read(query):
            is_lost = query.page_size == 7 and page.position is None
            yield replace(page, records=page.records[:-1]) if is_lost else page


class LosesByProjection(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        is_lost = query.entity == CUSTOMER.name and len(query.fields or ()) < len(CUSTOMER.fields)
        return (replace(page, records=page.records[1:]) if is_lost else page for page in super().read(query))


class LosesByFilters(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        is_lost = query.filter_expression is not None and not query.filter_expression.startswith("id")
        return iter(()) if is_lost else super().read(query)


class PagesTooHeavy(Shop):
    def read(self, query: Query) -> Iterator[Page]:
        if query.page_size == 1000 and query.filter_expression is None and query.entity == CUSTOMER.name:
            return iter([Page([{"id": 1, "name": "x" * 7_000_000}])])
        return super().read(query)


class RefusesOneAlone(Shop):
    def write(self, batch: Batch) -> Sequence[Rejection]:
        is_alone = batch.operation == "INSERT" and len(batch.records) == 1
        return [Rejection(0, "one alone is too few")] if is_alone else super().write(batch)


class DropsRecords(Shop):
    def take(self, batch: Batch, record: Mapping[str, Any]) -> None:
        if batch.operation != "INSERT" or len(batch.records) != 3:
            super().take(batch, record)


class CutsTexts(Shop):
    def take(self, batch: Batch, record: Mapping[str, Any]) -> None:
        is_cut = batch.operation == "INSERT" and len(batch.records) == 3
        super().take(batch, {**record, "name": str(record["name"])[:5]} if is_cut else record)


class ChangesEverybody(Shop):
    def meant(self, batch: Batch, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = super().meant(batch, record)
        if batch.operation == "INSERT" or not found:
            return found
        return [each for each in self.held(batch.entity) if each["id"] > 1000]


class NamesTheWrongOne(Shop):
    def write(self, batch: Batch) -> Sequence[Rejection]:
        return [replace(each, place=0) for each in super().write(batch)]


class GivesNoReason(Shop):
    def write(self, batch: Batch) -> Sequence[Rejection]:
        return [replace(each, reason=" ") for each in super().write(batch)]


class KeepsWhatItTakesBack(Shop):
    def write(self, batch: Batch) -> Sequence[Rejection]:
        return super().write(replace(batch, all_or_none=False))


class KeepsBatchesTwice(Shop):
    def write(self, batch: Batch) -> Sequence[Rejection]:
        if batch.key in self.application.seen:
            self.held(batch.entity).extend(map(json.loads, batch.records))
            return ()
        return super().write(batch)


class Wrapped:
    """A connector of records with some methods of its own."""

    def __init__(self, connector: RecordConnector, **methods: Callable[..., Any]) -> None:
        self._connector = connector
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._connector, name)


Change = Callable[[RecordConnector, int], dict[str, Callable[..., Any]]]


def wrapping(change: Change) -> Subject:
    """The shop, with what `change` makes of each connector that is opened; it is given their number."""
    found = subject()
    opened: list[RecordConnector] = []

    def opening(connection: Connection) -> Any:
        connector = found.open(connection)
        opened.append(connector)
        return Wrapped(connector, **change(connector, len(opened)))

    return replace(found, open=opening)


def lists_now_and_then(connector: RecordConnector, number: int) -> dict[str, Callable[..., Any]]:
    def entities(path: str | None, **members: Any) -> Any:
        found = connector.entities(path, **members)
        return found[1:] if number > 1 and path is None else found

    return {"entities": entities}


def leads_back(connector: RecordConnector, _: int) -> dict[str, Callable[..., Any]]:
    def entities(path: str | None, **members: Any) -> Any:
        found = connector.entities(path, **members)
        return [*found, {"name": "archive", "hasNestedEntities": True}] if path == "archive" else found

    return {"entities": entities}


def reads_in_any_order(connector: RecordConnector, number: int) -> dict[str, Callable[..., Any]]:
    def read(query: Query) -> Iterator[Page]:
        for page in connector.read(query):
            is_other = number > 1 and query.page_size == 50 and query.fields is None
            yield replace(page, records=page.records[::-1]) if is_other else page

    return {"read": read}


def reads_everything(connector: RecordConnector, _: int) -> dict[str, Callable[..., Any]]:
    def read(query: Query) -> Iterator[Page]:
        return connector.read(query) if query.entity in Application().held else iter([Page([])])

    return {"read": read}


def reads_more_than_it_describes(connector: RecordConnector, _: int) -> dict[str, Callable[..., Any]]:
    return {"read": lambda query: changed(connector.read(query), lambda record: {**record, "colour": "red"})}


def reads_on_behind_another(_: RecordConnector, number: int) -> dict[str, Callable[..., Any]]:
    held, place = Application().held, {"start": number * 0}

    def read(query: Query) -> Iterator[Page]:
        records = held.get(query.entity)
        if records is None:
            raise Stop("there is no such entity")
        place["start"] = int(query.after or query.since or 0)
        while (start := place["start"]) < len(records):
            end = place["start"] = start + query.page_size
            yield Page(records[start:end], str(end) if end < len(records) else None, str(len(records)))

    return {"read": read}


def goes_on_too_early(connector: RecordConnector, _: int) -> dict[str, Callable[..., Any]]:
    def read(query: Query) -> Iterator[Page]:
        is_early = query.page_size == 3 and query.after is not None
        return connector.read(replace(query, after=str(int(query.after or 0) - 1)) if is_early else query)

    return {"read": read}


def never_ends(connector: RecordConnector, _: int) -> dict[str, Callable[..., Any]]:
    def read(query: Query) -> Iterator[Page]:
        if query.page_size != 4:
            yield from connector.read(query)
            return
        while True:
            yield Page([], "a")

    return {"read": read}


def answering(**members: Any) -> Subject:
    """The shop, with other members in its answers to ListEntities."""
    found = subject()
    asked = found.ask

    def ask(request: Mapping[str, Any]) -> object:
        answer: Any = asked(request) if asked is not None else {}
        return answer | members

    return replace(found, ask=ask)


def trying(tried: Callable[[Subject, Connection], None]) -> Subject:
    """The shop, which tries connections in another way."""
    found = subject()
    return replace(found, tried=lambda connection: tried(found, connection))


def takes_any_setting(found: Subject, connection: Connection) -> None:
    found.tried(replace(connection, properties=found.connection.properties))


@dataclass
class SlowClock:
    """Goes on by an hour each time it is looked at."""

    now_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += 3600
        return self.now_s


def changed(pages: Iterable[Page], change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[Page]:
    """The pages with changed records."""
    for page in pages:
        yield Page([change(json.loads(each)) for each in page.records], page.position, page.bookmark)
