"""Flows from SAP's own OData server with a connector that is data alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import EntryPoint
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from headrace.connector_sdk.registry import GROUP
from headrace.testing import Headrace, running
from tests.e2e import sap
from tests.standins.cap import USER, V4, Cap
from tests.standins.faulty import Fault, faulty_proxy

ENTRIES = (
    EntryPoint("S3", "headrace.connectors.s3:CONNECTOR", GROUP),
    EntryPoint("SAPOData", "tests.standins.sales_as_data:CONNECTOR", GROUP),
)
WRONG = {"basicAuthCredentials": {"username": USER, "password": "planted-wrong-password"}}


@pytest.fixture(scope="module", name="service")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("sales") / "data", entries=ENTRIES) as service:
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


def test_every_row_comes_out_once_over_pages_that_fail(service: Headrace, appflow: Any, cap_server: Cap) -> None:
    failed: list[str] = []

    def rule(_method: str, path: str) -> Fault:
        if "/SalesOrders" not in path or path in failed:
            return "pass"
        failed.append(path)
        return "error" if len(failed) % 2 else "cut"

    with faulty_proxy(cap_server.url, rule) as proxy:
        appflow.create_connector_profile(**sap.profile(proxy.server_address[1], V4, "bumpy"))
        document = sap.flow("SalesOrders", sap.projected("ID", "gross", "note"), profile_name="bumpy")
        record = sap.run(service, appflow, document)

    rows = [{name: row[name] for name in ("ID", "gross", "note")} for row in cap_server.rows("SalesOrders")]
    assert record["executionStatus"] == "Successful", record
    assert len(failed) > 10
    assert all("select=ID%2Cgross%2Cnote" in path for path in failed), failed
    # This server writes decimals as texts.
    assert [{**each, "gross": float(each["gross"])} for each in sap.written(service, document)] == rows


def test_filters_are_the_services_work_and_exact(service: Headrace, appflow: Any, cap_server: Cap) -> None:
    conditions = [
        sap.condition("status", "EQUAL_TO", "String", VALUES="it's odd::on+hold & 100%"),
        sap.condition("gross", "GREATER_THAN_OR_EQUAL_TO", "BigDecimal", VALUE="5000.5"),
        sap.condition("orderedOn", "BETWEEN", "Date", LOWER_BOUND="2020-02-01", UPPER_BOUND="2022-02-01"),
    ]
    with faulty_proxy(cap_server.url) as proxy:
        appflow.create_connector_profile(**sap.profile(proxy.server_address[1], V4, "watched"))
        document = sap.flow("SalesOrders", [*conditions, *sap.projected("ID")], profile_name="watched")
        record = sap.run(service, appflow, document)
        asked = [path for path in proxy.requests if "/SalesOrders" in path]

    wanted = [
        row["ID"]
        for row in cap_server.rows("SalesOrders")
        if row["status"] in {"it's odd", "on+hold & 100%"}
        and row["gross"] >= 5000.5
        and "2020-02-01" < row["orderedOn"] < "2022-02-01"
    ]
    assert record["executionStatus"] == "Successful", record
    assert [each["ID"] for each in sap.written(service, document)] == wanted
    assert 0 < len(wanted) < 1250
    # What the service leaves out is never sent, so there are fewer pages than all records have.
    assert record["executionResult"]["recordsProcessed"] < 1250
    assert len(asked) < 13


def test_it_is_browsed_by_what_it_declares(connected: Any) -> None:
    found = connected.list_connector_entities(connectorProfileName="sap")["connectorEntityMap"]["Objects"]
    assert [each["name"] for each in found] == ["SalesOrders", "Customers"]
    described = connected.describe_connector_entity(connectorProfileName="sap", connectorEntityName="SalesOrders")
    keys = [each["identifier"] for each in described["connectorEntityFields"] if each["isPrimaryKey"]]
    assert keys == ["ID"]


def test_a_password_that_the_service_refuses_makes_no_profile(appflow: Any, cap_server: Cap) -> None:
    with pytest.raises(ClientError, match="401") as raised:
        appflow.create_connector_profile(**sap.profile(cap_server.port, V4, "wrong", credentials=WRONG))
    assert raised.value.response["Error"]["Code"] == "ConnectorAuthenticationException"
    assert "planted" not in str(raised.value)
