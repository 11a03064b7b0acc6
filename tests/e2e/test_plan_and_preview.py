"""Plan and preview of a flow from an application, by a service that has its connector profile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headrace.testing import Headrace, running
from tests.e2e.built_in import client, from_desk, profile
from tests.standins.help_desk import HelpDesk, help_desk
from tests.standins.help_desk_connector import ENTRY, S3

PROJECTION = {
    "taskType": "Filter",
    "sourceFields": ["id", "nmae"],
    "connectorOperator": {"Zendesk": "PROJECTION"},
    "taskProperties": {},
}


@pytest.fixture(name="desk")
def running_desk() -> Iterator[HelpDesk]:
    with help_desk(*({"id": number, "name": f"ticket {number}"} for number in range(5))) as desk:
        yield desk


@pytest.fixture(name="service")
def running_service(tmp_path: Path, desk: HelpDesk) -> Iterator[Headrace]:
    with running(tmp_path / "data", entries=[ENTRY, S3]) as service:
        with client(service) as appflow:
            appflow.create_connector_profile(**profile(desk, accessToken="planted-access"))
        yield service


def asked(service: Headrace, path: str, **body: Any) -> Any:
    answer = httpx.post(f"{service.url}/headrace/v1/{path}", json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_fields_are_looked_up_in_the_application(service: Headrace) -> None:
    made = from_desk(tasks=[PROJECTION, {"taskType": "Map_all", "sourceFields": []}])

    found = asked(service, "plan", flow=made)

    assert (found["errors"], [each["rule"] for each in found["findings"]]) == (0, ["unknown-field"])
    assert found["findings"][0]["instead"] == "write 'name'"
    gone = from_desk(sourceFlowConfig={**made["sourceFlowConfig"], "connectorProfileName": "gone"})
    assert [each["rule"] for each in asked(service, "plan", flow=gone)["findings"]] == ["not-there"]


def test_a_preview_of_an_application_leaves_nothing_behind(service: Headrace, desk: HelpDesk) -> None:
    with client(service) as appflow:
        appflow.create_flow(**from_desk())

        seen = asked(service, "preview", flowName="from-desk", records=3)

        assert [each["after"] for each in seen["records"]] == [
            f'{{"id":{number},"name":"ticket {number}"}}' for number in range(3)
        ]
        assert appflow.describe_flow_execution_records(flowName="from-desk")["flowExecutions"] == []
    assert (service.list_objects("lake"), desk.taken) == ([], {})
    assert not any((service.data / "scratch").rglob("*.jsonl"))


def test_an_explanation_of_an_application_shows_what_it_is_asked_for_and_no_secret(
    service: Headrace, desk: HelpDesk
) -> None:
    before = len(desk.asked)

    found = asked(service, "explain", flow=from_desk())

    assert found["source"] == {"place": "desk/tickets", "format": "records", "files": 0, "bytes": 0}
    assert (found["asked"]["entity"], found["splits"][0]["fileCount"]) == ("tickets", 0)
    assert [each["name"] for each in found["columns"]] == ["id", "name"]
    assert "FROM read_json('pages of desk/tickets'" in found["select"]
    assert "planted-access" not in str(found)
    assert "GET /tickets" not in desk.asked[before:]
    asked(service, "preview", flow=from_desk())
    assert "GET /tickets" in desk.asked[before:]
