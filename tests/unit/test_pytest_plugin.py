"""The fixture `headrace` in a project's own tests: those of docs/testing.md, as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.unit.cli.documents import flow_document

ROOT = Path(__file__).parents[2]
PLUGIN = "headrace.pytest_plugin"
PAGE = ROOT / "docs" / "testing.md"


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_flows.py").write_text(dedent(text))
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-W", "error", "-rs", "--rootdir", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def orders() -> dict[str, Any]:
    """The flow that the page speaks of."""
    keeps = {
        "taskType": "Filter",
        "sourceFields": ["paid"],
        "connectorOperator": {"S3": "EQUAL_TO"},
        "taskProperties": {"DATA_TYPE": "string", "VALUE": "yes"},
    }
    hides = {
        "taskType": "Mask",
        "sourceFields": ["name"],
        "destinationField": "name",
        "connectorOperator": {"S3": "MASK_ALL"},
        "taskProperties": {"MASK_VALUE": "*"},
    }
    daily = {"scheduleExpression": "rate(1days)", "dataPullMode": "Complete"}
    document = flow_document(
        flowName="orders",
        triggerConfig={"triggerType": "Scheduled", "triggerProperties": {"Scheduled": daily}},
        tasks=[keeps, hides, flow_document()["tasks"][1]],
    )
    document["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketPrefix"] = "orders"
    return document


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    example, settings = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "orders.json").write_text(json.dumps(orders()))
    taken = "def test_settings_are_taken(headrace):\n    assert headrace.service.backend.settings.limits == 'aws'\n"
    done = run(tmp_path, f"import pytest\n{example}\n{settings}\n{taken}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_a_project_that_asks_for_nothing_gets_nothing_imported(tmp_path: Path) -> None:
    text = """
        import sys

        def test_nothing_of_headrace_is_here():
            assert {name for name in sys.modules if name.startswith("headrace.")} == {"headrace.pytest_plugin"}
    """
    done = run(tmp_path, text)
    assert done.returncode == 0, done.stdout


def test_pytest_finds_the_plug_in_by_its_entry_point() -> None:
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert entries[PLUGIN] == PLUGIN
