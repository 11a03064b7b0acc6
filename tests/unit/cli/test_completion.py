"""`headrace completion`, and what it completes."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from headrace.cli.main import DONE, headrace, run


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_gets_what_it_reads(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == DONE
    assert f"_HEADRACE_COMPLETE={shell}_complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    "before, begun, expected",
    [
        ([], "describe-flow", ["describe-flow", "describe-flow-execution-records"]),
        ([], "ser", ["serve"]),
        (["delete-flow"], "--force", ["--force-delete"]),
        (["list-flows", "--output"], "t", ["table", "text"]),
    ],
)
def test_names_and_options_are_completed(before: list[str], begun: str, expected: list[str]) -> None:
    found = ShellComplete(headrace, {}, "headrace", "_HEADRACE_COMPLETE").get_completions(before, begun)
    assert [each.value for each in found] == expected
