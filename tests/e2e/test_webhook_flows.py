"""Flows that records start: posted over HTTP, by senders that send again, to a headrace that is killed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import boto3
import httpx

from headrace.testing import running
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


def test_records_that_can_not_be_cast_are_rejected_and_may_be_retried(tmp_path: Path) -> None:
    cast = {
        "taskType": "Map",
        "sourceFields": ["total"],
        "destinationField": "total",
        "connectorOperator": {"CustomConnector": "NO_OP"},
        "taskProperties": {"DESTINATION_DATA_TYPE": "integer"},
    }
    document: dict[str, Any] = deepcopy(DOCUMENT) | {"tasks": [*DOCUMENT["tasks"], cast]}
    to_s3 = document["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]
    to_s3["s3OutputFormatConfig"] = {"fileType": "PARQUET", "preserveSourceDataTyping": True}
    with running(tmp_path / "data") as headrace:
        client = boto3.client("appflow", **headrace.client_arguments)
        client.create_connector_profile(**WEBHOOK)
        client.create_flow(**document)
        client.start_flow(flowName="orders")
        url = f"{headrace.url}/headrace/v1/events/webhook/orders"
        body = b'[{"total": "12"}, {"total": "twelve"}, {"other": 1}]'
        assert httpx.post(url, content=body).json() == {"records": 3, "taken": 3}
        until(lambda: headrace.list_objects("lake"))
        client.stop_flow(flowName="orders")
        (run,) = until(lambda: settled(client))
        result = run["executionResult"]
        assert (result["recordsProcessed"], result["errorInfo"]["putFailuresCount"]) == (3, 1)

        at = f"{headrace.url}/headrace/v1/flows/orders/executions"
        page = httpx.get(f"{at}/{run['executionId']}/rejects").json()
        assert [json.loads(each["record"]) for each in page["rejects"]] == [{"total": "twelve"}]
        retried = httpx.post(f"{at}/{run['executionId']}/retry", json={}).json()["executionId"]
        headrace.wait_until_settled([retried])
        (again,) = [each for each in httpx.get(at).json()["executions"] if each["executionId"] == retried]
        assert (again["counts"]["read"], again["counts"]["rejected"]) == (1, 1)
        client.close()
