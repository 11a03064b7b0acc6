"""The windows of incremental runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from headrace.flow.schedule import Trigger
from headrace.flow.window import Window, window_at

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def incremental(**others: object) -> Trigger:
    return Trigger("Scheduled", pull_mode="Incremental", **others)  # pyright: ignore[reportArgumentType]


def test_the_first_window_reaches_thirty_days_back() -> None:
    assert window_at(incremental(), NOON, read_until=None) == Window(NOON - timedelta(days=30), NOON)


def test_the_first_window_begins_where_the_flow_says() -> None:
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    assert window_at(incremental(first_execution_from=begun), NOON, read_until=None) == Window(begun, NOON)


def test_only_the_first_window_asks_where_the_flow_begins() -> None:
    trigger = incremental(first_execution_from=datetime(2020, 1, 1, tzinfo=UTC))
    assert window_at(trigger, NOON, read_until=NOON - HOUR) == Window(NOON - HOUR, NOON)


def test_an_offset_shifts_the_window_back() -> None:
    trigger = incremental(offset_s=600)
    read_until = NOON - HOUR - timedelta(minutes=10)
    assert window_at(trigger, NOON, read_until=read_until) == Window(read_until, read_until + HOUR)


def test_an_offset_that_has_grown_repeats_nothing_and_one_that_has_shrunk_leaves_no_gap() -> None:
    read_until = NOON - HOUR
    assert window_at(incremental(offset_s=7200), NOON, read_until=read_until) == Window(read_until, read_until)
    assert window_at(incremental(), NOON, read_until=NOON - 9 * HOUR) == Window(NOON - 9 * HOUR, NOON)


def test_a_flow_that_begins_in_the_future_reads_nothing_yet() -> None:
    later = NOON + HOUR
    assert window_at(incremental(first_execution_from=later), NOON, read_until=None) == Window(later, later)


def test_a_complete_run_has_no_window() -> None:
    assert window_at(Trigger("Scheduled"), NOON, read_until=NOON - HOUR) is None
