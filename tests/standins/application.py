"""An application behind a connector of records, in the process of the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headrace.connector_sdk.records import Batch, Page, Query, Rejection, Side
from headrace.errors import NotThere, Stop


class Application:
    """Serves the texts of `held` in pages of `page_size` and keeps what it is sent, a batch once by its key.

    `on_page` is called with the number of each page before it is answered, `on_batch` with each batch before it is
    taken; both may raise. `refuse` names the reason for which a record is not taken. `position_of` makes positions
    of places; a broken application can be told to lie. `bookmarks` are those of the pages, by number; `left` counts
    the readings that were given up. `is_place_kept` says whether bookmarks count.
    """

    def __init__(self, held: Sequence[str] = (), *, page_size: int = 2, batch_size: int = 2) -> None:
        self.held = tuple(held)
        self.page_size = page_size
        self.batch_size = batch_size
        self.queries: list[Query] = []
        self.batches: list[Batch] = []
        self.checked: list[tuple[Side, dict[str, str]]] = []
        self.taken: dict[str, list[str]] = {}
        self.entity_names = {"order"}
        self.fields: list[dict[str, Any]] = [{"identifier": "id"}]
        self.on_page: Callable[[int], None] = lambda page: None
        self.on_batch: Callable[[Batch], None] = lambda batch: None
        self.after_batch: Callable[[Batch], None] = lambda batch: None
        self.refuse: Callable[[dict[str, Any]], str | None] = lambda record: None
        self.position_of: Callable[[int], str] = str
        self.bookmarks: dict[int, str] = {}
        self.left = 0
        self.is_place_kept = False
        self._place_of: dict[str, int] = {}

    @property
    def records(self) -> list[dict[str, Any]]:
        """What it took, in order of the batches."""
        return [json.loads(text) for texts in self.taken.values() for text in texts]

    def read(self, query: Query) -> Iterator[Page]:
        self.queries.append(query)
        self._must_have(query.entity)
        start = 0 if query.after is None else self._place_of[query.after]
        for place in range(start, max(len(self.held), 1), self.page_size):
            self.on_page(place // self.page_size)
            following = place + self.page_size
            position = self.position_of(following) if following < len(self.held) else None
            if position is not None:
                self._place_of[position] = following
            try:
                yield Page(self.held[place:following], position, self.bookmarks.get(place // self.page_size))
            except GeneratorExit:
                self.left += 1
                raise

    def keeps_place(self, entity: str, *, api_version: str | None = None) -> bool:
        return self.is_place_kept

    def write(self, batch: Batch) -> Sequence[Rejection]:
        self.batches.append(batch)
        self._must_have(batch.entity)
        self.on_batch(batch)
        reasons = [self.refuse(json.loads(text)) for text in batch.records]
        self.taken[batch.key] = [text for text, reason in zip(batch.records, reasons, strict=True) if reason is None]
        self.after_batch(batch)
        return [Rejection(place, reason) for place, reason in enumerate(reasons) if reason is not None]

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return [{"name": name, "hasNestedEntities": False} for name in sorted(self.entity_names)]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        self._must_have(entity)
        return self.fields

    def check(self) -> None:
        return

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        self.checked.append((scope, dict(settings)))
        if "wrong" in settings:
            raise Stop(f"{scope}: there is no setting wrong")

    def _must_have(self, entity: str) -> None:
        if entity not in self.entity_names:
            raise NotThere(f"There is no entity {entity}")


class Profiles:
    """Connector profiles that lead to applications, by name."""

    def __init__(self, **applications: Application) -> None:
        self.applications = applications
        self.opened: list[tuple[str, str, str]] = []

    def open(self, account: str, region: str, profile_name: str, connector_type: str | None = None) -> Application:
        self.opened.append((account, region, profile_name))
        if profile_name not in self.applications:
            raise NotThere(f"There is no connector profile {profile_name}")
        return self.applications[profile_name]


def from_records(profile: str = "crm", entity: str = "order") -> dict[str, Any]:
    """A sourceFlowConfig."""
    return {
        "connectorType": "CustomConnector",
        "connectorProfileName": profile,
        "apiVersion": "v1",
        "sourceConnectorProperties": {
            "CustomConnector": {"entityName": entity, "customProperties": {"view": "all"}},
        },
    }


def to_records(profile: str = "erp", entity: str = "order", **properties: Any) -> dict[str, Any]:
    """A destinationFlowConfig."""
    return {
        "connectorType": "CustomConnector",
        "connectorProfileName": profile,
        "apiVersion": "v2",
        "destinationConnectorProperties": {"CustomConnector": {"entityName": entity, **properties}},
    }
