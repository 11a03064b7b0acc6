"""`headrace lint`: flow documents of a folder, for CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from headrace.cli.main import run
from headrace.flow.rules import Rule
from tests.unit.cli.documents import flow_document

MAP: dict[str, Any] = {"taskType": "Map", "sourceFields": ["a"], "destinationField": "a"}
# The members that SARIF 2.1.0 requires of what is written, and the choices it has for them.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"enum": ["2.1.0"]},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/rule"}}
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "$defs": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "text": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        "rule": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "shortDescription": {"$ref": "#/$defs/text"},
                "defaultConfiguration": {"type": "object", "properties": {"level": {"$ref": "#/$defs/level"}}},
            },
        },
        "result": {
            "type": "object",
            "required": ["message", "ruleId"],
            "properties": {
                "message": {"$ref": "#/$defs/text"},
                "level": {"$ref": "#/$defs/level"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation"],
                                "properties": {
                                    "artifactLocation": {"type": "object", "required": ["uri"]},
                                    "region": {
                                        "type": "object",
                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                    },
                                },
                            }
                        },
                    },
                },
            },
        },
    },
}


def put(folder: Path, name: str, **changes: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(flow_document(**{"flowName": path.stem, **changes}), indent=2), "utf-8")
    return path


def linted(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = run(["lint", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_a_folder_without_fault_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "one.json")
    put(tmp_path, "two.json")
    assert linted(capsys, tmp_path) == (0, "2 documents: nothing to say\n")


def test_an_error_fails_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, "one.json", tasks=[{**MAP, "destinationField": ""}])
    at = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if "destinationField" in line)

    code, out = linted(capsys, tmp_path)

    assert code == 1
    assert (
        f"{path}:{at}: error destination-field: tasks[0].destinationField: it has no destinationField;"
        " write the name of the field to make\n"
    ) in out
    assert out.endswith("1 document: 1 error, 1 warning\n")


def test_a_warning_fails_where_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, "one.json", tasks=[MAP])
    code, out = linted(capsys, path)
    assert code == 0
    assert "warning no-projection: tasks: " in out
    assert linted(capsys, path, "--strict")[0] == 1


def test_yaml_and_templates_have_lines_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = json.dumps(flow_document()["sourceFlowConfig"])
    sides = json.dumps(flow_document()["destinationFlowConfigList"])
    (tmp_path / "flow.yaml").write_text(
        f"flowName: people\ntriggerConfig: {{triggerType: OnDemand}}\nsourceFlowConfig: {source}\n"
        f"destinationFlowConfigList: {sides}\ntasks:\n  - taskType: Map_all\n    sourceFields:\n      - a\n",
        "utf-8",
    )
    code, out = linted(capsys, tmp_path)
    assert code == 1
    assert f"{tmp_path}/flow.yaml:8: error source-fields: tasks[0].sourceFields" in out


def test_a_file_that_is_no_document_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text('{"flowName": 1, "tasks": [', "utf-8")
    put(tmp_path, "one.json", tasks=[MAP])
    code, out = linted(capsys, tmp_path)
    assert code == 1
    assert "bad.json:1: error document: " in out
    assert "one.json:" in out


def test_sarif_has_the_members_that_its_schema_requires(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_text("{", "utf-8")
    put(tmp_path, "a flow.json", flowName="flow", tasks=[MAP])

    code, out = linted(capsys, tmp_path, "--output", "sarif")

    made = json.loads(out)
    jsonschema_rs.validator_for(SARIF).validate(made)
    assert code == 1
    (only,) = made["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.value for rule in Rule]
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    (flow,) = [each for each in only["results"] if each["ruleId"] == "no-projection"]
    place = flow["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("/a%20flow.json")
    assert place["region"]["startLine"] > 1


def test_findings_are_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, "one.json", tasks=[MAP])
    assert linted(capsys, path, "--output", "json", "--output-file", tmp_path / "found.txt") == (0, "")
    found = json.loads((tmp_path / "found.txt").read_text("utf-8"))["findings"]
    assert [each["rule"] for each in found] == ["no-projection"]


def test_two_files_may_be_of_one_flow_for_two_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "development.json", flowName="people")
    put(tmp_path, "production.json", flowName="people")
    assert linted(capsys, tmp_path) == (0, "2 documents: nothing to say\n")
