"""`headrace convert`: from any form to another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.cli.main import run
from headrace.documents import read
from tests.unit.cli.conftest import Write
from tests.unit.cli.documents import flow_document


def test_a_flow_is_printed_in_another_form(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", str(write()), "--to", "cloudformation"]) == 0

    (document,) = read("printed", capsys.readouterr().out.encode(), {})
    assert document.request == flow_document()


def test_each_document_of_a_folder_becomes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, output = tmp_path / "in", tmp_path / "out" / "deep"
    source.mkdir()
    flows = [flow_document(flowName=name) for name in ("people", "People", "a!b@c")]
    profile = {"connectorProfileName": "x/y", "connectorType": "Slack", "connectorProfileConfig": {}}
    (source / "all.json").write_text(json.dumps([*flows, profile]), "utf-8")
    (source / "other.json").write_text("{}", "utf-8")

    assert run(["convert", str(source), "--to", "yaml", "-o", str(output)]) == 0

    names = ["people.yaml", "People-2.yaml", "a-b@c.yaml", "x-y.profile.yaml"]
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [str(output / name) for name in names]
    assert "other.json: passed over" in captured.err
    assert [read(name, (output / name).read_bytes(), {})[0].request for name in names[:3]] == flows


def test_parameters_are_given(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    template = write(
        "Parameters: {Name: {Type: String}}\nResources: {F: {Type: 'AWS::AppFlow::Flow', Properties:"
        " {FlowName: !Ref Name}}}"
    )

    assert run(["convert", str(template), "--to", "json", "--parameter", "Name=a=b"]) == 0
    assert json.loads(capsys.readouterr().out) == {"flowName": "a=b"}

    assert run(["convert", str(template), "--to", "json"]) == 2
    assert "F: parameter Name has no value; give it with --parameter Name=VALUE" in capsys.readouterr().err


def test_a_region_of_the_settings_is_the_templates(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    template = write("Resources: {F: {Type: 'AWS::AppFlow::Flow', Properties: {FlowName: !Ref AWS::Region}}}")

    assert run(["convert", str(template), "--to", "json", "--parameter", "AWS::Region=eu-central-1"]) == 0
    assert json.loads(capsys.readouterr().out) == {"flowName": "eu-central-1"}


@pytest.mark.parametrize(
    "text, told",
    [
        ("{}", "there is no flow in it"),
        ('{"flowName": 5}', "flow.json:1: flowName is text, not a number"),
        ('{"Resources": {}}', "There is no flow, connector profile or connector"),
    ],
)
def test_what_can_not_be_read_is_exit_code_2(
    text: str, told: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", str(write(text)), "--to", "json"]) == 2
    assert told in capsys.readouterr().err


def test_a_parameter_without_a_name_is_bad_usage(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", str(write()), "--to", "json", "--parameter", "x"]) == 2
    assert "'x' is not NAME=VALUE" in capsys.readouterr().err


def test_a_folder_that_can_not_be_written_is_told(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", "utf-8")

    assert run(["convert", str(write()), "--to", "json", "-o", str(tmp_path / "file" / "x")]) == 2
    assert "file" in capsys.readouterr().err
