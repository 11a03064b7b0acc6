"""What SAP's own OData server answers to the filters that the connector sends: never less than is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.http.logins import Basic
from headrace.connector_sdk.http.session import Account, Http
from headrace.connector_sdk.records import Condition, Connection, Credentials
from headrace.connectors.sapodata.addresses import Site
from headrace.connectors.sapodata.connector import SapOData
from headrace.connectors.sapodata.services import Services
from headrace.connectors.sapodata.words import judge
from tests.standins.cap import PASSWORD, USER, V2, V4, Cap
from tests.standins.processes import PATIENCE_S
from tests.standins.rest_api import query

Row = dict[str, Any]
Read = Callable[..., list[Row]]


@pytest.fixture(scope="module", name="read")
def reading(cap_server: Cap) -> Iterator[Read]:
    """Reads the orders of a service under conditions."""
    properties = {
        "applicationHostUrl": "http://127.0.0.1",
        "portNumber": str(cap_server.port),
        "clientNumber": "100",
        "applicationServicePath": V4,
    }
    credentials = Credentials("BasicAuth", {"username": USER, "password": PASSWORD})
    connection = Connection("0", "r", "p", "SAPOData", None, properties, credentials, "arn")
    memory: dict[str, Any] = {}

    def kept(name: str, ask: Callable[[], Any]) -> Any:
        return memory[name] if name in memory else memory.setdefault(name, ask())

    with closing(Http()) as http:
        session = http.session(Account(lambda: connection), Basic(), judge=judge)
        connector = SapOData(Services(session, Site.of(connection), kept))

        def read(root: str, *conditions: Condition) -> list[Row]:
            pages = connector.read(query(f"{root}/SalesOrders", conditions=conditions))
            return [json.loads(record) for page in pages for record in page.records]

        yield read


CONDITIONS: dict[str, tuple[Condition, Callable[[Row], bool]]] = {
    "quote": (Condition("status", "EQUAL_TO", ("it's odd",), "text"), lambda row: row["status"] == "it's odd"),
    "signs": (
        Condition("status", "EQUAL_TO", ("on+hold & 100%",), "text"),
        lambda row: row["status"] == "on+hold & 100%",
    ),
    "several": (
        Condition("status", "EQUAL_TO", ("größer/ß", "paid"), "text"),
        lambda row: row["status"] in {"größer/ß", "paid"},
    ),
    "part": (Condition("status", "CONTAINS", ("+hold &",), "text"), lambda row: "+hold &" in row["status"]),
    "integer": (Condition("ID", "LESS_THAN", ("100",), "number"), lambda row: row["ID"] < 100),
    "number as text": (Condition("ID", "EQUAL_TO", ("100", "7"), "text"), lambda row: row["ID"] in {100, 7}),
    "long": (
        Condition("pieces", "GREATER_THAN", ("9007199254740991",), "number"),
        lambda row: row["pieces"] > 9007199254740991,
    ),
    "truth": (Condition("isPaid", "EQUAL_TO", ("true",), "boolean"), lambda row: row["isPaid"] == 1),
    "guid": (
        Condition("customer_ID", "EQUAL_TO", ("00000000-0000-4000-8000-000000000077",), "text"),
        lambda row: row["customer_ID"].endswith("077"),
    ),
}
BOUNDED: dict[str, tuple[Condition, Callable[[Row], bool]]] = {
    "decimal": (Condition("gross", "GREATER_THAN", ("52719.09",), "number"), lambda row: row["gross"] > 52719.09),
    "decimals": (
        Condition("gross", "BETWEEN", ("100.5", "9000"), "number"),
        lambda row: 100.5 <= row["gross"] <= 9000,
    ),
    "days": (
        Condition("orderedOn", "BETWEEN", ("2021-02-01", "2021-03-01"), "instant"),
        lambda row: "2021-02-01" < row["orderedOn"] < "2021-03-01",
    ),
    "noon": (
        Condition("orderedOn", "GREATER_THAN", ("2023-01-01T12:00:00Z",), "instant"),
        lambda row: row["orderedOn"] > "2023-01-01",
    ),
    "second": (
        Condition("shippedAt", "GREATER_THAN_OR_EQUAL_TO", ("2023-01-01T01:02:03Z",), "instant"),
        lambda row: row["shippedAt"] >= "2023-01-01T01:02:03",
    ),
    "last second": (
        Condition("shippedAt", "LESS_THAN_OR_EQUAL_TO", ("2020-02-01T01:02:03Z",), "instant"),
        lambda row: row["shippedAt"] <= "2020-02-01T01:02:03.000Z",
    ),
    "millisecond": (
        Condition("changedAt", "EQUAL_TO", ("2020-04-10T12:34:56.1Z",), "instant"),
        lambda row: row["changedAt"] == "2020-04-10T12:34:56.100Z",
    ),
}


@pytest.mark.parametrize("condition,is_wanted", CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_the_service_answers_exactly_what_is_wanted(
    read: Read, cap_server: Cap, root: str, condition: Condition, is_wanted: Callable[[Row], bool]
) -> None:
    wanted = [row["ID"] for row in cap_server.rows("SalesOrders") if is_wanted(row)]
    assert 0 < len(wanted) < 1250
    assert [row["ID"] for row in read(root, condition)] == wanted


@pytest.mark.parametrize("condition,is_wanted", BOUNDED.values(), ids=BOUNDED)
@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_the_service_answers_what_lies_at_the_bounds_and_little_beyond(
    read: Read, cap_server: Cap, root: str, condition: Condition, is_wanted: Callable[[Row], bool]
) -> None:
    wanted = {row["ID"] for row in cap_server.rows("SalesOrders") if is_wanted(row)}
    found = {row["ID"] for row in read(root, condition)}
    assert wanted
    assert wanted <= found
    assert len(found - wanted) <= 2


HOSTILE = st.text(st.sampled_from("'\"%_\\+&#?=/;:()$,. \t\nüß€😀aA0-"), min_size=1, max_size=12) | st.text(min_size=1)


@given(value=HOSTILE)
@settings(max_examples=15)
@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_a_text_is_found_by_itself(read: Read, cap_server: Cap, root: str, value: str) -> None:
    row = {"ID": 99999, "status": "hostile", "note": value}
    only = Condition("ID", "EQUAL_TO", ("99999",), "number")
    orders = f"{cap_server.url}{V4}/SalesOrders"
    with httpx.Client(auth=(USER, PASSWORD), timeout=PATIENCE_S) as http:
        http.post(orders, json=row).raise_for_status()
        try:
            found = [
                record["note"]
                for operator in ("EQUAL_TO", "CONTAINS")
                for record in read(root, Condition("note", operator, (value,), "text"), only)
            ]
        finally:
            http.delete(f"{orders}(99999)", headers={"if-match": "*"}).raise_for_status()
    assert found == [value, value]
