"""Salesforce as a connector that holds four accounts, for callers who ask for nothing more of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Any

from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.records import Batch, Connection, Page, Query, Rejection, Side
from headrace.connector_sdk.registry import GROUP
from headrace.errors import Stop

ENTRY = EntryPoint("Salesforce", f"{__name__}:CONNECTOR", GROUP)
ACCOUNTS = tuple(
    {"Id": str(day), "Name": f"account {day}", "CreatedDate": f"2026-01-0{day}T12:00:00.000+0000"}
    for day in (1, 2, 3, 4)
)


class Accounts:
    batch_size = 200

    def __init__(self, connection: Connection, outside: Outside) -> None:
        self._connection = connection

    def read(self, query: Query) -> Iterator[Page]:
        yield Page(tuple(json.dumps(account) for account in ACCOUNTS), None)

    def write(self, batch: Batch) -> Sequence[Rejection]:
        raise Stop("Nothing is written to these accounts.")

    def entities(self, path: str | None, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return [{"name": "Account"}]

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        kinds = {"Id": "string", "Name": "string", "CreatedDate": "datetime"}
        return [
            {"identifier": name, "supportedFieldTypeDetails": {"v1": {"fieldType": kind, "filterOperators": []}}}
            for name, kind in kinds.items()
        ]

    def check(self) -> None:
        return

    def check_settings(self, scope: Side, settings: Mapping[str, str]) -> None:
        return


CONNECTOR = RecordConnectorType(connector_type="Salesforce", open=Accounts)
