"""Taps and connectors of an imaginary shop, hosted, and connectors on them."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from headrace.connector_sdk.custom import CustomConnector
from headrace.connector_sdk.hosts import Host
from headrace.connector_sdk.hosts.book import Adapter, HostBook, Surroundings
from headrace.connector_sdk.metadata_cache import MetadataCache
from headrace.connector_sdk.records import Page, Query
from headrace.settings import Settings
from tests.standins.processes import PATIENCE_S
from tests.unit.connector_sdk.connections import connection, query

STANDINS = Path(__file__).parents[3] / "standins"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:Shop"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:appflow!shop"
TOKEN = "planted-token"


@dataclass
class Shop:
    """A hosted program; `lines` are what it said, with the type of the request that it said them in."""

    folder: Path
    place: Adapter
    credentials: Mapping[str, str]
    timeout_s: float = PATIENCE_S
    memory_bytes: int = 1024 * 1024 * 1024
    lines: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = HostBook(
            lambda _: self.place,
            Surroundings(
                settings=Settings(
                    data=self.folder,
                    connector_timeout_s=self.timeout_s,
                    connector_memory_bytes=self.memory_bytes,
                ),
                environment={"PATH": "/usr/bin:/bin", "HEADRACE_KEY": "k", "AWS_SECRET_ACCESS_KEY": "s", "LANG": "C"},
                now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
                on_line=lambda _: (
                    lambda line, request: self.lines.append((line, None if request is None else request["type"]))
                ),
                secrets=lambda _: {},
                secret=self._secret,
            ),
        )

    @property
    def host(self) -> Host:
        return self.book.host(ARN)

    @property
    def said(self) -> str:
        return "\n".join(line for line, _ in self.lines)

    def connector(self, **settings: str) -> CustomConnector:
        connected = connection(SECRET_ARN, **settings)
        return CustomConnector(connected, self.host, (), MetadataCache(lambda: 0), refresh=lambda: False)

    def left_over(self) -> list[Path]:
        """Files with credentials that were not removed."""
        return [path for path in (self.folder / "scratch").rglob("*") if path.is_file()]

    def _secret(self, lambda_arn: str, secret_arn: str) -> str | None:
        if (lambda_arn, secret_arn) != (ARN, SECRET_ARN):
            return None
        return json.dumps({"authenticationType": "Singer", "customCredentials": dict(self.credentials)})


@contextmanager
def shop(
    folder: Path,
    protocol: Literal["singer", "airbyte"] = "singer",
    *arguments: str,
    token: str = TOKEN,
    configuration: dict[str, Any] | None = None,
    **more: Any,
) -> Generator[Shop]:
    program = STANDINS / ("fake_tap.py" if protocol == "singer" else "fake_source.py")
    settings = folder / "settings.json"
    if configuration is not None:
        settings.write_text(json.dumps(configuration))
    place = Adapter(
        protocol,
        (sys.executable, str(program), *arguments),
        folder,
        configuration=None if configuration is None else settings,
    )
    key = "token" if protocol == "singer" else "credentials__token"
    made = Shop(folder, place, {key: token}, **more)
    try:
        yield made
    finally:
        made.book.close()


def asked(**members: Any) -> Query:
    given: dict[str, Any] = {"entity": "shop-orders", "fields": None, "page_size": 1000}
    return query(**given | members)


def ids(*pages: Page) -> list[int]:
    return [json.loads(record)["id"] for page in pages for record in page.records]
