"""`headrace work` and `serve --no-work` as processes: what they refuse."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.standins.processes import Program, plain_environment


@pytest.mark.parametrize("arguments", [("work",), ("serve", "--no-work")])
def test_a_file_that_one_process_opens_is_for_no_second_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "headrace", *arguments, "--data", str(tmp_path / "data")]
    with closing(Program(command, env=plain_environment("HOME"))) as program:
        assert program.wait() == 3
    assert "one process opens at a time" in program.output
    assert "set HEADRACE_DATABASE_URL" in program.output
    assert not (tmp_path / "data").exists()
