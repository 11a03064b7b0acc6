"""Flows from S3 into SAP's own OData server, versions 2 and 4."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest

from headrace.testing import Headrace, running
from tests.e2e import sap
from tests.standins import cap
from tests.standins.cap import V2, V4, Cap

ROOTS = pytest.mark.parametrize("root,start", [(V4, 10_000), (V2, 20_000)], ids=["V4", "V2"])


@pytest.fixture(scope="module", name="server")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cap]:
    """A server of its own: others count on the rows that it begins with."""
    modules = cap.packages()
    if modules is None:
        pytest.skip("no OData server of SAP's here: make odata-server (needs Node.js 20 or later)")
    with cap.serving(modules, tmp_path_factory.mktemp("cap") / "written") as server:
        yield server


@pytest.fixture(scope="module", name="service")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("sap") / "data", entries=sap.ENTRIES) as service:
        yield service


@pytest.fixture(scope="module", name="appflow")
def client(service: Headrace, server: Cap) -> Iterator[Any]:
    """Where there is the profile `sap`."""
    with closing(boto3.client("appflow", **service.client_arguments)) as appflow:
        appflow.create_connector_profile(**sap.profile(server.port, V4))
        yield appflow


def rows(server: Cap, table: str, name: str, *values: Any) -> list[dict[str, Any]]:
    return [row for row in server.rows(table) if row[name] in values]


def mapped(**types: str) -> list[dict[str, Any]]:
    projection, *maps = sap.projected(*types)
    for task in maps:
        task["taskProperties"] = {"DESTINATION_DATA_TYPE": types[task["destinationField"]]}
    return [projection, *maps]


@ROOTS
def test_records_are_inserted_and_those_that_are_refused_are_kept_with_the_reason(
    service: Headrace, appflow: Any, server: Cap, root: str, start: int
) -> None:
    document = sap.writing(
        f"{root}/SalesOrders",
        mapped(ID="Edm.Int32", status="Edm.String", gross="Edm.Decimal", isPaid="Edm.Boolean", orderedOn="Edm.Date"),
    )
    lines = [
        "ID,status,gross,isPaid,orderedOn",
        f"{start},it's über,12.50,true,2024-02-29",
        f"{start + 1},a status that is far too long for its column,1,false,2024-01-01",
        f"{start + 2},,0.75,false,",
    ]
    service.put_object("raw", f"{document['flowName']}/a.csv", "\n".join(lines).encode())

    record = sap.run(service, appflow, document)

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["errorInfo"]["putFailuresCount"] == 1
    found = rows(server, "SalesOrders", "ID", start, start + 1, start + 2)
    assert [(row["status"], row["gross"], row["isPaid"], row["orderedOn"]) for row in found] == [
        ("it's über", 12.5, 1, "2024-02-29"),
        (None, 0.75, 0, None),
    ]
    (key,) = service.list_objects("errors", document["flowName"])
    (refused,) = service.get_object("errors", key).splitlines()
    assert json.loads(refused)["record"]["ID"] == start + 1
    assert "status 400: " in json.loads(refused)["error"]


@ROOTS
@pytest.mark.parametrize("operation", ["UPDATE", "UPSERT"])
def test_records_are_found_by_their_key(
    service: Headrace, appflow: Any, server: Cap, root: str, start: int, operation: str
) -> None:
    tasks = mapped(order_ID="Edm.Int32", pos="Edm.Int32", product="Edm.String")
    document = sap.writing(f"{root}/Items", tasks, writeOperationType=operation, idFieldNames=["order_ID", "pos"])
    product = f"{operation} {start}"
    service.put_object(
        "raw", f"{document['flowName']}/a.csv", f"order_ID,pos,product\n7,1,{product}\n7,{start},{product}\n".encode()
    )

    record = sap.run(service, appflow, document)

    found = rows(server, "Items", "product", product)
    assert record["executionStatus"] == "Successful", record
    if operation == "UPDATE":
        assert record["executionResult"]["errorInfo"]["putFailuresCount"] == 1
        assert [(row["pos"], row["quantity"]) for row in found] == [(1, 12.125)]
    else:
        assert [(row["pos"], row["quantity"]) for row in found] == [(1, 12.125), (start, None)]


@ROOTS
def test_records_go_in_with_those_that_belong_to_them(
    service: Headrace, appflow: Any, server: Cap, root: str, start: int
) -> None:
    document = sap.writing(f"{root}/SalesOrders", [{"taskType": "Passthrough", "sourceFields": []}])
    document["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["s3InputFormatConfig"] = {"s3InputFileType": "JSON"}
    number = start + 100
    deep = {"ID": number, "status": "deep", "items": [{"pos": 1, "product": "one"}, {"pos": 2, "product": "two"}]}
    service.put_object("raw", f"{document['flowName']}/a.json", json.dumps(deep).encode())

    record = sap.run(service, appflow, document)

    assert record["executionStatus"] == "Successful", record
    assert [row["status"] for row in rows(server, "SalesOrders", "ID", number)] == ["deep"]
    assert [row["product"] for row in rows(server, "Items", "order_ID", number)] == ["one", "two"]


def test_a_flow_into_an_entity_set_that_can_only_be_read_writes_nothing(
    service: Headrace, appflow: Any, server: Cap
) -> None:
    document = sap.writing(f"{V4}/Totals", mapped(status="Edm.String"))
    service.put_object("raw", f"{document['flowName']}/a.csv", b"status\nmine\n")

    record = sap.run(service, appflow, document)

    assert record["executionStatus"] == "Error"
    (key,) = service.list_objects("errors", document["flowName"])
    assert b"read-only" in service.get_object("errors", key)
