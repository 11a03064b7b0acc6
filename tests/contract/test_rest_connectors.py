"""A connector that is described as data keeps every rule of the conformance suite, and asks for what the flow needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from examples.rest_connector import CONNECTOR
from headrace.connector_sdk.built_in import Outside
from headrace.connector_sdk.catalog import Declared
from headrace.connector_sdk.conformance import Writing, conformance, of_built_in
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Condition, RecordConnector
from tests.standins.desk_api import TOKEN, Desk
from tests.standins.rest_api import RestApi, answers, decoded, query

KIND = replace(CONNECTOR, declared=Declared("Zendesk", is_destination=True, writes=("INSERT", "UPDATE", "DELETE")))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def application(**members: Any) -> RestApi:
    return RestApi(answers(), credentials={"accessToken": TOKEN}, **members)


def outside(desk: Desk) -> Outside:
    return replace(application().outside(), http=Http(desk.transport(), wait=lambda _: None))


def opened(desk: Desk) -> RecordConnector:
    return KIND.open(application().connection(), outside(desk))


def test_it_keeps_every_rule_that_is_for_it(desk: Desk) -> None:
    writing = Writing("tickets", record={"status": "open"}, refused={"subject": "x", "status": "lost"})
    subject = of_built_in(
        KIND,
        application().connection(),
        outside(desk),
        keeps_batches_once=True,
        entities=["tickets", "users", "tables/prices"],
        write=[writing],
    )
    results = list(conformance(subject))
    assert {each.check.name: each.reason for each in results if each.outcome == "failed"} == {}
    skipped = {each.check.name: each.reason for each in results if each.outcome == "not applicable"}
    assert len(skipped) <= 6, skipped


def test_it_asks_for_no_more_than_the_flow_needs(desk: Desk) -> None:
    conditions = (
        Condition("updated_at", "GREATER_THAN", ("2024-01-01T00:03:00Z",), "instant"),
        Condition("status", "EQUAL_TO", ("open",), "text"),
        Condition("subject", "CONTAINS", ("4",), "text"),
    )
    asked = query("tickets", fields=("subject", "status"), conditions=conditions, page_size=2)
    found = [record for page in opened(desk).read(asked) for record in decoded(page.records)]
    assert found == [{"id": number, "subject": f"ticket {number}", "status": "open"} for number in (4, 6)]
    assert dict(desk.asked[0].url.params) == {
        "updated_since": "1704067380",
        "status": "open",
        "fields": "id,subject,status",
        "limit": "2",
    }


def test_its_tables_are_browsed_and_read(desk: Desk) -> None:
    connector = opened(desk)
    assert [each["name"] for each in connector.entities(None)] == ["tables", "tickets", "users"]
    assert [each["name"] for each in connector.entities("tables")] == ["tables/prices"]
    assert [each["identifier"] for each in connector.describe("tables/prices")] == ["code", "price"]
    pages = connector.read(query("tables/prices", page_size=4))
    assert [len(page.records) for page in pages] == [4, 4, 1]
