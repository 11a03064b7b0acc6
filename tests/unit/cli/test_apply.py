"""`headrace diff` and `headrace apply` against a service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.applying import OWNER_TAG
from headrace.cli.calling import Api
from headrace.cli.main import BAD_USAGE, DONE, NOT_STARTED, RUN_FAILED, run
from headrace.testing import Headrace, running
from tests.unit.cli.documents import flow_document

DAILY = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1days)", "dataPullMode": "Complete"}},
}
Put = Callable[..., Path]


@pytest.fixture(name="served", scope="module")
def one_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    with running(tmp_path_factory.mktemp("apply") / "data") as service:
        service.put_object("raw", "in/people.csv", b"id,name\n1,Ada\n2,Grace\n")
        yield service


@pytest.fixture(autouse=True)
def emptied(served: Headrace, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without flows is where every test begins."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_APPFLOW", served.url)
    for flow in ask(served, "ListFlows")["flows"]:
        ask(served, "DeleteFlow", flowName=flow["flowName"], forceDelete=True)


@pytest.fixture(name="put")
def to_the_folder(tmp_path: Path) -> Put:
    """Write a flow's document to the folder of documents; its path."""

    def write(name: str, **changes: Any) -> Path:
        path = tmp_path / "flows" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(flow_document(flowName=name, **changes)))
        return path

    return write


def ask(served: Headrace, operation: str, **request: Any) -> dict[str, Any]:
    return Api(served.url, "us-east-1", {})(operation, request)


def flows(served: Headrace) -> dict[str, str]:
    return {flow["flowName"]: flow["flowStatus"] for flow in ask(served, "ListFlows")["flows"]}


