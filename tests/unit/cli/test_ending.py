"""A process that ends at once has done before what was to be done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.standins.processes import PATIENCE_S, plain_environment

PROGRAM = """
import atexit, sys, threading
from headrace.cli.ending import Ending
ending = Ending()
atexit.register(print, "what was registered later")
go_on = threading.Event()
threading.Thread(target=lambda: (go_on.wait(), print("a thread"))).start()
print("the program", end=" ")
go_on.set()
%s
"""


def ran(last: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM % last],
        env=plain_environment(PYTHONPATH=str(Path("src").absolute())),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_threads_and_what_asked_to_be_called_come_before_the_end(code: int) -> None:
    done = ran(f"ending.leave({code})")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.split("\n") == ["the program a thread", "what was registered later", ""]


def test_what_was_not_to_end_so_fails_as_ever() -> None:
    done = ran("raise ValueError('so it is')")
    assert done.returncode == 1
    assert "ValueError: so it is" in done.stderr
    assert "what was registered later" in done.stdout


def test_output_that_nobody_could_have_is_told_by_the_code() -> None:
    with Path("/dev/full").open("wb") as full:
        assert ran("ending.leave(0)", full.fileno()).returncode == 120
