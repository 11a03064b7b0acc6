"""A real tap on a real PostgreSQL, and Airbyte's own program with a manifest on a shop in pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk.hosts.book import Adapter
from headrace.testing import Headrace, running
from tests.e2e import adapters, custom
from tests.standins.adapters import adapter
from tests.standins.paged_api import MANIFEST, TOKEN, Shop, paged_api
from tests.standins.postgres import PASSWORD, USER, Postgres, is_installed, postgres
from tests.standins.processes import plain_environment

MINUTE = timedelta(minutes=1)
ORDERS = """
create table orders (
  id bigint primary key, name text not null, price numeric(10, 2), paid boolean, changed timestamptz, tags text[]
);
create view dear_orders as select id, name from orders where price > 5;
"""
INSERT = """
insert into orders
select i, 'order ' || i, i / 100.0, i % 2 = 0, timestamptz '2026-01-01 00:00:00+00' + i * interval '1 second', '{{a}}'
from generate_series({first}, {last}) i;
"""
# Both start in seconds, and on a busy machine in many.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data", settings={"HEADRACE_DRAIN": "120"}) as service:
        yield service


@pytest.fixture(name="appflow")
def client(service: Headrace) -> Iterator[Any]:
    with closing(custom.client(service)) as appflow:
        yield appflow


@pytest.fixture(name="tap")
def installed_tap() -> Path:
    found = adapter("singer", "tap-postgres")
    if found is None or not is_installed():
        pytest.skip("no tap-postgres here (make adapters), or no PostgreSQL")
    return found


@pytest.fixture(name="database")
def served_database(tap: Path) -> Iterator[Postgres]:
    with postgres() as database:
        database.run(ORDERS + INSERT.format(first=1, last=3000))
        yield database


@pytest.fixture(name="manifest")
def written_manifest(service: Headrace, tmp_path: Path) -> Iterator[Shop]:
    program = adapter("airbyte", "source-declarative-manifest")
    if program is None:
        pytest.skip("no source-declarative-manifest here: make adapters")
    path = tmp_path / "shop.yaml"
    path.write_text(MANIFEST)
    adapters.host(service, Adapter("airbyte", (str(program),), tmp_path, manifest=path))
    with paged_api() as shop:
        yield shop


def hosted_by_hand(command: str, data: Path) -> str:
    """What a person does; the ARN that is printed."""
    line = [sys.executable, "-m", "headrace", "connectors", "host", "Shop", "--singer", command, "--data", str(data)]
    done = subprocess.run(
        line, env=plain_environment(HOME=os.environ["HOME"]), capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


def test_a_table_of_postgresql_is_browsed_and_read_and_read_on(tap: Path, database: Postgres, tmp_path: Path) -> None:
    arn = hosted_by_hand(str(tap), tmp_path / "data")
    with running(tmp_path / "data") as service, closing(custom.client(service)) as appflow:
        appflow.register_connector(**custom.registration("Shop", arn))
        _check_settings(appflow)
        properties = {"host": "127.0.0.1", "port": str(database.port), "user": USER, "database": "postgres"}
        with pytest.raises(appflow.exceptions.ConnectorAuthenticationException, match="password authentication failed"):
            appflow.create_connector_profile(
                **adapters.profile("shop", "Singer", {"password": "wrong-password"}, **properties)
            )
        given = adapters.profile("shop", "Singer", {"password": PASSWORD}, filter_schemas="public", **properties)
        appflow.create_connector_profile(**given)
        _check_entities(appflow)

        record = custom.run(service, appflow, _orders("all", "id", "name", "price", "paid"))

        assert record["executionStatus"] == "Successful", record
        rows = adapters.rows(service, "all/")
        assert sorted(row["id"] for row in rows) == list(range(1, 3001))
        assert {"id": 7, "name": "order 7", "price": 0.07, "paid": False} in rows

        appflow.create_flow(**adapters.incremental(_orders("new", "id", "changed"), "changed"))
        appflow.start_flow(flowName="new")
        service.turn(MINUTE)
        service.wait_until_idle()
        database.run(INSERT.format(first=3001, last=3005))
        service.turn(MINUTE)
        service.wait_until_idle()

        records = appflow.describe_flow_execution_records(flowName="new")["flowExecutions"]
        # The tap repeats the records that have the last value of the field: one.
        found = [(each["executionStatus"], each["executionResult"]["recordsProcessed"]) for each in records]
        assert found == [("Successful", 6), ("Successful", 3000)]
        assert {row["id"] for row in adapters.rows(service, "new/")} == set(range(1, 3006))


def _orders(name: str, *fields: str) -> dict[str, Any]:
    return custom.from_connector(name, "shop", "public-orders", *fields)


def _check_settings(appflow: Any) -> None:
    shown = appflow.describe_connector(connectorType="CustomConnector", connectorLabel="Shop")["connectorConfiguration"]
    assert (shown["connectorName"], shown["connectorVersion"]) == ("tap-postgres", "0.10.0")
    settings = {each["key"]: each["dataType"] for each in shown["connectorRuntimeSettings"]}
    assert (settings["host"], settings["port"], settings["ssh_tunnel__host"]) == ("String", "Long", "String")
    (custom_auth,) = shown["authenticationConfig"]["customAuthConfigs"]
    assert {"password", "sqlalchemy_url"} <= {each["key"] for each in custom_auth["authParameters"]}


def _check_entities(appflow: Any) -> None:
    listed = appflow.list_connector_entities(connectorType="CustomConnector", connectorProfileName="shop")
    assert {each["name"] for each in listed["connectorEntityMap"]["Objects"]} == {"public-orders", "public-dear_orders"}
    fields = appflow.describe_connector_entity(
        connectorEntityName="public-orders", connectorType="CustomConnector", connectorProfileName="shop"
    )["connectorEntityFields"]
    types = {each["identifier"]: each["supportedFieldTypeDetails"]["v1"]["fieldType"] for each in fields}
    assert types == {
        "id": "Long",
        "name": "String",
        "price": "Double",
        "paid": "Boolean",
        "changed": "DateTime",
        "tags": "List",
    }
    assert [each["identifier"] for each in fields if each["isPrimaryKey"]] == ["id"]


def test_a_manifest_is_described_checked_and_read_and_read_on(service: Headrace, appflow: Any, manifest: Shop) -> None:
    manifest.add(3000)
    appflow.register_connector(**custom.registration("Shop"))
    shown = appflow.describe_connector(connectorType="CustomConnector", connectorLabel="Shop")["connectorConfiguration"]
    settings = {each["key"]: each["isRequired"] for each in shown["connectorRuntimeSettings"]}
    assert (shown["connectorName"], settings) == ("shop", {"base_url": True, "start_date": False})
    with pytest.raises(appflow.exceptions.ConnectorAuthenticationException, match="HTTP Status Code: 401"):
        appflow.create_connector_profile(
            **adapters.profile("shop", "Airbyte", {"token": "wrong-token"}, base_url=manifest.url)
        )
    appflow.create_connector_profile(**adapters.profile("shop", "Airbyte", {"token": TOKEN}, base_url=manifest.url))
    flow = custom.from_connector("new", "shop", "items", "id", "name")
    appflow.create_flow(**adapters.incremental(flow))
    appflow.start_flow(flowName="new")

    service.turn(MINUTE)
    service.wait_until_idle(240)
    manifest.add(5)
    service.turn(MINUTE)
    service.wait_until_idle(240)

    records = appflow.describe_flow_execution_records(flowName="new")["flowExecutions"]
    found = [(each["executionStatus"], each["executionResult"].get("recordsProcessed")) for each in records]
    # The connector asks again for what changed in the last second that it knows.
    assert found == [("Successful", 6), ("Successful", 3000)], records
    assert {row["id"] for row in adapters.rows(service)} == set(range(3005))
    assert manifest.since[-1] == "2026-01-01T00:49:59Z"