def test_a_folder_is_applied_and_applying_it_again_does_nothing(
    served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put("people", tags={"team": "data"}).parent
    put("daily", triggerConfig=DAILY, flowStatus="Active")
    put("weekly", triggerConfig=DAILY)

    assert run(["apply", str(folder), "--yes"]) == DONE
    shown = capsys.readouterr().out
    assert "+ flow people" in shown
    assert "3 to create." in shown
    assert "Created flow weekly. It is a draft: headrace start weekly makes it active." in shown
    assert "daily makes it active" not in shown
    assert flows(served) == {"daily": "Active", "people": "Active", "weekly": "Draft"}

    assert run(["apply", str(folder)]) == DONE
    assert capsys.readouterr().out == "Nothing to do: 3 flows are as the documents say.\n"


def test_a_difference_is_shown_and_nothing_done(served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    file = put("people")
    assert run(["diff", str(file)]) == DONE
    assert run(["diff", str(file), "--exit-code"]) == RUN_FAILED
    assert flows(served) == {}
    run(["apply", str(file), "--yes"])
    put("people", description="Whoever", tasks=flow_document()["tasks"][1:])
    capsys.readouterr()
    assert run(["diff", str(file)]) == DONE
    head, *lines, summary = capsys.readouterr().out.splitlines()
    assert head == f"~ flow people  ({file}:1)"
    assert [line.strip()[:10] for line in lines] == ["- tasks[0]", "+ descript"]
    assert summary == "1 to update."
    assert run(["diff", str(file), "--output", "json"]) == DONE
    (change,) = json.loads(capsys.readouterr().out)
    assert (change["action"], change["name"]) == ("update", "people")


def test_without_a_terminal_nothing_is_done_unasked(
    served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(put("people"))]) == BAD_USAGE
    assert "Nothing was done: there is no terminal to ask on. Add --yes to do it." in capsys.readouterr().err
    assert flows(served) == {}


def test_what_can_not_be_updated_is_replaced_only_when_told(
    served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply", str(put("people")), "--yes"])
    moved = flow_document()["destinationFlowConfigList"]
    moved[0]["destinationConnectorProperties"]["S3"]["bucketName"] = "ocean"
    file = put("people", destinationFlowConfigList=moved)
    before = ask(served, "DescribeFlow", flowName="people")
    capsys.readouterr()

    assert run(["apply", str(file), "--yes"]) == BAD_USAGE
    told = capsys.readouterr()
    assert "! flow people: must be replaced" in told.out
    assert "Destination object for the destination connector can not be updated" in told.out
    assert "its runs, their records and its position are lost" in told.out
    assert "add --replace" in told.err
    assert ask(served, "DescribeFlow", flowName="people") == before

    assert run(["apply", str(file), "--yes", "--replace"]) == DONE
    assert "Replaced flow people." in capsys.readouterr().out
    assert run(["apply", str(file)]) == DONE


def test_flows_of_an_owner_are_deleted_with_their_documents_and_no_others(
    served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(served, "CreateFlow", **flow_document(flowName="by-hand"))
    run(["apply", str(put("theirs")), "--yes", "--owner", "them"])
    put("theirs").unlink()
    folder = put("kept").parent
    put("gone")
    run(["apply", str(folder), "--yes", "--owner", "us"])
    put("gone").unlink()
    capsys.readouterr()

    assert run(["apply", str(folder), "--yes", "--prune"]) == BAD_USAGE
    assert "say whose by --owner" in capsys.readouterr().err
    assert run(["diff", str(folder), "--owner", "us", "--prune"]) == DONE
    assert "- flow gone\n    it is us's, and in no document any more" in capsys.readouterr().out
    assert run(["apply", str(folder), "--yes", "--owner", "us", "--prune"]) == DONE
    assert "Deleted flow gone." in capsys.readouterr().out
    assert flows(served).keys() == {"by-hand", "theirs", "kept"}
    assert ask(served, "DescribeFlow", flowName="kept")["tags"] == {OWNER_TAG: "us"}


def test_a_failure_says_what_was_done_and_what_was_not(
    served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = flow_document()["sourceFlowConfig"] | {
        "sourceConnectorProperties": {"S3": {"bucketName": "no-such-bucket", "bucketPrefix": "in"}}
    }
    folder = put("first").parent
    put("second", sourceFlowConfig=nowhere)
    put("third")
    code = run(["apply", str(folder), "--yes"])
    told = capsys.readouterr()
    assert code == RUN_FAILED
    assert "Created flow first." in told.out
    failed, left = told.err.splitlines()
    assert failed.startswith("flow second: ConnectorServerException: ")
    assert left == "Not done: flow third."
    assert flows(served).keys() == {"first"}


def test_a_replacement_that_fails_half_way_leaves_the_flow_as_it_was(
    served: Headrace, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply", str(put("people", tags={"team": "data"})), "--yes"])
    nowhere = flow_document()["sourceFlowConfig"] | {
        "sourceConnectorProperties": {"S3": {"bucketName": "no-such-bucket", "bucketPrefix": "in"}}
    }
    file = put("people", sourceFlowConfig=nowhere)
    capsys.readouterr()
    assert run(["apply", str(file), "--yes", "--replace"]) == RUN_FAILED
    failed, kept = capsys.readouterr().err.splitlines()
    assert failed.startswith("flow people: ConnectorServerException: ")
    assert kept == "The flow as it was is there again, without its runs."
    assert run(["diff", str(put("people", tags={"team": "data"})), "--exit-code"]) == DONE

    # As when the bucket has gone since: then neither can be made.
    (served.data / "buckets" / "raw").rename(served.data / "raw")
    put("people", sourceFlowConfig=nowhere)
    assert run(["apply", str(file), "--yes", "--replace"]) == RUN_FAILED
    (served.data / "raw").rename(served.data / "buckets" / "raw")
    assert "It was deleted and is not there again: apply its document once more." in capsys.readouterr().err
    assert flows(served) == {}


def test_every_fault_is_told_before_anything_is_done(
    served: Headrace, put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put("right").parent
    put("wrong", tasks=[{"taskType": "Filter", "sourceFields": ["a"], "connectorOperator": {"S3": "SORT"}}])
    put("worse", triggerConfig={"triggerType": "Sometimes"})
    assert run(["apply", str(folder), "--yes"]) == BAD_USAGE
    lines = capsys.readouterr().err.splitlines()
    assert {line.split(":")[0].rpartition("/")[2] for line in lines} == {"wrong.json", "worse.json"}
    assert flows(served) == {}
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(["apply", str(empty), "--yes"]) == BAD_USAGE
    assert "there is no flow, connector profile or connector in it" in capsys.readouterr().err


def test_a_secret_that_nobody_gave_is_named_and_none_is_shown(
    served: Headrace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = {"clientId": "${DESK_ID}", "clientSecret": "${DESK_SECRET}", "accessToken": "t"}
    properties = {"instanceUrl": "http://127.0.0.1:9"}
    file = tmp_path / "desk.json"
    request = {"connectorProfileName": "desk", "connectorType": "Zendesk", "connectionMode": "Public"}
    config = {"connectorProfileProperties": {"Zendesk": properties}}
    config["connectorProfileCredentials"] = {"Zendesk": credentials}
    file.write_text(json.dumps({**request, "connectorProfileConfig": config}))

    monkeypatch.setenv("DESK_ID", "an-id-that-is-secret")
    assert run(["apply", str(file), "--yes"]) == BAD_USAGE
    told = capsys.readouterr()
    assert "needs DESK_SECRET: set it in the environment, or give --parameter DESK_SECRET=VALUE." in told.err
    run(["apply", str(file), "--yes", "--parameter", "DESK_SECRET=s3cret-of-desk"])
    told = capsys.readouterr()
    assert "+ connector profile desk" in told.out
    assert "Created connector profile desk." in told.out
    assert run(["apply", str(file), "--yes", "--credentials", "--parameter", "DESK_SECRET=other"]) == DONE
    assert "connectorProfileCredentials: sent again" in capsys.readouterr().out
    assert run(["apply", str(file)]) == DONE
    assert not any(secret in told.out + told.err for secret in ("an-id-that-is-secret", "s3cret-of-desk"))


def test_a_service_that_is_not_there_is_told(put: Put, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("diff", "apply"):
        assert run([command, str(put("people")), "--endpoint-url", "http://127.0.0.1:9"]) == NOT_STARTED
        assert capsys.readouterr().err.endswith("Start it with headrace serve, or give --endpoint-url.\n")
