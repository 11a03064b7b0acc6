"""The short verbs against a service: what is listed, shown, started, stopped, cancelled and logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.calling import Api
from headrace.cli.following import by_records
from headrace.cli.main import BAD_USAGE, DONE, NOT_STARTED, RUN_FAILED, run
from headrace.cli.watching import Moment, watching
from headrace.connector_sdk.connector_lines import ExecutionName
from headrace.testing import Headrace, running
from tests.unit.cli.documents import flow_document

DAILY = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1days)", "dataPullMode": "Complete"}},
}


@pytest.fixture(name="served", scope="module")
def service_with_two_flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    """A service with the flow `people`, and the flow `daily`, which has a schedule and is no more than a draft."""
    with running(tmp_path_factory.mktemp("short") / "data") as service:
        service.put_object("raw", "in/people.csv", b"id,name\n1,Ada\n2,Grace\n")
        api = Api(service.url, "us-east-1", {})
        api("CreateFlow", flow_document(description="Whoever there is", tags={"team": "data"}))
        api("CreateFlow", flow_document(flowName="daily", triggerConfig=DAILY))
        yield service


@pytest.fixture(autouse=True)
def pointed_at_it(served: Headrace, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_APPFLOW", served.url)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = DONE) -> str:
    assert run(words) == code
    shown = capsys.readouterr()
    return shown.out if code == DONE else shown.err


def test_a_run_is_started_waited_for_and_told(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["start", "people", "--wait"]) == DONE
    shown = capsys.readouterr()
    (execution_id,) = shown.out.split()
    assert shown.err.splitlines()[-1].startswith(f"{execution_id}  Successful")
    assert "read 2, written 1, rejected 0, dropped 1" in shown.err


def test_a_run_that_fails_is_told_by_the_exit_code(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    broken = flow_document(flowName="failing")
    broken["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["bucketName"] = "broken"
    Api(served.url, "us-east-1", {})("CreateFlow", broken)
    (served.data / "buckets" / "broken").write_bytes(b"")
    assert run(["start", "failing", "--wait"]) == RUN_FAILED
    assert "  Error  " in capsys.readouterr().err
    said(capsys, "delete-flow", "--flow-name", "failing")


def test_flows_are_listed_in_a_table_and_as_json(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    table = said(capsys, "flows")
    assert [line.split("│")[1].strip() for line in table.splitlines() if "│" in line] == ["daily", "people"]
    assert "OnDemand" in table
    assert "never" in table
    found = json.loads(said(capsys, "flows", "--status", "Draft", "--output", "json"))
    assert [flow["flowName"] for flow in found] == ["daily"]
    assert run(["flows", "--status", "Errored"]) == DONE
    assert capsys.readouterr().err == "None of the 2 flows is Errored.\n"


def test_a_flow_is_shown_with_its_tasks_in_order(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "flow", "show", "people")
    assert shown.startswith("people  Active\n  Whoever there is\n")
    assert "  source       S3  bucketName raw, bucketPrefix in" in shown
    assert "  trigger      OnDemand" in shown
    assert "  tags         team=data" in shown
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]
    assert rows == [
        ["0", "Filter", "NOT_EQUAL_TO", "name", "", "DATA_TYPE=string, VALUE=Grace"],
        ["1", "Map_all", "", "", "", ""],
    ]
    assert json.loads(said(capsys, "flow", "show", "people", "--output", "json"))["flowName"] == "people"
    assert "scheduleExpression rate(1days)" in said(capsys, "flow", "show", "daily")


def test_a_schedule_is_started_and_stopped(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert "add --now" in said(capsys, "start", "daily", "--wait", code=BAD_USAGE)
    assert run(["start", "daily"]) == DONE
    assert capsys.readouterr() == ("", "Flow daily is Active: it runs when it is due.\n")
    assert said(capsys, "stop", "daily") == "Flow daily is Suspended.\n"
    assert run(["start", "daily", "--now", "--wait"]) == DONE
    assert "Successful" in capsys.readouterr().err
    assert "stopped: headrace cancel people ends its runs" in said(capsys, "stop", "people", code=RUN_FAILED)


def test_a_run_reads_what_it_is_asked_to(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["start", "people", "--where", "id = 2", "--wait"]) == DONE
    assert "read 2, written 0, rejected 0, dropped 2" in capsys.readouterr().err


def test_what_connectors_printed_is_shown_with_the_run(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    execution_id = said(capsys, "start", "people").strip()
    served.wait_until_idle()
    name = ExecutionName("000000000000", "us-east-1", "people", execution_id)
    served.service.backend.connector_lines.add(name, "asked for page 1")

    line, *others = said(capsys, "logs", "people").splitlines()
    assert line.startswith(f"{execution_id}  Successful")
    assert others[0].split() == ["tasks[0]", "Filter", "name", "dropped", "1,", "rejected", "0"]
    assert others[-1].endswith("Z asked for page 1")
    assert json.loads(said(capsys, "logs", "people", execution_id, "--output", "json"))["log"] == [others[-1]]
    assert "has no run nobody" in said(capsys, "logs", "people", "nobody", code=RUN_FAILED)


def test_runs_are_cancelled_all_or_by_name(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "cancel", "people") == "What ran of flow people is being cancelled.\n"
    assert "nobody does not run: headrace executions people" in said(capsys, "cancel", "people", "nobody", code=1)


@pytest.mark.parametrize("words", [["flow", "show"], ["start"], ["stop"], ["cancel"], ["logs"]])
def test_a_flow_that_is_not_there_is_told_with_the_next_step(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = said(capsys, *words, "absent", code=RUN_FAILED).splitlines()
    assert "absent" in line
    assert "See what is there: headrace flows" in line


@pytest.mark.parametrize("words", [["flows"], ["flow", "show", "a"], ["start", "a"], ["logs", "a"]])
def test_a_service_that_is_not_there_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = said(capsys, *words, "--endpoint-url", "http://127.0.0.1:9", code=NOT_STARTED).splitlines()
    assert line.endswith("Start it with headrace serve, or give --endpoint-url.")


def test_a_flow_without_a_run_has_no_log(served: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    Api(served.url, "us-east-1", {})("CreateFlow", flow_document(flowName="fresh"))
    assert "has not run yet: headrace start fresh" in said(capsys, "logs", "fresh", code=RUN_FAILED)
    said(capsys, "delete-flow", "--flow-name", "fresh")


def test_a_run_is_followed_by_the_records_that_aws_has_too(served: Headrace) -> None:
    api, seen = Api(served.url, "us-east-1", {}), list[Moment]()
    started: dict[str, Any] = api("StartFlow", {"flowName": "people"})
    found = by_records(api, "people", started["executionId"], seen.append)
    assert (found["executionStatus"], found["executionResult"]["recordsProcessed"]) == ("Successful", 2)
    assert seen[-1] == Moment("Successful", 2, found["executionResult"]["bytesProcessed"])


def test_aws_runs_a_flow_as_its_document_says_only(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["start", "people", "--now", "--endpoint-url", "https://appflow.eu-west-1.amazonaws.com"]
    assert "headrace start people without such options" in said(capsys, *words, code=RUN_FAILED)


def test_aws_has_no_log_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["logs", "people", "--endpoint-url", "https://appflow.eu-west-1.amazonaws.com"]
    assert "describe-flow-execution-records" in said(capsys, *words, code=RUN_FAILED)


def test_without_flows_the_next_step_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path) as empty:
        assert run(["flows", "--endpoint-url", empty.url]) == DONE
    assert capsys.readouterr().err.startswith("There are no flows. Make one: ")


def test_a_log_has_a_line_when_something_changes(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(is_terminal=False) as watch:
        for moment in (Moment("queued", 0), Moment("running", 5), Moment("running", 9), Moment("publishing", 9)):
            watch(moment)
    assert capsys.readouterr().err.splitlines() == [
        "queued: 0 records read",
        "running: 5 records read",
        "publishing: 9 records read",
    ]
