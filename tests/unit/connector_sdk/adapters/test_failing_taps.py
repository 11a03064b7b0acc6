"""What becomes of a tap that does what no tap should."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from headrace.connector_sdk.hosts.adapters import tender
from headrace.connector_sdk.hosts.adapters.program import Program, Surroundings
from headrace.connector_sdk.hosts.book import bounds_of
from headrace.connector_sdk.records import Page
from headrace.errors import Refused, Retry, StartOver, Stop
from headrace.settings import Settings
from tests.standins.processes import until
from tests.unit.connector_sdk.adapters.shops import TOKEN, Shop, asked, ids, shop

# A tap is silent while it starts, too.
SILENCE_S = 4.0


@pytest.fixture(name="tap")
def hosted(tmp_path: Path) -> Generator[Shop]:
    with shop(tmp_path) as made:
        yield made


def read(tap: Shop, mood: str, **settings: str) -> list[int]:
    return ids(*tap.connector(mood=mood, **settings).read(asked()))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_credentials_that_the_application_refuses_are_told_apart(tmp_path: Path) -> None:
    with shop(tmp_path, token="wrong-token") as tap:
        with pytest.raises(Refused, match=r"401 Unauthorized: \[redacted\] opens nothing"):
            tap.connector().check()
        assert "wrong-token" not in tap.said
        assert tap.left_over() == []


def test_settings_that_make_no_sense_are_named_all_at_once(tap: Shop) -> None:
    with pytest.raises(Stop, match=r"count is 'many'; write a whole number. is_vip is 'perhaps'; write true or false"):
        tap.connector(count="many", is_vip="perhaps").check()


def test_credentials_that_are_missing_are_named(tmp_path: Path) -> None:
    with shop(tmp_path) as tap:
        tap.credentials = {}
        with pytest.raises(Stop, match=r"credentials are missing: token"):
            tap.connector().check()


def test_a_tap_that_finds_nothing_to_print_is_quoted(tap: Shop) -> None:
    with pytest.raises(Stop, match=r"printed no catalog when it was asked for its entities: nothing to see"):
        tap.connector(mood="aimless").check()


def test_a_program_that_is_gone_is_named(tap: Shop) -> None:
    tap.place = replace(tap.place, command=("/nowhere/tap-shop",))
    with pytest.raises(Stop, match=r"There is no program /nowhere/tap-shop"):
        tap.connector().check()


def test_a_program_that_can_not_be_run_is_named(tap: Shop, tmp_path: Path) -> None:
    program = tmp_path / "tap-broken"
    program.write_text("#!/nowhere/python\n")
    program.chmod(0o755)
    tap.place = replace(tap.place, command=(str(program),))
    with pytest.raises(Stop, match=r"tap-broken can't be started. It said: .*No such file"):
        tap.connector().check()


def test_a_folder_that_is_gone_is_named(tap: Shop, tmp_path: Path) -> None:
    tap.place = replace(tap.place, folder=tmp_path / "gone")
    with pytest.raises(Stop, match=r"can't be started in .*gone"):
        tap.connector().check()


def test_lines_for_people_are_words_in_the_log(tap: Shop) -> None:
    assert read(tap, "garbage") == [0, 1, 2]
    assert ("Have a nice day", "QueryDataRequest") in tap.lines


def test_messages_that_nobody_knows_are_passed_over(tap: Shop) -> None:
    assert read(tap, "unknown") == [0, 1, 2]


def test_records_of_other_entities_are_passed_over(tap: Shop) -> None:
    assert read(tap, "others") == [0, 1, 2]


def test_a_schema_may_change_half_way(tap: Shop) -> None:
    assert read(tap, "changes") == [0, 1, 2]


@pytest.mark.parametrize(
    "mood, words",
    [
        ("broken", 'is no message .* may have been a record: {"type": "RECORD", "stream": "shop-ord'),
        ("schemaless", "before its SCHEMA"),
        ("batch", "wrote a batch of shop-orders to a file"),
        ("huge", "printed a line of more than 16777216 bytes. It begins: xxx"),
        ("raises", r"ended with exit code 1 \(reading\). It said: RuntimeError: the shop burnt down.*\[redacted\]"),
    ],
)
def test_a_reading_that_can_not_be_trusted_ends_in_the_taps_words(tap: Shop, mood: str, words: str) -> None:
    with pytest.raises(Stop, match=words):
        read(tap, mood)
    assert tap.left_over() == []


def test_a_tap_that_takes_more_memory_than_it_may_sees_an_error(tmp_path: Path) -> None:
    with shop(tmp_path, memory_bytes=2**29) as tap, pytest.raises(Stop, match=r"exit code 1.* MemoryError"):
        read(tap, "greedy")


def test_a_tap_that_falls_silent_is_ended_and_read_again(tmp_path: Path) -> None:
    with shop(tmp_path, timeout_s=SILENCE_S) as tap:
        pages = tap.connector(mood="hangs").read(asked())
        # What there was comes in a page before, so that whoever reads may stop.
        assert ids(next(pages)) == [0]
        with pytest.raises(StartOver, match=r"said nothing for 4 s \(HEADRACE_CONNECTOR_TIMEOUT\)"):
            list(pages)
        assert tap.left_over() == []


def test_a_tap_that_is_killed_half_way_is_to_be_read_from_its_start(tap: Shop, tmp_path: Path) -> None:
    settings = {"count": "3000", "after": "1500", "marker": str(tmp_path / "killed")}
    with pytest.raises(StartOver, match=r"was killed by SIGKILL"):
        read(tap, "killed", **settings)
    assert read(tap, "killed", **settings) == list(range(3000))


def test_a_reading_that_another_process_began_is_to_be_read_from_its_start(tap: Shop) -> None:
    with pytest.raises(StartOver, match=r"everything is read again"):
        list(tap.connector().read(asked(after="of another process")))


def test_a_reading_that_is_given_up_ends_its_tap(tap: Shop) -> None:
    pages = cast("Generator[Page]", tap.connector(mood="hangs", after="1500", count="3000").read(asked()))
    assert len(next(pages).records) == 1000
    assert tap.left_over() != []
    pages.close()
    assert tap.left_over() == []


def test_two_readings_don_t_disturb_each_other(tap: Shop) -> None:
    custom = tap.connector(count="3000")
    first, second = custom.read(asked()), custom.read(asked())
    begun = [next(first), next(second)]
    assert [*ids(begun[0]), *ids(*first)] == list(range(3000))
    assert [*ids(begun[1]), *ids(*second)] == list(range(3000))


def test_a_host_that_is_closed_ends_its_taps(tap: Shop) -> None:
    pages = tap.connector(mood="hangs", after="1500", count="3000").read(asked())
    next(pages)
    host = tap.host
    closing = threading.Timer(0.5, host.close)
    closing.start()
    with pytest.raises((StartOver, Retry)):
        list(pages)
    closing.join()
    with pytest.raises(Retry, match=r"stopping"):
        host.invoke({"type": "DescribeConnectorConfigurationRequest"})
    assert tap.left_over() == []


def test_a_tap_sees_nothing_of_headraces_environment(tap: Shop) -> None:
    read(tap, "environment")
    (seen,) = (line.split() for line, _ in tap.lines if line.startswith("I see"))
    assert "LANG" in seen
    assert [name for name in seen if name.startswith(("HEADRACE_", "AWS_"))] == []


def test_a_program_ends_with_whoever_tends_it(tmp_path: Path) -> None:
    bounds = bounds_of(Settings(data=tmp_path))
    surroundings = Surroundings(tmp_path, {}, bounds, tmp_path / "scratch", lambda *_: None)
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    program = Program([sys.executable, "-c", code], surroundings, {"config.json": TOKEN}, None)
    try:
        (line,) = program.lines(60.0) or []
        assert len(list((tmp_path / "scratch").rglob("config.json"))) == 1
        # What happens when headrace is gone, however it went: its end of the lifeline closes.
        lifeline = program._process.stdin
        assert lifeline is not None
        lifeline.close()
        until(lambda: not is_running(int(line)))
        until(lambda: not list((tmp_path / "scratch").rglob("config.json")))
    finally:
        program._process.stdin = None
        program.close()


def test_a_tender_ends_as_its_program_did(tmp_path: Path) -> None:
    bounds = bounds_of(Settings(data=tmp_path))
    surroundings = Surroundings(tmp_path, {}, bounds, tmp_path / "scratch", lambda *_: None)
    for code, ended in ((f"import os; os.kill(os.getpid(), {int(signal.SIGTERM)})", -signal.SIGTERM), ("exit(3)", 3)):
        program = Program([sys.executable, "-c", code], surroundings, {}, None)
        assert program.lines(60.0) is None
        assert program.exit_code() == ended
        program.close()
    assert tender.NOT_STARTED == 127
