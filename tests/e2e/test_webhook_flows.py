"""Flows that records start: posted over HTTP, by senders that send again, to a headrace that is killed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from tests.standins.hooks import WEBHOOK
from tests.standins.processes import until
from tests.standins.service import ServiceProcess
from tests.unit.cli.documents import flow_document

POSTS, RECORDS_A_POST = 20, 50
DOCUMENT: dict[str, Any] = {
    "flowName": "orders",
    "triggerConfig": {"triggerType": "Event"},
    "sourceFlowConfig": {
        "connectorType": "CustomConnector",
        "connectorProfileName": "shop",
        "sourceConnectorProperties": {"CustomConnector": {"entityName": "order"}},
    },
    "destinationFlowConfigList": flow_document()["destinationFlowConfigList"],
    "tasks": [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}],
}


def lines(numbers: Iterable[int]) -> bytes:
    return "".join(f'{{"n": {number}, "total": 1.10}}\n' for number in numbers).encode()


def written(data: Path) -> list[int]:
    texts = [path.read_text("utf-8") for path in (data / "buckets" / "lake").rglob("*.json")]
    return sorted(json.loads(line)["n"] for text in texts for line in text.splitlines())


def test_every_record_is_moved_once_though_posts_come_twice_and_the_server_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "buckets" / "lake").mkdir(parents=True)
    with closing(ServiceProcess(data)) as service:
        with closing(service.client()) as client:
            client.create_connector_profile(**WEBHOOK)
            client.create_flow(**DOCUMENT)
            refused = post(service, b"{}", 0)
            assert (refused.status_code, "is Draft" in refused.text) == (409, True)
            client.start_flow(flowName="orders")
        for number in range(POSTS):
            body = lines(range(number * RECORDS_A_POST, (number + 1) * RECORDS_A_POST))
            first = post(service, body, number)
            assert (first.status_code, first.json()) == (202, {"records": 50, "taken": 50})
            if number == POSTS // 2:
                until(lambda: written(data))
                service.kill()
                service.restart()
            again = post(service, body, number)
            assert (again.status_code, again.json()) == (202, {"records": 50, "taken": 0})
        until(lambda: len(written(data)) >= POSTS * RECORDS_A_POST)
        assert written(data) == list(range(POSTS * RECORDS_A_POST))
        with closing(service.client()) as client:
            client.stop_flow(flowName="orders")
            runs = until(lambda: settled(client))
            assert {run["executionStatus"] for run in runs} == {"Successful"}
            assert sum(run["executionResult"]["recordsProcessed"] for run in runs) == POSTS * RECORDS_A_POST


def post(service: ServiceProcess, body: bytes, number: int) -> httpx.Response:
    url = f"{service.url}/headrace/v1/events/webhook/orders"
    packed = {"content-encoding": "gzip"} if number % 2 else {}
    content = gzip.compress(body) if packed else body
    return httpx.post(url, content=content, headers={"X-Delivery-Id": f"delivery {number}", **packed})


def settled(client: Any) -> list[dict[str, Any]] | None:
    runs = client.describe_flow_execution_records(flowName="orders")["flowExecutions"]
    return None if any(run["executionStatus"] == "InProgress" for run in runs) else runs
