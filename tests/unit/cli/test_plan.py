"""`headrace plan`: findings of documents in files, and of flows of a service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.main import run
from headrace.testing import running
from tests.unit.cli.conftest import Write, plant
from tests.unit.cli.documents import flow_document

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(data: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """The exit code, and what was said on standard output and standard error."""

    def tell(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--data", str(data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return tell


def mapped(field: str, to: str) -> dict[str, Any]:
    return {"taskType": "Map", "sourceFields": [field], "destinationField": to, "connectorOperator": {"S3": "NO_OP"}}


def files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a_document_without_fault_is_said_to_be_taken(data: Path, write: Write, told: Told) -> None:
    path, before = write(), files(data)

    code, out, _ = told("plan", path)

    assert code == 0
    assert out.splitlines() == [f"{path}: flow people, from S3 to S3", "nothing to say: CreateFlow takes it"]
    assert files(data) == before


def test_a_fault_is_told_with_its_line_and_what_to_write(write: Write, told: Told) -> None:
    path = write(json.dumps(flow_document(tasks=[{"taskType": "Map", "sourceFields": []}]), indent=1))
    at = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if '"sourceFields"' in line)

    code, out, _ = told("plan", path)

    assert code == 2
    assert f"{path}:{at}: error source-fields: tasks[0].sourceFields: sourceFields has no field\n" in out
    assert "    write exactly one\n" in out
    assert out.splitlines()[-1] == "2 errors, 1 warning: CreateFlow refuses it"


def test_fields_that_the_source_lacks_are_told_with_the_nearest(write: Write, told: Told) -> None:
    code, out, _ = told("plan", write(tasks=[mapped("nmae", "name")]))
    assert code == 0
    assert "S3 raw/in has no field 'nmae', so it counts as empty\n    write 'name'\n" in out


def test_a_source_with_nothing_in_it_is_an_error(data: Path, write: Write, told: Told) -> None:
    (data / "buckets" / "raw" / "in" / "people.csv").unlink()
    code, out, _ = told("plan", write())
    assert code == 2
    assert "error not-there: sourceFlowConfig" in out


def test_findings_are_printed_as_json(write: Write, told: Told) -> None:
    code, out, _ = told("plan", write(tasks=[mapped("nmae", "name")]), "--output", "json")
    assert code == 0
    found = json.loads(out)["findings"]
    assert [each["rule"] for each in found] == ["no-projection", "unknown-field"]
    assert found[1]["instead"] == "write 'name'"
    assert found[1]["line"] == 1


def test_a_file_that_is_no_document_is_an_error_with_its_line(write: Write, told: Told) -> None:
    path = write('{\n"flowName": }')
    code, out, _ = told("plan", path)
    assert code == 2
    assert out.startswith(f"{path}:2: error document:")


def test_a_flow_that_needs_a_profile_says_that_its_fields_were_not_looked_at(write: Write, told: Told) -> None:
    source = {
        "connectorType": "Slack",
        "connectorProfileName": "chat",
        "sourceConnectorProperties": {"Slack": {"object": "conversations/C1"}},
    }
    code, out, _ = told("plan", write(sourceFlowConfig=source, tasks=flow_document()["tasks"][1:]))
    assert code == 0
    assert "note not-asked: sourceFlowConfig: the fields of the source were not looked at" in out
    assert "give --endpoint-url" in out


def test_a_service_is_asked_for_documents_and_for_flows_that_are_there(
    tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path / "served") as service:
        plant(service.data, "id,name\n1,Ada\n")
        path = write(tasks=[mapped("nmae", "name")])

        assert run(["plan", str(path), "--endpoint-url", service.url]) == 0
        assert "has no field 'nmae'" in capsys.readouterr().out

        assert run(["create-flow", "--cli-input-json", f"file://{path}", "--endpoint-url", service.url]) == 0
        capsys.readouterr()
        assert run(["plan", "people", "--endpoint-url", service.url]) == 0
        assert "people: warning unknown-field: tasks[0].sourceFields" in capsys.readouterr().out

        assert run(["preview", "people", "--endpoint-url", service.url]) == 0
        assert "Of 1 records 1 would be written" in capsys.readouterr().out

        assert run(["plan", "nobody", "--endpoint-url", service.url]) == 1
        assert "Flow nobody not found" in capsys.readouterr().err


def test_profiles_of_the_data_folder_are_asked(write: Write, told: Told, data: Path) -> None:
    """The folder has a store, made by a run before."""
    assert told("run", write())[0] == 0
    source = {
        "connectorType": "Slack",
        "connectorProfileName": "chat",
        "sourceConnectorProperties": {"Slack": {"object": "conversations/C1"}},
    }
    code, out, _ = told("plan", write(flowName="chat", sourceFlowConfig=source, tasks=flow_document()["tasks"][1:]))
    assert code == 2
    assert "error not-there: sourceFlowConfig: " in out
    assert "onnector profile chat" in out


def test_a_preview_shows_the_records_and_writes_nothing(data: Path, write: Write, told: Told) -> None:
    path, before = write(), files(data)

    code, out, _ = told("preview", path)

    assert code == 0
    assert "Grace" in out
    assert "dropped: tasks[0] Filter name" in out
    assert "tasks[0] Filter name: dropped 1\n" in out
    assert out.splitlines()[-1] == "Of 3 records 2 would be written, 1 dropped and 0 rejected. Nothing was written."
    assert files(data) == before


def test_a_preview_ends_with_as_many_records_as_are_asked_for(write: Write, told: Told) -> None:
    code, out, _ = told("preview", write(), "-n", "1", "--output", "json")
    assert code == 0
    answer = json.loads(out)
    assert [json.loads(each["after"]) for each in answer["records"]] == [{"id": "1", "name": "Ada"}]


def test_what_changes_is_shown_as_it_was_and_as_it_is(data: Path, write: Write, told: Told) -> None:
    plant(data, "id,name\n1,Ada\nbad\n")
    mask = {
        "taskType": "Mask",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "MASK_FIRST_N"},
        "taskProperties": {"MASK_LENGTH": "2"},
    }

    _, out, _ = told("preview", write(tasks=[*flow_document()["tasks"], mask]))

    assert "Ada → **a" in out
    assert "rejected: reading the source" in out
    assert "tasks[2] Mask name: changed 1 of the records shown" in out


def test_a_preview_of_a_window_without_objects_has_nothing(write: Write, told: Told) -> None:
    code, out, _ = told("preview", write(), "--from", "2000-01-01", "--to", "2000-01-02")
    assert (code, out) == (0, "There is nothing to read. Nothing was written.\n")


def test_a_run_that_would_end_with_an_error_is_told_of(write: Write, told: Told) -> None:
    strict = {
        "taskType": "Validate",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "VALIDATE_NUMERIC"},
        "taskProperties": {"VALIDATION_ACTION": "DropDataset"},
    }
    code, out, _ = told("preview", write(tasks=[*flow_document()["tasks"], strict]))
    assert code == 1
    assert "stopped: tasks[2] Validate name" in out
    assert out.endswith("The run would end with an error, and write nothing.\n")


def test_a_document_that_can_not_be_planned_has_no_preview(write: Write, told: Told) -> None:
    path = write(tasks=[{"taskType": "Map", "sourceFields": []}])
    code, out, err = told("preview", path)
    assert (code, out) == (2, "")
    assert "write exactly one" in err
    assert f"headrace plan {path} says more" in err


def test_a_preview_of_what_is_no_file_or_not_one_flow_fails_in_words(tmp_path: Path, told: Told) -> None:
    assert told("preview", tmp_path / "none.json")[::2] == (2, f"{tmp_path}/none.json: No such file or directory\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "there is no flow in it" in told("preview", empty)[2]
