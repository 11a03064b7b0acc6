"""A connector of records written with the SDK, over an application in memory: one that keeps every rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from headrace.connector_sdk.authoring import (
    BasicAuth,
    Batch,
    Destination,
    Entity,
    Field,
    Page,
    Query,
    Refused,
    Rejection,
    Setting,
    Source,
)
from headrace.connector_sdk.lambda_handler import lambda_handler
from headrace.connector_sdk.records import Connection, Credentials

PASSWORD = "planted-password"
CUSTOMER = Entity(
    "customer",
    (
        Field("id", "Integer", is_primary_key=True, is_nullable=False),
        Field("name", is_nullable=False),
        Field("city", values=("Bern", "Basel")),
        Field("score", "Double"),
        Field("active", "Boolean"),
        Field("since", "DateTime", is_cursor=True),
    ),
)
ORDER = Entity("archive/order", (Field("number", is_primary_key=True), Field("lines", "List")), is_writable=False)
ENTRY = Entity("journal", (Field("number", "Integer", is_primary_key=True),), is_writable=False, keeps_place=True)
EMPTY = Entity("nothing", (Field("id"),), is_writable=False)


def customer(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"customer {number}",
        "city": ("Bern", "Basel", None)[number % 3],
        "score": number / 4,
        "active": number % 2 == 0,
        "since": f"2026-01-{number % 28 + 1:02d}T00:00:00Z",
    }


@dataclass
class Application:
    """What the shop keeps; `seen` are the keys of the batches that it took."""

    held: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {
            "customer": [customer(number) for number in range(1, 24)],
            "archive/order": [{"number": f"A{place}", "lines": [place, "x"]} for place in range(3)],
            "journal": [{"number": number} for number in range(10)],
            "nothing": [],
        }
    )
    seen: set[str] = field(default_factory=set[str])


class Shop(Source, Destination):
    """Customers that can be read and written, orders that are kept in an archive."""

    application: ClassVar[Application] = Application()
    authentication = (BasicAuth(),)
    settings = (
        Setting("branch", is_required=True, options=("north", "south")),
        Setting("limit", "Integer", scope="SOURCE"),
    )
    entities = (CUSTOMER, Entity("archive", entities=(ORDER,)), ENTRY, EMPTY)
    batch_size = 50
    write_operations = ("INSERT", "UPDATE", "UPSERT", "DELETE")
    keeps_batches_once = True

    def check(self) -> None:
        self.guard()

    def guard(self) -> None:
        if self.credentials["password"] != PASSWORD:
            raise Refused(f"{self.credentials['username']} and this password are not known here.")

    def read(self, query: Query) -> Iterator[Page]:
        self.guard()
        held = self.held(query.entity)
        bookmark = str(len(held)) if query.entity == ENTRY.name else None
        for start in range(int(query.after or query.since or 0), len(held), query.page_size):
            end = start + query.page_size
            yield Page(held[start:end], str(end) if end < len(held) else None, bookmark)

    def write(self, batch: Batch) -> Sequence[Rejection]:
        self.guard()
        if batch.key in self.application.seen:
            return ()
        records = [json.loads(record) for record in batch.records]
        refused = [
            Rejection(place, reason) for place, record in enumerate(records) if (reason := self.fault(batch, record))
        ]
        if refused and batch.all_or_none:
            return [Rejection(place, "the batch was taken back") for place in range(len(records))]
        places = {each.place for each in refused}
        for place, record in enumerate(records):
            if place not in places:
                self.take(batch, record)
        self.application.seen.add(batch.key)
        return refused

    def held(self, entity: str) -> list[dict[str, Any]]:
        return self.application.held[entity]

    def fault(self, batch: Batch, record: Mapping[str, Any]) -> str | None:
        if batch.operation in {"INSERT", "UPSERT"} and not record.get("name"):
            return "name is missing"
        is_known = bool(self.meant(batch, record))
        if batch.operation in {"UPDATE", "DELETE"} and not is_known:
            return "there is no such customer"
        return "there is one like this" if batch.operation == "INSERT" and is_known else None

    def take(self, batch: Batch, record: Mapping[str, Any]) -> None:
        held, meant = self.held(batch.entity), self.meant(batch, record)
        if batch.operation == "DELETE":
            for each in meant:
                held.remove(each)
        elif batch.operation == "INSERT" or not meant:
            held.append(dict(record))
        else:
            for each in meant:
                each.update(record)

    def meant(self, batch: Batch, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The records that one is about: those with its id."""
        names = batch.id_fields or ("id",)
        return [each for each in self.held(batch.entity) if all(each[name] == record.get(name) for name in names)]


def connection(password: str = PASSWORD, **properties: str) -> Connection:
    return Connection(
        account="000000000000",
        region="us-east-1",
        profile_name="shop",
        connector_type="CustomConnector",
        connector_label="Shop",
        properties={"branch": "north"} | properties,
        credentials=Credentials("BasicAuth", {"username": "ann", "password": password}),
        secret_arn="arn:aws:secretsmanager:us-east-1:000000000000:secret:shop",
    )


def secret(password: str = PASSWORD) -> str:
    """The secret of the connection, as AWS's SDK for Python spells it."""
    return json.dumps({"userName": "ann", "password": password})


def shop(kind: type[Shop] = Shop) -> type[Shop]:
    """The connector with an application of its own."""

    class Own(kind):
        application = Application()

    Own.__name__ = kind.__name__
    return Own


handler = lambda_handler(Shop)
