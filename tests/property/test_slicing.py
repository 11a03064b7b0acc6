"""Slices lie end to end, whatever the span and the length are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from headrace.clock import from_ms, to_ms
from headrace.slicing import Every, Slices

MOST = 400
LAST = datetime(9999, 12, 31, tzinfo=UTC)
instants = st.integers(0, to_ms(LAST)).map(from_ms)
lengths = st.builds(Every, st.integers(1, 50), st.sampled_from(["minute", "hour", "day", "week", "month"]))
LONGEST = {"minute": 1, "hour": 60, "day": 1440, "week": 10_080, "month": 31 * 1440}


@given(start=instants, share=st.floats(0, 1), every=lengths)
def test_slices_cover_the_span_without_gap_or_overlap(start: datetime, share: float, every: Every) -> None:
    longest = timedelta(minutes=LONGEST[every.unit] * every.count)
    reach = min(MOST * longest, LAST - start)
    end = start + reach * share
    assume(start < end)
    slices = Slices(start, end, every)

    found = [slices[number] for number in range(len(slices))]

    assert found[0][0] == start
    assert found[-1][1] == end
    assert all(begin < until for begin, until in found)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(until - begin <= longest for begin, until in found)


@given(start=instants, months=st.integers(1, 30))
def test_a_month_ends_on_the_day_it_began_on_or_on_its_last(start: datetime, months: int) -> None:
    assume(start.year < 9990)
    slices = Slices(start, start + timedelta(days=31 * 40), Every(months, "month"))
    for number in range(len(slices) - 1):
        _, until = slices[number]
        is_last = (until + timedelta(days=1)).day == 1
        assert until.timetz() == start.timetz()
        assert until.day == start.day or (until.day < start.day and is_last)
        assert (until.year - start.year) * 12 + until.month - start.month == (number + 1) * months
