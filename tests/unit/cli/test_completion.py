"""`headrace completion`, and what it completes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.shell_completion import ShellComplete

from headrace.cli.main import DONE, headrace, run
from tests.standins.recorder import recording


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


@pytest.mark.parametrize("before", [["start"], ["flow", "show"], ["logs"], ["executions"], ["backfill", "start"]])
def test_the_flows_of_the_service_are_completed(before: list[str], served: str) -> None:
    shell = ShellComplete(headrace, {}, "headrace", "_HEADRACE_COMPLETE")
    assert [each.value for each in shell.get_completions([*before, "--endpoint-url", served], "or")] == ["orders"]
    assert shell.get_completions([*before, "--endpoint-url", "http://127.0.0.1:9"], "or") == []


@pytest.fixture(name="served", scope="module")
def a_service_with_flows() -> Iterator[str]:
    with recording() as recorder:
        recorder.answers[:] = [{"flows": [{"flowName": name, "flowStatus": "Active"} for name in ("orders", "people")]}]
        yield recorder.url
