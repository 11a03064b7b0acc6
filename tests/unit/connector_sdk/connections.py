"""A connection of a custom connector, and a host that answers what a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from headrace.connector_sdk.custom import CustomConnector
from headrace.connector_sdk.hosts import Request
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.records import Batch, Connection, Credentials, Query
from tests.standins import stock_connector

RECORDED = Path(__file__).parents[2] / "data" / "connector-requests"
SECRET_ARN = (
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:appflow!123456789012-Demo-MyConnection-123456789012-QiBjcM"
)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}Request.json").read_text())


def connection(secret_arn: str = SECRET_ARN, **properties: str) -> Connection:
    return Connection(
        account="123456789012",
        region="eu-west-1",
        profile_name="MyConnection",
        connector_type="CustomConnector",
        connector_label="Demo",
        properties=properties,
        credentials=Credentials("BasicAuth", {"username": "u", "password": "p"}),
        secret_arn=secret_arn,
    )


def query(**members: Any) -> Query:
    given: dict[str, Any] = {
        "entity": "stock",
        "fields": ("id", "name"),
        "filter_expression": None,
        "after": None,
        "page_size": 3,
        "flow_name": "MyDemoFlow",
        "execution_id": "dd4fc661-e178-4169-aa7d-84fcde853e40",
        "api_version": None,
        "settings": {},
    }
    return Query(**given | members)


def batch(*records: str, **members: Any) -> Batch:
    given: dict[str, Any] = {
        "key": "run/0",
        "entity": "stock",
        "operation": "INSERT",
        "id_fields": (),
        "records": records,
        "flow_name": "MyDemoWrite",
        "execution_id": "64c29dc4-ced0-44d1-a1eb-8bf21fd04709",
        "api_version": None,
        "settings": {},
        "all_or_none": False,
    }
    return Batch(**given | members)


class Answers:
    """A host that answers one thing after another, or as the stock connector where it has no more."""

    def __init__(self, *answers: object) -> None:
        self.asked: list[dict[str, Any]] = []
        self.batch_keys: list[str | None] = []
        self._answers: Iterator[object] = iter(answers)

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        self.asked.append(json.loads(json.dumps(request)))
        self.batch_keys.append(batch_key)
        for answer in self._answers:
            if isinstance(answer, Exception):
                raise answer
            return answer
        return json.loads(json.dumps(stock_connector.handle(self.asked[-1], None)))

    def close(self) -> None:
        return


def connector(
    host: Answers, held: Connection | None = None, *, refresh: Callable[[], bool] = lambda: False, now_ms: int = 0
) -> CustomConnector:
    cache = MetadataCache(lambda: now_ms)
    return CustomConnector(held or connection(), host, ("v1.0",), cache, refresh)
