from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[3]
PLUGIN = "headrace.connector_sdk.pytest_plugin"
PROJECT = """
    import pytest
    from headrace.connector_sdk.authoring import Entity, Field, Page, Source
    from headrace.connector_sdk.conformance import of_class

    class Words(Source):
        entities = (Entity("word", (Field("text"),)),)

        def read(self, query):
            yield Page([{"text": "so", "language": "en"}] if BROKEN else [{"text": "so"}])

    @pytest.fixture(scope="module")
    def headrace_connector():
        return of_class(Words, entities=["word"] if not BROKEN else ["sentence"])

    def test_words(headrace_check):
        headrace_check()

    def test_of_the_projects_own():
        assert True
"""


def run(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_words.py").write_text(dedent(text))
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-W", "error", "-rs", "--rootdir", str(folder), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_each_check_of_a_projects_connector_is_a_test_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, f"BROKEN = False\n{dedent(PROJECT)}", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_words[describes-itself] PASSED" in done.stdout
    assert "test_words[keeps-what-it-takes] SKIPPED" in done.stdout
    assert "it is no destination" in done.stdout


def test_a_check_that_fails_says_its_rule_and_what_was_found(tmp_path: Path) -> None:
    done = run(tmp_path, f"BROKEN = True\n{dedent(PROJECT)}")
    assert done.returncode == 1
    assert "Every entity can be read. But: sentence: There is no entity 'sentence'" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_project_that_asks_for_nothing_gets_nothing_imported(tmp_path: Path) -> None:
    text = """
        import sys

        def test_nothing_of_the_suite_is_here():
            # pytest itself imports the plug-in; nothing else of headrace is needed for that.
            here = {name for name in sys.modules if name.startswith("headrace.")}
            assert here == {"headrace.connector_sdk", "headrace.connector_sdk.pytest_plugin"}
    """
    done = run(tmp_path, text)
    assert done.returncode == 0, done.stdout


def test_pytest_finds_the_plug_in_by_its_entry_point() -> None:
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert entries[PLUGIN] == PLUGIN
