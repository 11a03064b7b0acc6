"""Flows with a connector that is described as data: examples/rest_connector.py, against its help desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from headrace.testing import Headrace, running
from tests.e2e.built_in import client, from_desk, lines, run, to_desk
from tests.standins.desk_api import ENTRY, TOKEN, Desk
from tests.standins.help_desk_connector import S3

PROJECTION = {
    "taskType": "Filter",
    "sourceFields": ["id", "subject", "updated_at"],
    "connectorOperator": {"Zendesk": "PROJECTION"},
    "taskProperties": {},
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(name="url")
def running_desk(desk: Desk) -> Iterator[str]:
    with desk.server() as url:
        yield url


@pytest.fixture(name="service")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data", entries=[ENTRY, S3]) as service:
        yield service


@pytest.fixture(name="appflow")
def appflow_client(service: Headrace) -> Iterator[Any]:
    with client(service) as appflow:
        yield appflow


def profile(url: str, token: str = TOKEN) -> dict[str, Any]:
    return {
        "connectorProfileName": "desk",
        "connectorType": "Zendesk",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Zendesk": {"instanceUrl": url}},
            "connectorProfileCredentials": {
                "Zendesk": {"clientId": "client", "clientSecret": "planted-client-secret", "accessToken": token}
            },
        },
    }


def test_a_flow_asks_for_what_it_needs_over_failures_and_gets_it(
    service: Headrace, appflow: Any, desk: Desk, url: str
) -> None:
    appflow.create_connector_profile(**profile(url))
    tasks = [
        PROJECTION,
        {
            "taskType": "Filter",
            "sourceFields": ["updated_at"],
            "connectorOperator": {"Zendesk": "GREATER_THAN"},
            "taskProperties": {"DATA_TYPE": "datetime", "VALUE": "2024-01-01T00:03:00Z"},
        },
        *(
            {
                "taskType": "Map",
                "sourceFields": [name],
                "destinationField": name,
                "connectorOperator": {"Zendesk": "NO_OP"},
                "taskProperties": {},
            }
            for name in ("id", "subject")
        ),
    ]
    appflow.create_flow(**from_desk(tasks=tasks))
    desk.asked.clear()
    desk.failing.extend([httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(503)])

    record = run(service, appflow, "from-desk")

    assert record["executionStatus"] == "Successful", record
    assert lines(service) == [{"id": number, "subject": f"ticket {number}"} for number in (4, 5, 6, 7)]
    [asked] = {request.url.query for request in desk.asked if request.url.path.endswith("/tickets")}
    assert dict(httpx.QueryParams(asked)) == {
        "limit": "100",
        "updated_since": "1704067380",
        "fields": "id,subject,updated_at",
    }


def test_records_are_inserted_but_for_those_that_the_application_refuses(
    service: Headrace, appflow: Any, desk: Desk, url: str
) -> None:
    appflow.create_connector_profile(**profile(url))
    service.put_object("raw", "in/a.csv", b"subject,status\none,open\ntwo,lost\nthree,solved\n")
    appflow.create_flow(**to_desk(writeOperationType="INSERT", errorHandlingConfig={"bucketName": "errors"}))

    record = run(service, appflow, "to-desk")

    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["errorInfo"]["putFailuresCount"] == 1
    assert [each["subject"] for each in desk.tickets.values()][7:] == ["one", "three"]
    [key] = service.list_objects("errors")
    assert b"value: a status or a subject that can't be" in service.get_object("errors", key)


def test_a_token_that_the_application_does_not_know_makes_no_profile(appflow: Any, url: str) -> None:
    with pytest.raises(ClientError, match="ConnectorAuthenticationException") as raised:
        appflow.create_connector_profile(**profile(url, "planted-wrong-token"))
    assert "who: log in first" in str(raised.value)
    assert "planted" not in str(raised.value)


def test_its_entities_are_browsed(appflow: Any, url: str) -> None:
    appflow.create_connector_profile(**profile(url))
    arguments = {"connectorProfileName": "desk", "connectorType": "Zendesk"}
    top = appflow.list_connector_entities(**arguments)["connectorEntityMap"]
    assert {each["name"]: each["hasNestedEntities"] for group in top.values() for each in group} == {
        "tables": True,
        "tickets": False,
        "users": False,
    }
    below = appflow.list_connector_entities(**arguments, entitiesPath="tables")["connectorEntityMap"]
    assert [each["name"] for group in below.values() for each in group] == ["tables/prices"]
    fields = appflow.describe_connector_entity(**arguments, connectorEntityName="tables/prices")[
        "connectorEntityFields"
    ]
    assert [each["identifier"] for each in fields] == ["code", "price"]
