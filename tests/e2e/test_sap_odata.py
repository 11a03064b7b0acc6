"""Flows from SAP's own OData server, versions 2 and 4, to S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from headrace.testing import Headrace, running
from tests.e2e import sap
from tests.standins.cap import USER, V2, V4, Cap
from tests.standins.faulty import Fault, faulty_proxy

Row = dict[str, Any]

WRONG = {"basicAuthCredentials": {"username": USER, "password": "planted-wrong-password"}}
INSTANTS = {"shippedAt", "changedAt"}
BOOLEANS = {"isPaid", "blocked"}


@pytest.fixture(scope="module", name="service")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("sap") / "data", entries=sap.ENTRIES) as service:
        yield service


@pytest.fixture(scope="module", name="appflow")
def client(service: Headrace) -> Iterator[Any]:
    with closing(boto3.client("appflow", **service.client_arguments)) as appflow:
        yield appflow


@pytest.fixture(scope="module", name="connected")
def connected_client(appflow: Any, cap_server: Cap) -> Any:
    """The client, where there is the profile `sap`."""
    appflow.create_connector_profile(**sap.profile(cap_server.port, V4))
    return appflow


def comparable(row: Row) -> Row:
    """A row of the database, or a record of the output, without the differences that are only of form."""
    return {name: _comparable(name, value) for name, value in row.items()}


def _comparable(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in INSTANTS:
        return datetime.fromisoformat(value).astimezone(UTC)
    return bool(value) if name in BOOLEANS else value


@pytest.mark.parametrize("table", ["SalesOrders", "Customers", "Items"])
@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_every_row_of_the_database_comes_out_once_and_as_it_is(
    service: Headrace, connected: Any, cap_server: Cap, root: str, table: str
) -> None:
    document = sap.flow(f"{root}/{table}")
    record = sap.run(service, connected, document)

    rows = cap_server.rows(table)
    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == len(rows) >= 250
    assert list(map(comparable, sap.written(service, document))) == list(map(comparable, rows))


@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_a_mapped_field_keeps_its_digits_and_needs_no_other_field(
    service: Headrace, connected: Any, cap_server: Cap, root: str
) -> None:
    document = sap.flow(f"{root}/SalesOrders", sap.projected("gross", "note"))
    record = sap.run(service, connected, document)

    assert record["executionStatus"] == "Successful", record
    rows = [{name: row[name] for name in ("gross", "note")} for row in cap_server.rows("SalesOrders")]
    assert sap.written(service, document) == rows


def _is_wanted(row: Row) -> bool:
    return (
        row["status"] in {"it's odd", "on+hold & 100%"}
        and row["gross"] >= 5000.5
        and "2020-02-01" < row["orderedOn"] < "2022-02-01"
        and row["changedAt"] <= "2022-01-10T12:34:56.739Z"
        and row["note"] != "order 5"
    )


@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_filters_let_through_exactly_what_they_say(
    service: Headrace, connected: Any, cap_server: Cap, root: str
) -> None:
    conditions = [
        sap.condition("status", "EQUAL_TO", "Edm.String", VALUES="it's odd::on+hold & 100%"),
        sap.condition("gross", "GREATER_THAN_OR_EQUAL_TO", "Edm.Decimal", VALUE="5000.5"),
        sap.condition("orderedOn", "BETWEEN", "Edm.Date", LOWER_BOUND="2020-02-01", UPPER_BOUND="2022-02-01"),
        sap.condition("changedAt", "LESS_THAN_OR_EQUAL_TO", "Edm.DateTimeOffset", VALUE="2022-01-10T12:34:56.739Z"),
        sap.condition("note", "NOT_EQUAL_TO", "Edm.String", VALUE="order 5"),
    ]
    document = sap.flow(f"{root}/SalesOrders", [*conditions, *sap.projected("ID")])
    record = sap.run(service, connected, document)

    assert record["executionStatus"] == "Successful", record
    wanted = [row["ID"] for row in cap_server.rows("SalesOrders") if _is_wanted(row)]
    assert len(wanted) > 100
    assert [each["ID"] for each in sap.written(service, document)] == wanted


@pytest.mark.parametrize("root,requests", [(V4, 3), (V2, 6)], ids=["V4", "V2"])
def test_pages_have_the_size_that_the_flow_asks_for_where_the_service_lets_it(
    service: Headrace, appflow: Any, cap_server: Cap, root: str, requests: int
) -> None:
    with faulty_proxy(cap_server.url) as proxy:
        profile = sap.profile(proxy.server_address[1], root, f"sized-{requests}")
        appflow.create_connector_profile(**profile)
        document = sap.flow(
            f"{root}/Customers",
            profile_name=f"sized-{requests}",
            paginationConfig={"maxPageSize": 50},
            parallelismConfig={"maxParallelism": 4},
        )
        sap.run(service, appflow, document)
        asked = [each for each in proxy.requests if "/Customers" in each]

    assert len(sap.written(service, document)) == 250
    # Of version 4, this server has pages of a hundred whatever it is told.
    assert len(asked) == requests


@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_a_run_goes_on_where_a_page_failed(service: Headrace, appflow: Any, cap_server: Cap, root: str) -> None:
    failed: list[str] = []

    def rule(_method: str, path: str) -> Fault:
        if "/SalesOrders" not in path or path in failed:
            return "pass"
        failed.append(path)
        return "error" if len(failed) % 2 else "cut"

    with faulty_proxy(cap_server.url, rule) as proxy:
        appflow.create_connector_profile(**sap.profile(proxy.server_address[1], root, f"bumpy{root.replace('/', '-')}"))
        tasks = sap.projected("ID")
        document = sap.flow(f"{root}/SalesOrders", tasks, profile_name=f"bumpy{root.replace('/', '-')}")
        record = sap.run(service, appflow, document)

    assert record["executionStatus"] == "Successful", record
    assert len(failed) >= 3
    assert [each["ID"] for each in sap.written(service, document)] == list(range(1, 1251))


def test_a_password_that_the_service_refuses_makes_no_profile(appflow: Any, cap_server: Cap) -> None:
    refused = appflow.exceptions.ConnectorAuthenticationException
    with pytest.raises(refused, match=r"answered status 401: Unauthorized") as raised:
        appflow.create_connector_profile(**sap.profile(cap_server.port, V4, "wrong", credentials=WRONG))
    assert "planted" not in str(raised.value)
    assert appflow.describe_connector_profiles(connectorProfileNames=["wrong"])["connectorProfileDetails"] == []


@pytest.mark.parametrize(
    "port,path,reason",
    [(None, "/nowhere", "applicationServicePath"), (1, V4, "can't be reached")],
    ids=["path", "port"],
)
def test_a_service_that_is_not_there_makes_no_profile(
    appflow: Any, cap_server: Cap, port: int | None, path: str, reason: str
) -> None:
    with pytest.raises(appflow.exceptions.ConnectorServerException, match=reason):
        appflow.create_connector_profile(**sap.profile(port or cap_server.port, path, "gone"))


def test_entity_sets_and_their_fields_can_be_browsed(connected: Any) -> None:
    found = connected.list_connector_entities(connectorProfileName="sap")["connectorEntityMap"]["Objects"]
    assert [each["name"] for each in found] == [
        f"{V4}/{name}" for name in ("SalesOrders", "Customers", "Items", "Totals")
    ]
    below = connected.list_connector_entities(connectorProfileName="sap", entitiesPath=V2)["connectorEntityMap"]
    assert f"{V2}/SalesOrders" in [each["name"] for each in below["Objects"]]

    described = connected.describe_connector_entity(connectorProfileName="sap", connectorEntityName=f"{V2}/Items")
    fields = {each["identifier"]: each for each in described["connectorEntityFields"]}
    assert [name for name, each in fields.items() if each["isPrimaryKey"]] == ["order_ID", "pos"]
    assert fields["quantity"]["supportedFieldTypeDetails"]["v1"]["fieldType"] == "Edm.Decimal"


@pytest.mark.parametrize(
    "catalog,services,below",
    [
        ("/odata/v2/catalogservice", {V2: "Sales", "/odata/v2/sales-again": "Sales again"}, V2),
        ("/catalog", {V4: "Sales"}, V4),
    ],
    ids=["V2", "V4"],
)
def test_a_catalog_leads_to_services_and_these_to_entity_sets(
    appflow: Any, cap_server: Cap, catalog: str, services: dict[str, str], below: str
) -> None:
    name = f"catalog{catalog.replace('/', '-')}"
    appflow.create_connector_profile(**sap.profile(cap_server.port, catalog, name))

    top = appflow.list_connector_entities(connectorProfileName=name)["connectorEntityMap"]["Objects"]
    assert {each["name"]: each["label"] for each in top} == services
    assert all(each["hasNestedEntities"] for each in top)
    nested = appflow.list_connector_entities(connectorProfileName=name, entitiesPath=below)["connectorEntityMap"]
    assert f"{below}/SalesOrders" in [each["name"] for each in nested["Objects"]]


def test_a_flow_from_an_entity_set_that_is_not_there_is_refused(connected: Any) -> None:
    with pytest.raises(connected.exceptions.ConnectorServerException, match="SalesOrders, Totals"):
        connected.create_flow(**sap.flow(f"{V4}/Nothing"))
