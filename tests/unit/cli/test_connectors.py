"""`headrace connectors`: hosted once they answer, listed, hosted no longer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from headrace.cli.hosting import Given
from headrace.cli.main import run
from headrace.connector_sdk.hosts.book import Adapter

STANDINS = str(Path(__file__).parents[2] / "standins")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:Stock"


def hosted(data: Path, *more: str) -> int:
    return run(["connectors", "host", *more, "--data", str(data)])


def listed(data: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(["connectors", "list", "--data", str(data)]) == 0
    return capsys.readouterr().out


def test_a_handler_is_asked_what_it_is_and_hosted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hosted(tmp_path, "Stock", "stock_connector:handle", "--folder", STANDINS) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{ARN}\n"
    assert shown.err.splitlines() == [
        "handling DescribeConnectorConfigurationRequest",
        "Stock 1.0: source and destination",
    ]
    assert listed(tmp_path, capsys) == f"{ARN}  stock_connector:handle  {STANDINS}  {sys.executable}\n"


def test_an_endpoint_stands_in_for_a_function_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:theirs"
    assert hosted(tmp_path, arn, "--http", "http://127.0.0.1:9/run", "--unchecked") == 0
    assert listed(tmp_path, capsys) == f"{arn}  http://127.0.0.1:9/run\n"


@pytest.mark.parametrize(
    "more, words",
    [
        (("no_such_module:handle",), "ModuleNotFoundError"),
        (("stock_connector:handle", "--folder", STANDINS, "--python", sys.executable), None),
        (("--http", "http://127.0.0.1:9/run"), "can't be reached"),
    ],
)
def test_a_connector_that_does_not_answer_is_not_hosted(
    more: tuple[str, ...], words: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hosted(tmp_path, "raises" if words is None else "Stock", *more) == 1
    assert (words or "the shelf is empty") in capsys.readouterr().err
    assert listed(tmp_path, capsys) == ""


@pytest.mark.parametrize(
    "more, faults",
    [
        (("Stock",), ["Give one of MODULE:HANDLER"]),
        (("Stock", "a:b", "--http", "http://x"), ["Give one of MODULE:HANDLER"]),
        (
            ("_x", "a.b", "--python", "/no/such"),
            ["'_x' is no connector label: write two characters or more", "no handler", "no such program"],
        ),
        (("Stock", "--http", "ftp://x"), ["is no URL"]),
        (("Stock", "a:b", "--singer", "/no/such tap"), ["Give one of MODULE:HANDLER", "no such program"]),
        (("Stock", "--airbyte", "'"), ["is no command line"]),
        (("Stock", "--singer", "sh", "--manifest", __file__), ["--manifest goes with --airbyte"]),
        (("Stock", "a:b", "--config", __file__), ["--config goes with"]),
    ],
)
def test_every_fault_is_told_at_once(
    more: tuple[str, ...], faults: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hosted(tmp_path, *more) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(faults)
    for fault, line in zip(faults, lines, strict=True):
        assert fault in line


@pytest.mark.parametrize(
    "protocol, program, name", [("singer", "fake_tap.py", "tap-shop"), ("airbyte", "fake_source.py", "fake_source.py")]
)
def test_a_program_that_speaks_a_protocol_of_its_own_is_hosted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], protocol: str, program: str, name: str
) -> None:
    settings = tmp_path / "my settings.json"
    settings.write_text("{}")
    command = f"{sys.executable} {STANDINS}/{program}"

    assert hosted(tmp_path / "data", "Shop", f"--{protocol}", command, "--config", str(settings)) == 0

    out, err = capsys.readouterr()
    arn = "arn:aws:lambda:us-east-1:000000000000:function:Shop"
    assert out == f"{arn}\n"
    assert name in err
    assert err.endswith(": source\n")
    shown = listed(tmp_path / "data", capsys)
    assert shown == f"{arn}  --{protocol} {command}  --config {settings}  {Path.cwd()}\n"


def test_a_tap_that_tells_nothing_about_itself_is_hosted_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"{sys.executable} {STANDINS}/fake_tap.py --silent"
    assert hosted(tmp_path, "Shop", "--singer", command) == 0
    assert "told nothing about itself (it has no --about), so its settings are free-form" in capsys.readouterr().err


@pytest.mark.parametrize("program", ["true", "cat", "sleep"])
def test_a_program_that_is_no_tap_is_not_hosted_as_one(
    program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hosted(tmp_path, "Shop", "--singer", program) == 1
    assert "it is no Singer tap as far as can be told" in capsys.readouterr().err
    assert listed(tmp_path, capsys) == ""
    assert hosted(tmp_path, "Shop", "--singer", program, "--unchecked") == 0


def test_a_program_below_the_home_folder_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = Given(None, None, "~/no/such/tap --fast", None, None, None, sys.executable, tmp_path)
    assert len(list(given.faults())) == 1
    place = given.place()
    assert isinstance(place, Adapter)
    assert place.command == (str(Path.home() / "no/such/tap"), "--fast")


def test_a_connector_is_hosted_no_longer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hosted(tmp_path, "Stock", "--http", "http://x/", "--unchecked")
    assert run(["connectors", "unhost", ARN, "--data", str(tmp_path)]) == 0
    assert listed(tmp_path, capsys) == ""
    assert run(["connectors", "unhost", ARN, "--data", str(tmp_path)]) == 2
    assert "Nothing is hosted for" in capsys.readouterr().err
