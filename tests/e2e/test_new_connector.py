"""A project that `headrace connectors new` makes: tested by its own tests, hosted, registered and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.main import run
from headrace.testing import Headrace, running
from tests.e2e import custom

PLUGIN = "headrace.connector_sdk.pytest_plugin"


@pytest.fixture(name="project")
def new_project(tmp_path: Path) -> Path:
    folder = tmp_path / "my-notes"
    assert run(["connectors", "new", "my-notes", "--folder", str(folder)]) == 0
    return folder


def test_its_own_tests_pass_as_it_is(project: Path) -> None:
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_nothing_is_left_of_the_templates(project: Path) -> None:
    found = [path for path in project.rglob("*") if path.is_file()]
    assert (project / "src" / "my_notes" / "connector.py") in found
    assert [path for path in found if path.suffix == ".template" or "{{" in path.read_text()] == []


@pytest.mark.parametrize("name", ["9lives", "my_notes", "my--notes", "-x", "../up"])
def test_a_name_that_is_none_is_told(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["connectors", "new", "--folder", str(tmp_path / "x"), "--", name]) == 2
    assert "is no name" in capsys.readouterr().err


def test_a_folder_that_is_not_empty_stays_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (project / "README.md").read_text()
    assert run(["connectors", "new", "other", "--folder", str(project)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert (project / "README.md").read_text() == before


def test_it_is_hosted_registered_tested_and_run_as_its_readme_says(project: Path, tmp_path: Path) -> None:
    notebook = tmp_path / "notes.json"
    with running(tmp_path / "data") as service, closing(custom.client(service)) as appflow:
        at = ["--data", str(service.data)]
        where = ["--folder", str(project / "src"), "--python", sys.executable]
        assert run(["connectors", "host", "my-notes", "my_notes.connector:handler", *where, *at]) == 0
        arn = "arn:aws:lambda:us-east-1:000000000000:function:my-notes"
        appflow.register_connector(**custom.registration("my-notes", arn))
        profile: dict[str, Any] = json.loads((project / "profile.json").read_text())
        properties = profile["connectorProfileConfig"]["connectorProfileProperties"]["CustomConnector"]
        properties["profileProperties"]["file"] = str(notebook)
        appflow.create_connector_profile(**profile)
        writes_and_reads(service, appflow, notebook)
        given = ["my-notebook", "--write", f"note={project / 'tests' / 'note.json'}", "--once"]
        assert run(["connectors", "test", *given, *at]) == 0


def writes_and_reads(service: Headrace, appflow: Any, notebook: Path) -> None:
    service.put_object("raw", "in/a.csv", b"id,text\n1,first\n2,\n3,third\n")
    record = custom.run(service, appflow, custom.to_connector("write", "my-notebook", "note", "id", "text"))
    assert record["executionStatus"] == "Successful", record
    assert record["executionResult"]["errorInfo"]["putFailuresCount"] == 1
    assert [note["text"] for note in json.loads(notebook.read_text())["notes"]] == ["first", "third"]
    record = custom.run(service, appflow, custom.from_connector("read", "my-notebook", "note", "id", "text"))
    assert record["executionStatus"] == "Successful", record
    (key,) = service.list_objects("lake")
    rows = [json.loads(line) for line in service.get_object("lake", key).splitlines()]
    assert rows == [{"id": 1, "text": "first"}, {"id": 3, "text": "third"}]
