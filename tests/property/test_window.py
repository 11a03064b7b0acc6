"""Windows over a life of ticks: some fail, some are skipped, the offset changes, the clock jumps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headrace.flow.schedule import Trigger
from headrace.flow.window import FIRST_REACH, Window, window_at

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Tick:
    """One due instant: how long after the one before, with which offset, and whether its run succeeds."""

    apart_s: int
    offset_s: int
    succeeds: bool


ticks = st.builds(Tick, st.integers(1, 100_000), st.integers(0, 36_000), st.booleans())
origins = st.none() | st.datetimes(datetime(2025, 12, 1), datetime(2026, 1, 3), timezones=st.just(UTC))  # noqa: DTZ001


def lived(life: list[Tick], origin: datetime | None) -> list[tuple[Tick, datetime, Window]]:
    """Each tick with its instant and its window; the position moves with each run that succeeds."""
    instant, position, found = START, None, []
    for tick in life:
        instant += timedelta(seconds=tick.apart_s)
        trigger = Trigger("Scheduled", pull_mode="Incremental", offset_s=tick.offset_s, first_execution_from=origin)
        window = window_at(trigger, instant, read_until=position)
        assert window is not None
        found.append((tick, instant, window))
        position = window.end if tick.succeeds else position
    return found


@given(st.lists(ticks, min_size=1, max_size=30), origins)
def test_successful_windows_lie_end_to_end_without_gap_or_overlap(life: list[Tick], origin: datetime | None) -> None:
    read = [window for tick, _, window in lived(life, origin) if tick.succeeds]
    assert all(one.end == other.start for one, other in pairwise(read))
    assert all(window.start <= window.end for window in read)


@given(st.lists(ticks, min_size=1, max_size=30), origins)
def test_no_window_reaches_beyond_its_instant_or_holds_back_more_than_the_offset(
    life: list[Tick], origin: datetime | None
) -> None:
    for tick, instant, window in lived(life, origin):
        asked = instant - timedelta(seconds=tick.offset_s)
        assert window.end == max(asked, window.start)
        assert window.start <= instant or window.start == origin


@given(st.lists(ticks, min_size=1, max_size=30))
def test_a_failed_window_lies_within_the_next_one(life: list[Tick]) -> None:
    for (tick, instant, window), (_, later, following) in pairwise(lived(life, START - FIRST_REACH)):
        assert later > instant
        if not tick.succeeds:
            assert following.start == window.start


@given(st.lists(ticks, min_size=1, max_size=30), origins)
def test_every_instant_before_the_end_is_read_once(life: list[Tick], origin: datetime | None) -> None:
    """Whatever the life, a record's timestamp lies in exactly one of the successful windows, from the first on."""
    read = [window for tick, _, window in lived(life, origin) if tick.succeeds]
    for probe in {edge for window in read for edge in (window.start, window.end - timedelta(microseconds=1))}:
        holding = [window for window in read if window.start <= probe < window.end]
        assert len(holding) == (read[0].start <= probe < read[-1].end)
