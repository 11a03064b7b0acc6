"""The conformance suite over SAP OData, against SAP's own server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from headrace.clock import SystemClock
from headrace.connector_sdk.built_in import Outside, RecordConnectorType
from headrace.connector_sdk.conformance import CHECKS, Check, Writing, of_built_in
from headrace.connector_sdk.conformance.bench import Bench
from headrace.connector_sdk.conformance.running import run_check
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Connection, Credentials
from headrace.connectors.sapodata import CONNECTOR
from headrace.connectors.sapodata.connector import SapOData
from headrace.settings import Settings
from tests.standins import cap
from tests.standins.cap import PASSWORD, USER, V2, V4

# What the suite makes values of knows the types of the Lambda contract only.
TYPES = {
    "Edm.Int32": "Integer",
    "Edm.Int64": "Long",
    "Edm.Decimal": "BigDecimal",
    "Edm.Double": "Double",
    "Edm.Boolean": "Boolean",
    "Edm.DateTimeOffset": "DateTime",
}
# This server has pages of a hundred records in version 4, whatever it is told.
LEFT_OUT = {V4: {"keeps to the page size"}, V2: set[str]()}


class InWordsOfTheSuite:
    """The connector with the suite's names of types; what it has no name for is text."""

    def __init__(self, connector: SapOData) -> None:
        self._connector = connector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    def describe(self, entity: str, *, api_version: str | None = None) -> Sequence[Mapping[str, Any]]:
        return [_renamed(each) for each in self._connector.describe(entity, api_version=api_version)]


def _renamed(field: Mapping[str, Any]) -> dict[str, Any]:
    details = field["supportedFieldTypeDetails"]["v1"]
    renamed = {**details, "fieldType": TYPES.get(details["fieldType"], "String")}
    return {**field, "supportedFieldTypeDetails": {"v1": renamed}}


@pytest.fixture(scope="module", name="port")
def server_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    modules = cap.packages()
    if modules is None:
        pytest.skip("no OData server of SAP's here: make odata-server (needs Node.js 20 or later)")
    with cap.serving(modules, tmp_path_factory.mktemp("cap") / "application") as server:
        yield server.port


@pytest.fixture(scope="module", name="bench", params=[V4, V2], ids=["V4", "V2"])
def opened_bench(
    request: pytest.FixtureRequest, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    root: str = request.param
    properties = {
        "applicationHostUrl": "http://127.0.0.1",
        "portNumber": str(port),
        "clientNumber": "100",
        "applicationServicePath": root,
    }
    credentials = Credentials("BasicAuth", {"username": USER, "password": PASSWORD})
    connection = Connection("0", "r", "p", "SAPOData", None, properties, credentials, "arn")

    def opened(held: Connection, outside: Outside) -> Any:
        return InWordsOfTheSuite(CONNECTOR.open(held, outside))  # pyright: ignore[reportArgumentType]

    kind = RecordConnectorType(connector_type="SAPOData", open=opened)
    with closing(Http()) as http:
        outside = Outside(
            lambda: connection,
            lambda: False,
            _kept(),
            Settings(tmp_path_factory.mktemp("data")),
            SystemClock().now,
            http=http,
        )
        # The suite makes no values of these types.
        typed = {"orderedOn": "2024-01-31", "packedAt": "09:05:00", "customer_ID": None}
        refused = {**typed, "status": "a status that is far too long for its column"}
        orders = Writing(f"{root}/SalesOrders", typed, {"ID": 1, **refused})
        subject = of_built_in(kind, connection, outside, entities=[f"{root}/Customers"], write=[orders])
        yield Bench(replace(subject, seed=20_000 if root == V4 else 30_000))


def _kept() -> Callable[[str, Callable[[], Any]], Any]:
    memory: dict[str, Any] = {}

    def kept(name: str, ask: Callable[[], Any]) -> Any:
        return memory[name] if name in memory else memory.setdefault(name, ask())

    return kept


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_it_does_what_a_connector_of_records_does(bench: Bench, check: Check) -> None:
    root = bench.subject.connection.properties["applicationServicePath"]
    if check.name in LEFT_OUT[root]:
        pytest.skip("the server has pages of its own size")
    result = run_check(check, bench)
    assert result.outcome != "failed", result.reason
