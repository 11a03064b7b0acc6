"""An application whose records lie in a folder, so that it outlives the process that speaks to it.

It forgets what was acknowledged: who begins to read after a place, in a process that was not told of that place
itself, must have kept all that lies before it, so nobody gets that any more.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from headrace.clock import to_ms
from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side

# AppFlow has no connector of this application's own.
CONNECTOR_TYPE = "Zendesk"
BATCH_SIZE = 4
PAGE_SIZE = 2
REFUSED = "3"
PROFILE: dict[str, Any] = {
    "connectorProfileName": "ledger",
    "connectorType": CONNECTOR_TYPE,
    "connectionMode": "Public",
    "connectorProfileConfig": {
        "connectorProfileProperties": {CONNECTOR_TYPE: {"instanceUrl": "https://ledger.example"}},
        "connectorProfileCredentials": {
            CONNECTOR_TYPE: {"clientId": "a", "clientSecret": "planted-secret", "accessToken": "planted-token"}
        },
    },
}


@dataclass
class Ledger:
    """What lies in the folder.

    `on_page` and `on_batch` get the number of each, from 1, before it is answered, and may raise; a batch that comes
    again has the number it had. `on_any` gets the word for what comes.

    Records whose numbers end in REFUSED are not taken. A record is there from its `at_ms` on. `is_endless`: after
    the records come others without an end.
    """

    folder: Path
    on_page: Callable[[int], None] = lambda number: None
    on_batch: Callable[[int], None] = lambda number: None
    on_any: Callable[[str], None] = lambda what: None
    is_endless: bool = False

    def hold(self, count: int, at: datetime) -> None:
        """Add so many records that are there from that time on."""
        held, at_ms = self._held(), to_ms(at)
        held += [{"n": len(held) + 1 + number, "at_ms": at_ms} for number in range(count)]
        self._replace("held.json", held)

    @property
    def batches(self) -> list[dict[str, Any]]:
        """Every batch that came, those that came twice too: its `key`, and the records `taken` of it."""
        path = self.folder / "taken.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def connector_type(self) -> RecordConnectorType:
        return RecordConnectorType(
            connector_type=CONNECTOR_TYPE, open=lambda connection, outside: Desk(self, connection, outside)
        )

    def rows(self, now_ms: int) -> Iterator[dict[str, Any]]:
        """What it still has and shows at that time."""
        forgotten = self._said("forgotten.json", 0)
        held = [row for row in self._held() if row["at_ms"] <= now_ms]
        yield from (row for row in held if row["n"] > forgotten)
        number = len(held)
        while self.is_endless:
            number += 1
            yield {"n": number, "at_ms": now_ms}

    def begin(self, query: Query) -> int:
        """The place after which a reading begins."""
        place = int(query.after or query.since or 0)
        if query.after is None or self._said("told.json", {}).get(query.after) != os.getpid():
            self._replace("forgotten.json", max(self._said("forgotten.json", 0), place))
        return place

    def tell(self, position: str) -> None:
        self._replace("told.json", {position: os.getpid()})

    def take(self, batch: Batch) -> list[Rejection]:
        self.on_any("a batch")
        self.on_batch(len({sent["key"] for sent in self.batches} | {batch.key}))
        records = [json.loads(text) for text in batch.records]
        refused = [place for place, record in enumerate(records) if str(record["n"]).endswith(REFUSED)]
        taken = [record for place, record in enumerate(records) if place not in refused]
        with (self.folder / "taken.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(f"{json.dumps({'key': batch.key, 'taken': taken})}\n")
            stream.flush()
            os.fsync(stream.fileno())
        return [Rejection(place, "no threes") for place in refused]

    def _held(self) -> list[dict[str, Any]]:
        return self._said("held.json", [])

    def _said(self, name: str, otherwise: Any) -> Any:
        path = self.folder / name
        return json.loads(path.read_text("utf-8")) if path.exists() else otherwise

    def _replace(self, name: str, what: Any) -> None:
        new = self.folder / f"{name}.{uuid.uuid4().hex}"
        new.write_text(json.dumps(what), "utf-8")
        new.replace(self.folder / name)


class Desk:
    """The connector of the ledger."""

    batch_size = BATCH_SIZE

    def __init__(self, ledger: Ledger, connection: Connection, outside: Outside) -> None:
        self._ledger = ledger
        self._now = outside.now

    def read(self, query: Query) -> Iterator[Page]:
        place = self._ledger.begin(query)
        rows = (row for row in self._ledger.rows(to_ms(self._now())) if row["n"] > place)
        page: list[dict[str, Any]] = []
        number = 0
        for row in rows:
            page.append(row)
            if len(page) == PAGE_SIZE:
                number += 1
                self._ledger.on_any("a page")
                self._ledger.on_page(number)
                position = str(row["n"])
                self._ledger.tell(position)
                yield Page(page, position, bookmark=position)
                page = []
        yield Page(page, None, bookmark=str(page[-1]["n"]) if page else None)

    def keeps_place(self, entity: str, *, api_version: str | None = None) -> bool:
        return True

    def write(self, batch: Batch) -> Sequence[Rejection]:
        return self._ledger.take(batch)

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return [{"name": "entry", "hasNestedEntities": False}]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return [{"identifier": "n"}, {"identifier": "at_ms"}]

    def check(self) -> None:
        return

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        return
