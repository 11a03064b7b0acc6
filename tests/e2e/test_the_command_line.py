"""The life of a flow by the command line alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.cli.main import DONE, RUN_FAILED, run
from headrace.testing import running
from tests.unit.cli.documents import flow_document


def test_a_flow_lives_by_the_command_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> str:
        assert run(words) == DONE, capsys.readouterr().err
        return capsys.readouterr().out

    file = tmp_path / "flow.json"
    file.write_text(json.dumps(flow_document(tasks=flow_document()["tasks"][1:])), "utf-8")
    with running(tmp_path / "data") as headrace:
        monkeypatch.setenv("AWS_ENDPOINT_URL_APPFLOW", headrace.url)
        headrace.put_object("raw", "in/people.csv", b"id,name\n1,Ada\n")
        arn = json.loads(said("create-flow", "--cli-input-json", f"file://{file}"))["flowArn"]
        said("tag-resource", "--resource-arn", arn, "--tags", "team=data,env=test")
        said("untag-resource", "--resource-arn", arn, "--tag-keys", "env")
        assert json.loads(said("list-tags-for-resource", "--resource-arn", arn)) == {"tags": {"team": "data"}}
        started = [json.loads(said("start-flow", "--flow-name", "people", "--client-token", "t")) for _ in range(2)]
        assert started[0] == started[1]
        headrace.wait_until_idle()
        (record,) = json.loads(said("describe-flow-execution-records", "--flow-name", "people"))["flowExecutions"]
        assert (record["executionId"], record["executionStatus"]) == (started[0]["executionId"], "Successful")
        own = [said("start-flow", "people", "--client-token", "u", "--url", headrace.url) for _ in range(2)]
        assert own[0] == own[1]
        headrace.wait_until_idle()
        said("delete-flow", "--flow-name", "people")
        assert run(["describe-flow", "--flow-name", "people"]) == RUN_FAILED
        assert "See what is there: headrace flows" in capsys.readouterr().err
