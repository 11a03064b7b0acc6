"""AppFlow's operators of Airflow, unmodified, without a scheduler or a database of Airflow's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.testing import Headrace, running
from tests.standins.help_desk_connector import S3
from tests.standins.processes import plain_environment
from tests.standins.salesforce_records import ENTRY
from tests.unit.cli.documents import flow_document

SCRIPT = Path(__file__).parent / "airflow" / "operators.py"
# Airflow alone takes seconds to be imported, and on a busy machine many.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Step = tuple[str, dict[str, Any]]


def airflow_python() -> Path | None:
    home = os.environ.get("APPFLOW_AIRFLOW")
    folder = Path(home) if home else Path.home() / ".cache" / "headrace" / "airflow"
    python = folder / "venv" / "bin" / "python"
    return python if python.is_file() else None


@pytest.fixture(name="headrace")
def running_service(tmp_path: Path) -> Iterator[Headrace]:
    with running(tmp_path / "data", entries=[ENTRY, S3]) as service:
        service.put_object("raw", "in/1.csv", b"name\nAda\nGrace\n")
        yield service


@pytest.fixture(name="appflow")
def client(headrace: Headrace) -> Iterator[Any]:
    with closing(boto3.client("appflow", **headrace.client_arguments)) as appflow:
        yield appflow


def run(headrace: Headrace, folder: Path, *steps: Step) -> list[dict[str, Any]]:
    """What came of each operator; Airflow is told of headrace by a connection, as its users tell it."""
    python = airflow_python()
    if python is None:
        pytest.skip("no Airflow here: make airflow")
    connection = {
        "conn_type": "aws",
        "login": "any",
        "password": "any",
        "extra": {"region_name": "us-east-1", "endpoint_url": headrace.url},
    }
    environment = plain_environment(
        HOME=str(folder),
        AIRFLOW_HOME=str(folder / "airflow"),
        AIRFLOW_CONN_AWS_DEFAULT=json.dumps(connection),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
    )
    ended = subprocess.run(
        [python, SCRIPT, json.dumps(steps)], env=environment, capture_output=True, text=True, check=False, cwd=folder
    )
    said = [line for line in ended.stdout.splitlines() if line.startswith("DONE ")]
    assert said, ended.stdout + ended.stderr
    return json.loads(said[-1].removeprefix("DONE "))


def salesforce(**members: Any) -> dict[str, Any]:
    source = {
        "connectorType": "Salesforce",
        "connectorProfileName": "sales",
        "sourceConnectorProperties": {"Salesforce": {"object": "Account"}},
    }
    filtered = {
        "taskType": "Filter",
        "sourceFields": ["Id"],
        "connectorOperator": {"Salesforce": "EQUAL_TO"},
        "taskProperties": {"DATA_TYPE": "string", "VALUE": "1"},
    }
    projected = {
        "taskType": "Filter",
        "sourceFields": ["Id", "Name", "CreatedDate"],
        "connectorOperator": {"Salesforce": "PROJECTION"},
        "taskProperties": {},
    }
    mapped = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}
    given = {"flowName": "sales", "sourceFlowConfig": source, "tasks": [projected, filtered, mapped]}
    return flow_document(**(given | members))


def nightly(headrace: Headrace) -> dict[str, Any]:
    start_s = int((headrace.clock.now() + timedelta(days=1)).timestamp())
    timing = {"scheduleExpression": "rate(1days)", "scheduleStartTime": start_s}
    return {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}


def create_salesforce(appflow: Any) -> None:
    appflow.create_connector_profile(
        connectorProfileName="sales",
        connectorType="Salesforce",
        connectionMode="Public",
        connectorProfileConfig={
            "connectorProfileProperties": {"Salesforce": {"instanceUrl": "https://sales.example"}},
            "connectorProfileCredentials": {"Salesforce": {"accessToken": "planted", "refreshToken": "planted"}},
        },
    )
    appflow.create_flow(**salesforce())


def written(headrace: Headrace, execution_id: str) -> list[str]:
    keys = [key for key in headrace.list_objects("lake") if execution_id in key]
    return sorted(json.loads(line)["Id"] for key in keys for line in headrace.get_object("lake", key).splitlines())


def test_a_flow_is_run_waited_for_and_looked_at(headrace: Headrace, appflow: Any, tmp_path: Path) -> None:
    appflow.create_flow(**flow_document())
    headrace.put_object("raw", "broken/1.csv", b"\xff\xfe\x00 no text")
    properties = {"S3": {"bucketName": "raw", "bucketPrefix": "broken"}}
    source = {"connectorType": "S3", "sourceConnectorProperties": properties}
    appflow.create_flow(**flow_document(flowName="broken", sourceFlowConfig=source))
    quick = {"flow_name": "people", "poll_interval": 1}
    look = {"flow_name": "people", "appflow_run_task_id": "task-0"}
    ran, looked, missing, failed = run(
        headrace,
        tmp_path,
        ("AppflowRunOperator", quick),
        ("AppflowRecordsShortCircuitOperator", look),
        ("AppflowRunOperator", quick | {"flow_name": "absent"}),
        ("AppflowRunOperator", quick | {"flow_name": "broken"}),
    )
    assert looked["answer"] is True
    [record] = appflow.describe_flow_execution_records(flowName="people")["flowExecutions"]
    assert (record["executionId"], record["executionStatus"]) == (ran["execution"], "Successful")
    assert "ResourceNotFoundException" in missing["error"]
    assert "error while waiting for flow to complete" in failed["error"]


def test_filters_are_written_into_the_flow_and_hold(headrace: Headrace, appflow: Any, tmp_path: Path) -> None:
    create_salesforce(appflow)
    appflow.create_flow(**salesforce(flowName="nightly", triggerConfig=nightly(headrace)))
    given = {"source": "salesforce", "flow_name": "sales", "poll_interval": 1}
    dated = given | {"source_field": "CreatedDate", "filter_date": "2026-01-02T12:00:00+00:00"}
    full, before, after, daily, empty, looked, scheduled = run(
        headrace,
        tmp_path,
        ("AppflowRunFullOperator", given),
        ("AppflowRunBeforeOperator", dated),
        ("AppflowRunAfterOperator", dated),
        ("AppflowRunDailyOperator", dated | {"filter_date": "2026-01-02T00:00:00+00:00"}),
        ("AppflowRunDailyOperator", dated | {"filter_date": "2025-01-02T00:00:00+00:00"}),
        ("AppflowRecordsShortCircuitOperator", {"flow_name": "sales", "appflow_run_task_id": "task-4"}),
        ("AppflowRunFullOperator", given | {"flow_name": "nightly"}),
    )
    assert written(headrace, full["execution"]) == ["1", "2", "3", "4"]
    assert written(headrace, before["execution"]) == ["1"]
    assert written(headrace, after["execution"]) == ["3", "4"]
    assert written(headrace, daily["execution"]) == ["2"]
    assert written(headrace, empty["execution"]) == []
    # recordsProcessed is what was read, as at AWS: the filter is headrace's work here.
    assert looked["answer"] is True
    stored = appflow.describe_flow(flowName="sales")
    assert [task["taskType"] for task in stored["tasks"]] == ["Filter", "Map_all", "Filter"]
    # The operators take triggerProperties away and leave triggerType as it is.
    assert "triggerType Scheduled needs triggerProperties.Scheduled" in scheduled["error"]
