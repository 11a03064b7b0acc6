"""Flows whose records come from or go to a custom connector: refusals, error files, both ends at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.testing import Headrace, running
from tests.e2e import custom


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data") as service:
        custom.host(service, "stock_connector:handle")
        yield service


@pytest.fixture(name="appflow")
def stocked(service: Headrace) -> Iterator[Any]:
    appflow = custom.client(service)
    appflow.register_connector(**custom.registration("Stock"))
    yield appflow
    appflow.close()


def connect(appflow: Any, name: str, **properties: str) -> None:
    appflow.create_connector_profile(**custom.profile(name, "Stock", custom.BASIC, **properties))


def writing(flow: dict[str, Any]) -> dict[str, Any]:
    """The properties of the flow's destination."""
    return flow["destinationFlowConfigList"][0]["destinationConnectorProperties"]["CustomConnector"]


def reading(flow: dict[str, Any]) -> dict[str, Any]:
    return flow["sourceFlowConfig"]["sourceConnectorProperties"]["CustomConnector"]


def lines(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_records_that_the_connector_refuses_go_to_the_error_file(
    service: Headrace, appflow: Any, tmp_path: Path
) -> None:
    connect(appflow, "shop", file=str(tmp_path / "written"))
    service.put_object("raw", "in/a.csv", b"id,name\n1,one\n2,bad thing\n3,three\n")
    flow = custom.to_connector("write", "shop", "stock", "id", "name")
    writing(flow)["errorHandlingConfig"] = {"bucketName": "errors", "bucketPrefix": "why"}

    record = custom.run(service, appflow, flow)

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == 3
    assert record["executionResult"]["errorInfo"]["putFailuresCount"] == 1
    assert lines((tmp_path / "written").read_bytes()) == [{"id": "1", "name": "one"}, {"id": "3", "name": "three"}]
    (key,) = service.list_objects("errors")
    assert key == f"why/write/{record['executionId']}/1.json"
    record = {"id": "2", "name": "bad thing"}
    assert lines(service.get_object("errors", key)) == [
        {"record": record, "source": record, "error": "it is bad", "recordNumber": 2}
    ]


def test_a_flow_may_end_with_the_first_record_that_the_connector_refuses(
    service: Headrace, appflow: Any, tmp_path: Path
) -> None:
    connect(appflow, "shop", file=str(tmp_path / "written"))
    service.put_object("raw", "in/a.csv", b"id,name\n1,bad thing\n" + b"2,two\n" * 500)
    flow = custom.to_connector("write", "shop", "stock", "id", "name")
    writing(flow)["errorHandlingConfig"] = {"failOnFirstDestinationError": True}

    record = custom.run(service, appflow, flow)

    assert record["executionStatus"] == "Error"
    assert "failOnFirstDestinationError" in record["executionResult"]["errorInfo"]["executionMessage"]
    assert len(lines((tmp_path / "written").read_bytes())) < 500


def test_a_write_that_fails_ends_the_execution_in_the_connectors_words(
    service: Headrace, appflow: Any, tmp_path: Path
) -> None:
    connect(appflow, "shop", file=str(tmp_path / "nowhere" / "written"))
    service.put_object("raw", "in/a.csv", b"id,name\n1,one\n")

    record = custom.run(service, appflow, custom.to_connector("write", "shop", "stock", "id", "name"))

    assert record["executionStatus"] == "Error"
    assert "No such file or directory" in record["executionResult"]["errorInfo"]["executionMessage"]
    assert record["executionResult"]["bytesWritten"] == 0


def test_records_go_from_one_connector_to_another(service: Headrace, appflow: Any, tmp_path: Path) -> None:
    connect(appflow, "from", count="1200")
    connect(appflow, "to", file=str(tmp_path / "written"))
    flow = custom.from_connector("move", "from", "stock", "id", "name")
    flow["destinationFlowConfigList"] = custom.to_connector("", "to", "stock")["destinationFlowConfigList"]
    writing(flow).update(writeOperationType="UPSERT", idFieldNames=["id"])

    record = custom.run(service, appflow, flow)

    assert record["executionStatus"] == "Successful", record
    assert lines((tmp_path / "written").read_bytes()) == [{"id": n, "name": f"thing {n}"} for n in range(1200)]


@pytest.mark.parametrize(
    "properties,name,reason",
    [
        ({"entityName": "shelves"}, "ConnectorServerException", "no shelves here"),
        ({"entityName": "stock", "customProperties": {"count": "many"}}, "ConnectorServerException", "no number"),
        (
            {"entityName": "stock", "customProperties": {"mood": "crashes"}},
            "ConnectorServerException",
            "about to fall over",
        ),
        (
            {"entityName": "stock", "customProperties": {"mood": "credentials"}},
            "ConnectorAuthenticationException",
            "who are you",
        ),
    ],
    ids=["entity", "settings", "crash", "credentials"],
)
def test_a_flow_that_its_connector_can_not_run_is_refused(
    appflow: Any, properties: dict[str, Any], name: str, reason: str
) -> None:
    connect(appflow, "shop")
    flow = custom.from_connector("read", "shop", "stock", "id")
    reading(flow).clear()
    reading(flow).update(properties)

    with pytest.raises(getattr(appflow.exceptions, name), match=reason):
        appflow.create_flow(**flow)

    assert appflow.list_flows()["flows"] == []


def test_a_flow_whose_profile_is_not_there_is_refused(appflow: Any) -> None:
    with pytest.raises(appflow.exceptions.ResourceNotFoundException, match="gone"):
        appflow.create_flow(**custom.from_connector("read", "gone", "stock", "id"))
