"""Each rule of the house catches a planted violation and lets its innocent neighbour pass."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.records import RecordConnector
from tests.house import documented, rooms, shape, words
from tests.house.sources import ROOT, Source

SRC = "src/headrace/flow/planted.py"


def _lines(count: int) -> str:
    return "def long():\n" + "    call()\n" * (count - 1)


CASES = [
    (shape.long_files, "x = 1\n" * 401, "x = 1\n" * 400),
    (shape.long_functions, _lines(41), _lines(40)),
    (shape.inner_imports, "def f():\n    import json\n", "import json\n"),
    (shape.inner_imports, "if x:\n    from a import b\n", "from a import b\n"),
    (shape.inner_imports, "if x.TYPE_CHECKING:\n    import b\n", "if TYPE_CHECKING:\n    import b\n"),
    (
        shape.inner_imports,
        "if sys.platform == 'x':\n    import b\n",
        "if sys.version_info >= (3, 14):\n    import b\nelse:\n    import c\n",
    ),
    (shape.modules_without_their_line, "x = 1\n", '"""Say it."""\nx = 1\n'),
    (shape.modules_without_their_line, '"""Say\nit."""\n', '"""Say it.\n\nAnd more.\n"""\n'),
    (shape.modules_without_their_line, '"""\nSay it.\n"""\n', ""),
    (
        shape.unmarked_boundaries,
        "try:\n    f()\nexcept Exception:\n    g()\n",
        "try:\n    f()\nexcept KeyError:\n    g()\n",
    ),
    (
        shape.unmarked_boundaries,
        "try:\n    f()\nexcept (KeyError, BaseException) as error:\n    g(error)\n",
        "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n",
    ),
    (
        shape.unmarked_boundaries,
        "try:\n    f()\nexcept:\n    g()\n",
        "try:\n    f()\n# Boundary: the worker outlives any execution.\nexcept Exception:\n    g()\n",
    ),
    (words.foreign_names, "class CopyJob: ...\n", "class Copy: ...\n"),
    (words.foreign_names, "def run_pipeline(): ...\n", "def run_flow(pipe_line): ...\n"),
    (words.foreign_names, "def run(sink): ...\n", "def run(): return sinking('a job')\n"),
    (words.foreign_names, "self.job_count = 1\n", "print(self.job_count)\n"),
    (words.leftovers, "# TO" + "DO: later\n", "# todos are kept elsewhere\n"),
    (words.leftovers, "raise NotImplemented" + "Error\n", "raise NotImplementedErrors\n"),
    (words.places, "see /wo" + "rk/main/x\n", "see src/work/main\n"),
    (words.places, "pip -i https://py" + "pi.org/simple\n", "PyPI\n"),
    (words.places, "/home/so" + "mebody/x\n", "~/.headrace\n"),
    (rooms.strangers, "import duckdb\n", "import decimal\n"),
    (rooms.strangers, "from sqlalchemy.orm import Session\n", "from headrace.store import flows\n"),
    (rooms.async_outside_the_edge, "async def f(): ...\n", "def f(): ...\n"),
    (rooms.sleeps, "import time\ntime.sleep(1)\n", "import time\ntime.monotonic()\n"),
    (rooms.sleeps, "from time import sleep\n", "from time import monotonic\n"),
    (rooms.patches, "from unittest.mock import patch\n", "from unittest import TestCase\n"),
    (rooms.patches, "from unittest import mock\n", "import unittest\n"),
    (rooms.patches, "def test(monkeypatch):\n    monkeypatch.setattr(a, 'b', 1)\n", "def test(settings): ...\n"),
    (rooms.patches, "def test(mocker): ...\n", "def test(clock): ...\n"),
]


@pytest.mark.parametrize("rule, planted, innocent", CASES)
def test_a_planted_violation_is_caught_and_its_neighbour_passes(rule, planted: str, innocent: str) -> None:
    assert len(list(rule(Source(SRC, planted)))) == 1
    assert list(rule(Source(SRC, innocent))) == []


@pytest.mark.parametrize("planted", ["program.wait(20)", "until(f, timeout_s=5.0)", "urlopen(url, timeout=30)"])
def test_a_test_that_is_impatient_is_caught(planted: str) -> None:
    assert len(list(rooms.impatience(Source("tests/unit/test_x.py", planted)))) == 1
    assert list(rooms.impatience(Source(SRC, planted))) == []


@pytest.mark.parametrize(
    "patient", ["program.wait()", "until(f, timeout_s=PATIENCE_S)", "late(timeout=0.1)", "c.wait(3600)"]
)
def test_a_test_may_wait_long_or_for_what_is_late(patient: str) -> None:
    assert list(rooms.impatience(Source("tests/unit/test_x.py", patient))) == []


@pytest.mark.parametrize("path", ["src/headrace/engine/split.py", "tests/e2e/test_x.py", "bench/engine.py"])
def test_a_library_may_be_used_in_its_home_and_outside_the_package(path: str) -> None:
    assert list(rooms.strangers(Source(path, "import duckdb\n"))) == []


@pytest.mark.parametrize("branches, is_fine", [(7, True), (8, False)])
def test_ruff_catches_a_function_of_more_than_eight_ways(branches: int, *, is_fine: bool) -> None:
    planted = (
        "def choose(x):\n" + "".join(f"    if x == {n}:\n        x += 1\n" for n in range(branches)) + "    return x\n"
    )
    command = [sys.executable, "-m", "ruff", "check", "--select=C901", "--stdin-filename", SRC, "-"]
    answer = subprocess.run(command, cwd=ROOT, input=planted, capture_output=True, text=True, check=False)
    assert ("C901" not in answer.stdout) is is_fine, answer.stdout + answer.stderr


def test_an_undocumented_setting_and_a_stale_line_are_caught() -> None:
    source = Source("src/headrace/settings.py", 'x = env["HEADRACE_DATA"], env["HEADRACE_NEW"]\n')
    faults = list(documented.settings_missing([source], "`HEADRACE_DATA`, `HEADRACE_GONE`"))
    assert [fault.split(": ")[1].split()[0] for fault in faults] == ["HEADRACE_NEW", "HEADRACE_GONE"]
    assert list(documented.settings_missing([source], "HEADRACE_DATA HEADRACE_NEW")) == []


def test_an_undocumented_error_is_caught_however_far_down_the_tree() -> None:
    text = dedent("""
        class HeadraceError(Exception): ...
        class Stop(HeadraceError): ...
        class Deep(errors.Stop): ...
        class _Own(Stop): ...
        class Plain(ValueError): ...
    """)
    source = Source("src/headrace/errors.py", text)
    faults = list(documented.errors_missing([source], "`HeadraceError` `Stop`"))
    assert [fault.split(": ")[1].split()[0] for fault in faults] == ["Deep"]
    assert list(documented.errors_missing([source], "`HeadraceError` `Stop` `Deep`")) == []


def test_two_migrations_that_follow_the_same_one_are_caught() -> None:
    texts = {"0001": "down_revision = None\n", "0002": 'down_revision = "0001"\n', "0003": 'down_revision = "0002"\n'}
    line = [Source(f"src/headrace/store/migrations/versions/{name}.py", text) for name, text in texts.items()]
    forked = Source("src/headrace/store/migrations/versions/0004.py", 'down_revision = "0002"\n')
    assert list(documented.revisions_that_fork(line)) == []
    assert [fault.split(":")[0] for fault in documented.revisions_that_fork([*line, forked])] == [forked.path]


def test_decisions_of_one_number_and_a_wrong_title_are_caught() -> None:
    first = Source("docs/decisions/0001-first.md", "# 0001: First\n")
    twin = Source("docs/decisions/0001-twin.md", "# 0001: Twin\n")
    other = Source("docs/decisions/0002-other.md", "# 0001: Other\n")
    assert list(documented.decisions_misnumbered([first])) == []
    found = list(documented.decisions_misnumbered([first, twin, other]))
    assert [fault.split(":")[0] for fault in found] == [twin.path, other.path]


@pytest.mark.parametrize("lines, is_fine", [(89, False), (90, True), (150, True), (151, False)])
def test_a_readme_too_short_or_too_long_is_caught(lines: int, *, is_fine: bool) -> None:
    assert (list(documented.readme_length(Source("README.md", "x\n" * lines))) == []) is is_fine


def test_a_table_of_connectors_that_says_too_much_is_caught() -> None:
    found = {"Slack": RecordConnectorType(connector_type="Slack", open=never_opened)}
    (told,) = documented.connectors_untold(found, "")
    page = "\n".join(["| connector | source | destination |", "|---|---|---|", *told.splitlines()[1:]])
    assert list(documented.connectors_untold(found, page)) == []
    assert "| `Slack` | runs |  |" in page
    assert "| `CustomConnector` | runs | runs |" in page
    assert (
        list(documented.connectors_untold(found, page.replace("| `Zendesk` | described", "| `Zendesk` | runs"))) != []
    )
    assert list(documented.connectors_untold({}, page)) != []


def never_opened(*_: object) -> RecordConnector:
    raise AssertionError
