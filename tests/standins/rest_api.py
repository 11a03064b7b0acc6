"""An application with a REST interface, in the process of the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from headrace.clock import SystemClock
from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Connection, CredentialKind, Credentials, Query
from headrace.connector_sdk.rest import Api, RestConnector
from headrace.settings import Settings

URL = "https://api.example.com"


@dataclass
class RestApi:
    """Answers requests by `answer` and keeps them; what was waited for is in `waits`."""

    answer: Callable[[httpx.Request], httpx.Response]
    asked: list[httpx.Request] = field(default_factory=list[httpx.Request])
    waits: list[float] = field(default_factory=list[float])
    kept: dict[str, Any] = field(default_factory=dict[str, Any])
    credentials: dict[str, str] = field(default_factory=lambda: {"accessToken": "planted-token-1"})
    kind: CredentialKind = "OAuth2"
    properties: dict[str, str] = field(default_factory=lambda: {"instanceUrl": URL})
    refresh: Callable[[], bool] = bool
    base_url: str | None = None

    def connector(self, api: Api) -> RestConnector:
        """The connector of a profile of this application."""
        return RestConnector(api, self.outside())

    def outside(self) -> Outside:
        """What the connector gets."""
        return Outside(
            connection=self.connection,
            refresh=self.refresh,
            kept=self._keep,
            settings=Settings(Path("nowhere")),
            now=SystemClock().now,
            http=self.http(),
            base_url=self.base_url,
        )

    def _keep(self, name: str, ask: Callable[[], Any]) -> Any:
        if name not in self.kept:
            self.kept[name] = ask()
        return self.kept[name]

    def http(self) -> Http:
        """HTTP that leads here, and waits in no time."""
        return Http(httpx.MockTransport(self._answer), wait=self.waits.append, random=lambda: 0.5)

    def connection(self) -> Connection:
        """The profile as it is now."""
        return Connection(
            account="000000000000",
            region="us-east-1",
            profile_name="shop",
            connector_type="Shop",
            connector_label=None,
            properties=dict(self.properties),
            credentials=Credentials(self.kind, dict(self.credentials)),
            secret_arn="arn:aws:secretsmanager:us-east-1:000000000000:secret:shop",
        )

    @property
    def paths(self) -> list[str]:
        """The path and query of every request."""
        return [request.url.raw_path.decode() for request in self.asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        return self.answer(request)


def answers(*values: Any) -> Callable[[httpx.Request], httpx.Response]:
    """Answers of success, one after the other; a response is answered as it is."""
    left = iter(values)

    def answer(_request: httpx.Request) -> httpx.Response:
        value = next(left)
        return value if isinstance(value, httpx.Response) else httpx.Response(200, json=value)

    return answer


def query(entity: str = "orders", **changes: Any) -> Query:
    """A query for all of an entity."""
    asked: dict[str, Any] = {
        "fields": None,
        "filter_expression": None,
        "after": None,
        "page_size": 1000,
        "flow_name": "copy",
        "execution_id": "e-1",
        "api_version": None,
        "settings": {},
    }
    return Query(entity=entity, **{**asked, **changes})


def decoded(records: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Records as values."""
    return [json.loads(record) for record in records]
