"""docs/writing-connectors.md: its code is run, and its table of rules is the suite's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from headrace.connector_sdk.conformance import CHECKS, conformance, of_class

PAGE = (Path(__file__).parents[2] / "docs" / "writing-connectors.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CONNECTORS = "\n".join(BLOCKS[:1] + BLOCKS[2:5])


def run(folder: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    (folder / "connectors.py").write_text(CONNECTORS)
    (folder / "test_page.py").write_text("\n".join(["from connectors import *", *parts]))
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    plugin = "headrace.connector_sdk.pytest_plugin"
    command = [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-W", "error", "--rootdir", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_source_of_the_page_passes_the_tests_of_the_page(tmp_path: Path) -> None:
    done = run(tmp_path, BLOCKS[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_the_destination_of_the_page_passes_with_the_fixture_of_the_page(tmp_path: Path) -> None:
    done = run(tmp_path, BLOCKS[1], BLOCKS[5])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guarded_source_of_the_page_keeps_every_rule() -> None:
    names: dict[str, Any] = {}
    exec(compile("from __future__ import annotations\n" + CONNECTORS, "page", "exec"), names)
    found = of_class(names["Guarded"], credentials={"apiKey": "open-sesame"}, properties={"continent": "Europe"})
    results = list(conformance(found))
    assert [(each.check.name, each.reason) for each in results if each.outcome == "failed"] == []
    outcomes = {each.check.name: each.outcome for each in results}
    assert (
        outcomes["refuses bad credentials"] == outcomes["refuses bad settings"] == outcomes["keeps secrets"] == "passed"
    )


def test_the_table_of_the_page_is_the_suite() -> None:
    table = PAGE.partition("| rule | |\n|---|---|\n")[2].strip().splitlines()
    assert table == [f"| {check.name} | {check.meaning} |" for check in CHECKS]
