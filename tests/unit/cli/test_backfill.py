"""`headrace backfill`, `headrace backfills` and `headrace position` against a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.cli.backfill_shown import live, progress_of
from headrace.cli.main import BAD_USAGE, DONE, NOT_STARTED, RUN_FAILED, run
from headrace.testing import Headrace, running
from tests.unit.cli.test_start_flow import INCREMENTAL, create, start, written

DAY = timedelta(days=1)
# Days before the clock's present, 2026-01-05.
SPAN = ("--from", "2026-01-01", "--to", "2026-01-05")


@pytest.fixture
def headrace(tmp_path: Path) -> Iterator[Headrace]:
    """A service with the flow `people` over an object a day, the third of which can't be read."""
    with running(tmp_path / "data") as service:
        for day in range(4):
            body = b"PAR1 is no Parquet" if day == 2 else f"id,name\n{day},Ada\n{day}{day},Bob\n".encode()
            service.put_object("raw", f"in/{day}.csv", body)
            service.clock.turn(DAY)
        create(service)
        yield service


def repair(headrace: Headrace) -> None:
    headrace.clock.turn(-2 * DAY)
    headrace.put_object("raw", "in/2.csv", b"id,name\n2,Ada\n22,Bob\n")
    headrace.clock.turn(2 * DAY)


def backfill(headrace: Headrace, *arguments: str) -> int:
    return run(["backfill", *arguments, "--url", headrace.url])


