"""The command itself: its help, its exit codes, what it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.cli.main import COMMANDS, run

HEAVY = ("alembic", "cryptography", "duckdb", "obstore", "rich", "sqlalchemy", "starlette", "uvicorn")


def test_help_names_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)
    assert all(lazy.help in out for lazy in COMMANDS.values())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"headrace {name}" in capsys.readouterr().out


def test_the_help_loads_nothing_heavy() -> None:
    check = (
        "import sys; from headrace.cli.main import run; run(['--help']);"
        f"sys.exit(sorted(set({HEAVY!r}) & sys.modules.keys()) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_help_is_there_in_a_blink() -> None:
    """It loads hardly more than click does, however long the machine takes for it; that is the benchmarks' question."""
    loaded = (
        "import sys, click; by_click = set(sys.modules); from headrace.cli.main import run; run(['--help']);"
        "print(*sorted(set(sys.modules) - by_click), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    own = {name for name in done.stderr.split() if name.partition(".")[0] == "headrace"}
    assert own == {"headrace", "headrace.cli", "headrace.cli.main", "headrace.errors"}
    assert len(done.stderr.split()) < 30


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("headrace ")


@pytest.mark.parametrize("arguments", [["serf"], ["--loud"], ["serve", "--port", "many"], ["run"], ["keys", "lose"]])
def test_bad_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Error: " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["serve"], ["run", "flow.json"], ["keys", "list"]])
def test_bad_settings_are_exit_code_3_and_told_one_a_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEADRACE_AUTH", "off")
    monkeypatch.setenv("HEADRACE_LEASE", "0")

    assert run(arguments) == 3

    lines = capsys.readouterr().err.splitlines()
    assert [line.split("=")[0] for line in lines] == ["HEADRACE_AUTH", "HEADRACE_LEASE"]


def test_output_that_finds_no_room_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "headrace", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert done.stderr == "headrace could not write what it had to say: No space left on device. Make room there.\n"
