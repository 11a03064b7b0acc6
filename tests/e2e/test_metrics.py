"""/metrics of a service that runs flows, as Prometheus would read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from headrace.testing import Headrace, running
from tests.standins.processes import until
from tests.unit.cli.documents import flow_document

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data", settings={"HEADRACE_METRICS_TOKEN": TOKEN}) as service:
        service.put_object("raw", "in/1.csv", b"name\nAda\nGrace\n")
        yield service


def scraped(headrace: Headrace) -> dict[str, Any]:
    """The samples by their names; of each the labels and the value."""
    reply = httpx.get(f"{headrace.url}/metrics", headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False)
    assert (reply.status_code, TOKEN in reply.text) == (200, False)
    assert reply.headers["content-type"].startswith("text/plain; version=")
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_a_run_is_told_in_the_words_of_cloudwatch(headrace: Headrace) -> None:
    with closing(boto3.client("appflow", **headrace.client_arguments)) as appflow:
        appflow.create_flow(**flow_document())
        appflow.start_flow(flowName="people")
        headrace.wait_until_idle()
        labels = {"account": "000000000000", "region": "us-east-1", "flow": "people"}
        until(lambda: scraped(headrace).get("headrace_flow_executions_succeeded_total") == [(labels, 1.0)])
        found = scraped(headrace)
    assert found["headrace_flow_executions_started_total"] == [(labels, 1.0)]
    assert found["headrace_flow_execution_records_processed_total"] == [(labels, 2.0)]
    assert found["headrace_flows"] == [({"trigger": "OnDemand", "status": "Active"}, 1.0)]
    assert found["headrace_store_up"] == [({}, 1.0)]
    assert found["headrace_store_write_seconds_count"][0][1] >= 4
    assert ({"operation": "StartFlow", "status": "200"}, 1.0) in found["headrace_http_requests_total"]


def test_without_the_token_nothing_is_told(headrace: Headrace) -> None:
    reply = httpx.get(f"{headrace.url}/metrics", trust_env=False)
    assert (reply.status_code, "headrace_" in reply.text) == (403, False)
