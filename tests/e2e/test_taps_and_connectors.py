"""Singer taps and Airbyte connectors behind the API: the imaginary ones, in good and bad moods."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.hosts.book import Adapter
from headrace.log import Log
from headrace.testing import Headrace, running
from tests.e2e import adapters, custom
from tests.standins.processes import until

SECRET = "planted-token-of-a-profile"
MINUTE = timedelta(minutes=1)


def tap(folder: Path = custom.STANDINS) -> Adapter:
    return Adapter("singer", (sys.executable, str(custom.STANDINS / "fake_tap.py")), folder)


@pytest.fixture(name="lines")
def log_stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(name="service")
def running_service(tmp_path: Path, lines: io.StringIO) -> Iterator[Headrace]:
    settings = {"HEADRACE_DRAIN": "120", "HEADRACE_CONNECTOR_TIMEOUT": "60"}
    with running(tmp_path / "data", settings=settings, log=Log(lines, form="json")) as service:
        adapters.host(service, tap())
        yield service


@pytest.fixture(name="appflow")
def registered(service: Headrace) -> Iterator[Any]:
    appflow = custom.client(service)
    appflow.register_connector(**custom.registration("Shop"))
    yield appflow
    appflow.close()


def shop(token: str = SECRET, **properties: str) -> dict[str, Any]:
    return adapters.profile("shop", "Singer", {"token": token}, **properties)


def orders(name: str = "orders") -> dict[str, Any]:
    return custom.from_connector(name, "shop", "shop-orders", "id", "name")


def test_a_tap_is_described_connected_browsed_and_read(service: Headrace, appflow: Any, lines: io.StringIO) -> None:
    shown = appflow.describe_connector(connectorType="CustomConnector", connectorLabel="Shop")
    assert shown["connectorConfiguration"]["connectorName"] == "tap-shop"
    assert shown["connectorConfiguration"]["authenticationConfig"]["isCustomAuthSupported"] is True
    appflow.create_connector_profile(**shop(count="2500", mood="talks"))
    listed = appflow.list_connector_entities(connectorType="CustomConnector", connectorProfileName="shop")
    assert [each["name"] for each in listed["connectorEntityMap"]["Objects"]][:1] == ["shop-orders"]
    described = appflow.describe_connector_entity(
        connectorEntityName="shop-orders", connectorType="CustomConnector", connectorProfileName="shop"
    )
    assert [each["identifier"] for each in described["connectorEntityFields"]] == ["id", "name", "changed", "address"]

    record = custom.run(service, appflow, orders())

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["recordsProcessed"] == 2500
    assert adapters.rows(service)[7] == {"id": 7, "name": "order 7 ☃"}
    said = [json.loads(line) for line in lines.getvalue().splitlines() if "my token is" in line]
    assert [(each["line"], each["flow"], each["execution"]) for each in said] == [
        ("my token is [redacted]", "orders", record["executionId"])
    ]
    assert SECRET not in lines.getvalue()
    assert not list((service.data / "scratch").rglob("*.json"))


def test_a_profile_with_the_wrong_credentials_is_refused_in_the_taps_words(appflow: Any) -> None:
    refused = appflow.exceptions.ConnectorAuthenticationException
    with pytest.raises(refused, match=r"401 Unauthorized: \[redacted\] opens nothing"):
        appflow.create_connector_profile(**shop("wrong-token"))
    failed = appflow.exceptions.ConnectorServerException
    with pytest.raises(failed, match=r"count is 'many'; write a whole number"):
        appflow.create_connector_profile(**shop(count="many"))


def test_a_tap_that_fails_half_way_fails_the_run_in_its_own_words(service: Headrace, appflow: Any) -> None:
    appflow.create_connector_profile(**shop(count="5000", after="2000", mood="raises"))
    record = custom.run(service, appflow, orders())
    assert record["executionStatus"] == "Error"
    assert "RuntimeError - the shop burnt down" in record["executionResult"]["errorInfo"]["executionMessage"]
    assert SECRET not in json.dumps(record, default=str)
    assert adapters.rows(service) == []


def test_a_tap_that_is_killed_half_way_is_read_again_and_each_record_written_once(
    service: Headrace, appflow: Any, tmp_path: Path
) -> None:
    appflow.create_connector_profile(**shop(count="5000", after="3000", mood="killed", marker=str(tmp_path / "once")))
    record = custom.run(service, appflow, orders())
    assert record["executionStatus"] == "Successful", record
    assert [row["id"] for row in adapters.rows(service)] == list(range(5000))
    assert record["executionResult"]["recordsProcessed"] == 5000


def test_a_flow_that_is_cancelled_ends_a_tap_that_hangs(service: Headrace, appflow: Any) -> None:
    appflow.create_connector_profile(**shop(count="5000", after="2000", mood="hangs"))
    flow = orders()
    appflow.create_flow(**flow)
    execution = appflow.start_flow(flowName="orders")["executionId"]
    scratch = service.data / "scratch" / "connectors"
    until(lambda: list(scratch.rglob("catalog.json")))

    appflow.cancel_flow_executions(flowName="orders", executionIds=[execution])
    service.wait_until_settled([execution])

    (record,) = appflow.describe_flow_execution_records(flowName="orders")["flowExecutions"]
    assert record["executionStatus"] == "Canceled"
    until(lambda: not list(scratch.rglob("catalog.json")))


def test_a_scheduled_flow_reads_what_is_new(service: Headrace, appflow: Any) -> None:
    appflow.create_connector_profile(**shop())
    appflow.create_flow(**adapters.incremental(orders()))
    appflow.start_flow(flowName="orders")
    for count in ("3", "3", "5"):
        appflow.update_connector_profile(
            connectorProfileName="shop",
            connectionMode="Public",
            connectorProfileConfig=shop(count=count)["connectorProfileConfig"],
        )
        service.turn(MINUTE)
        service.wait_until_idle()
    records = appflow.describe_flow_execution_records(flowName="orders")["flowExecutions"]
    found = [(each["executionStatus"], each["executionResult"]["recordsProcessed"]) for each in records]
    assert found == [("Successful", 2), ("Successful", 0), ("Successful", 3)]
    assert sorted(row["id"] for row in adapters.rows(service)) == [0, 1, 2, 3, 4]


def test_a_restart_half_way_reads_again_and_writes_each_record_once(tmp_path: Path, lines: io.StringIO) -> None:
    data, marker = tmp_path / "data", tmp_path / "go-on"
    with running(data, settings={"HEADRACE_DRAIN": "0"}, log=Log(lines, form="json")) as service:
        adapters.host(service, tap())
        appflow = custom.client(service)
        appflow.register_connector(**custom.registration("Shop"))
        appflow.create_connector_profile(**shop(count="5000", after="2000", mood="waits", marker=str(marker)))
        appflow.create_flow(**orders())
        execution = appflow.start_flow(flowName="orders")["executionId"]
        until(lambda: list((data / "scratch" / "connectors").rglob("catalog.json")))
        appflow.close()
    assert not list((data / "scratch" / "connectors").rglob("catalog.json"))
    marker.touch()

    with running(data) as service:
        service.wait_until_settled([execution])
        assert [row["id"] for row in adapters.rows(service)] == list(range(5000))


def test_a_connector_of_airbytes_is_read(service: Headrace, appflow: Any) -> None:
    program = (sys.executable, str(custom.STANDINS / "fake_source.py"))
    adapters.host(service, Adapter("airbyte", program, custom.STANDINS))
    appflow.update_connector_registration(connectorLabel="Shop")
    secrets = {"credentials__token": SECRET}
    appflow.create_connector_profile(**adapters.profile("shop", "Airbyte", secrets, count="1200"))

    record = custom.run(service, appflow, custom.from_connector("orders", "shop", "shop.orders", "id", "price"))

    assert record["executionStatus"] == "Successful", record
    assert [row["id"] for row in adapters.rows(service)] == list(range(1200))