def asked(headrace: Headrace, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run([*arguments, "--url", headrace.url]) == DONE
    return capsys.readouterr().out


def test_a_backfill_reads_each_day_and_a_fixed_day_when_it_is_resumed(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backfill(headrace, "people", *SPAN, "--parallel", "2", "--wait") == RUN_FAILED
    shown = capsys.readouterr()
    assert shown.out == "people/1\n"
    assert written(headrace) == ["0", "00", "1", "11", "3", "33"]
    assert "3 of 4 slices done, 1 failed (75 %)" in shown.err
    assert "  records: read 6, written 6, rejected 0, dropped 0\n" in shown.err
    assert "  slice 2  [2026-01-03T00:00:00Z, 2026-01-04T00:00:00Z)  Error  " in shown.err
    assert "headrace backfill resume people/1" in shown.err

    repair(headrace)
    assert backfill(headrace, "resume", "people/1", "--wait") == DONE
    assert written(headrace) == ["2", "22"]
    assert "people/1  Successful     4 of 4 slices done (100 %)" in capsys.readouterr().err
    assert backfill(headrace, "resume", "people/1") == RUN_FAILED
    assert "there is nothing to run again" in capsys.readouterr().err


def test_a_backfill_is_shown_listed_and_cancelled_by_its_id(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    headrace.service.backend.drain()  # so that it stays as it is
    assert backfill(headrace, "people", *SPAN, "--parallel", "1", "--where", "id > 1", "--stop-on-failure") == DONE
    line = "people/1  InProgress     0 of 4 slices done, 1 running, 3 left (0 %)"
    span = "[2026-01-01T00:00:00Z, 2026-01-05T00:00:00Z) every 1d"
    assert f"{line}  {span}\n" in capsys.readouterr().err
    shown = asked(headrace, capsys, "backfill", "show", "people/1")
    assert f"{line}  {span}\n  one slice at a time, stops at the first failure\n" in shown
    assert asked(headrace, capsys, "backfills") == asked(headrace, capsys, "backfills", "people") == f"{line}  {span}\n"
    (listed,) = json.loads(asked(headrace, capsys, "backfills", "--output", "json"))
    told = json.loads(asked(headrace, capsys, "backfill", "show", "people/1", "--output", "json"))
    assert told == listed | {"failures": []}
    assert asked(headrace, capsys, "backfill", "cancel", "people/1").startswith("people/1  Canceled ")
    assert backfill(headrace, "cancel", "people/1") == RUN_FAILED
    assert "has ended" in capsys.readouterr().err


def test_a_flow_that_is_called_like_a_command_is_started_in_full(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    create(headrace, flowName="show")
    assert backfill(headrace, "start", "show", *SPAN) == DONE
    assert capsys.readouterr().out == "show/1\n"


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("people",), BAD_USAGE, "Missing option '--from'"),
        (("people", "--from", "soon"), BAD_USAGE, "'soon' is no instant"),
        (("people", *SPAN, "--every", "1y"), RUN_FAILED, "write a number and m, h, d, w or mo"),
        (("people", *SPAN, "--parallel", "0"), RUN_FAILED, "'parallel'"),
        (("nobody", *SPAN), RUN_FAILED, "ResourceNotFoundException: Flow nobody not found."),
        (("show", "people"), BAD_USAGE, "'people' is no id of a backfill; write one as orders/1"),
        (("show", "people/0"), BAD_USAGE, "'people/0' is no id of a backfill; write one as orders/1"),
        (("show", "people/9"), RUN_FAILED, "Backfill people/9 not found"),
    ],
)
def test_what_can_not_be_done_is_told(
    headrace: Headrace, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert backfill(headrace, *arguments) == code
    assert words in capsys.readouterr().err


def test_without_a_service_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("backfills",), ("position", "people")):
        assert run([*command, "--url", "http://127.0.0.1:1"]) == NOT_STARTED
    assert "Nothing answers" in capsys.readouterr().err


def test_a_backfill_is_followed_by_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    slices = {"total": 9000, "done": 2000, "failed": 1, "cancelled": 0, "running": 4, "left": 6995}
    with live(is_terminal=True) as show:
        show({"slices": slices, "secondsLeft": 7300.0})
    assert capsys.readouterr().out == ""
    told = progress_of({"slices": slices, "secondsLeft": 7300.0})
    assert told == "2,000 of 9,000 slices done, 4 running, 1 failed, 6,995 left, about 2 h to go"


def test_a_position_is_shown_and_set(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    repair(headrace)
    create(headrace, flowName="daily", triggerConfig=INCREMENTAL)
    assert asked(headrace, capsys, "position", "daily") == (
        "Flow daily has read nothing yet.\n"
        "  next window       [2025-12-06T00:00:00Z, 2026-01-05T00:00:00Z)\n"
        "  next tick         none: the flow is Draft\n"
        "  failures in a row 0\n"
    )
    shown = asked(headrace, capsys, "position", "daily", "--set", "2026-01-04")
    assert shown.startswith(
        "Flow daily goes on at 2026-01-04T00:00:00Z.\n"
        "  next window       [2026-01-04T00:00:00Z, 2026-01-05T00:00:00Z)\n"
    )
    assert start(headrace, name="daily") == DONE
    assert written(headrace) == ["3", "33"]
    told = json.loads(asked(headrace, capsys, "position", "daily", "--output", "json"))
    assert (told["kind"], told["readUntil"]) == ("window", 1767571200.0)
    assert asked(headrace, capsys, "position", "daily", "--clear").startswith("Flow daily has read nothing yet.")


def test_a_position_between_two_seconds_is_told_so_that_setting_it_again_changes_nothing(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    create(headrace, flowName="daily", triggerConfig=INCREMENTAL)
    shown = asked(headrace, capsys, "position", "daily", "--set", "2026-01-04T00:00:00.357+01:00")
    assert shown.startswith(
        "Flow daily goes on at 2026-01-03T23:00:00.357Z.\n"
        "  next window       [2026-01-03T23:00:00.357Z, 2026-01-05T00:00:00Z)\n"
    )
    assert asked(headrace, capsys, "position", "daily", "--set", "2026-01-03T23:00:00.357Z") == shown


def test_a_flow_that_events_start_has_no_position_since_events_say_what_is_read(
    headrace: Headrace, capsys: pytest.CaptureFixture[str]
) -> None:
    create(headrace, flowName="heard", triggerConfig={"triggerType": "Event"})
    assert asked(headrace, capsys, "position", "heard") == (
        "Flow heard keeps no position: each of its runs reads what events name (Event).\n"
    )
    assert run(["position", "heard", "--set", "2026-01-01", "--url", headrace.url]) == RUN_FAILED
    assert "Flow heard keeps no position: each of its runs reads what events name." in capsys.readouterr().err


def test_a_flow_without_a_position_says_so(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(headrace, capsys, "position", "people") == (
        "Flow people keeps no position: each of its runs reads everything (OnDemand).\n"
    )


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (("--clear", "--set", "2026-01-01"), BAD_USAGE, "Write --set PLACE"),
        (("--bookmark",), BAD_USAGE, "Write --set PLACE"),
        (("--set", "2026-01-40"), BAD_USAGE, "'2026-01-40' is no instant"),
        (("--set", "2026-01-01"), RUN_FAILED, "Flow people keeps no position"),
    ],
)
def test_a_position_that_can_not_be_set_is_told(
    headrace: Headrace, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert run(["position", "people", *arguments, "--url", headrace.url]) == code
    assert words in capsys.readouterr().err


def test_what_is_no_instant_is_a_bookmark(headrace: Headrace, capsys: pytest.CaptureFixture[str]) -> None:
    create(headrace, flowName="daily", triggerConfig=INCREMENTAL)
    for place in (("page 7",), ("1700000000",), ("2026-01-01", "--bookmark")):
        assert run(["position", "daily", "--set", *place, "--url", headrace.url]) == RUN_FAILED
        assert "gives no bookmarks" in capsys.readouterr().err
