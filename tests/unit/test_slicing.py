"""A span of time in slices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headrace.slicing import Every, Slices, parse_every


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cut(start: str, end: str, every: str) -> list[str]:
    """Where each slice begins, and the end of the last."""
    slices = Slices(day(start), day(end), parse_every(every))
    found = [slices[number] for number in range(len(slices))]
    return [f"{begin:%m-%d %H:%M}" for begin, _ in found] + [f"{found[-1][1]:%m-%d %H:%M}"]


@pytest.mark.parametrize(
    "start, end, every, expected",
    [
        ("2026-03-28", "2026-03-31", "1d", ["03-28 00:00", "03-29 00:00", "03-30 00:00", "03-31 00:00"]),
        ("2026-01-01T05:30", "2026-01-01T12:00", "6h", ["01-01 05:30", "01-01 11:30", "01-01 12:00"]),
        ("2026-01-01", "2026-04-01", "1mo", ["01-01 00:00", "02-01 00:00", "03-01 00:00", "04-01 00:00"]),
        ("2026-01-31", "2026-04-01", "1mo", ["01-31 00:00", "02-28 00:00", "03-31 00:00", "04-01 00:00"]),
        ("2026-01-01", "2026-02-01", "3mo", ["01-01 00:00", "02-01 00:00"]),
        ("2026-01-01", "2026-01-31", "2W", ["01-01 00:00", "01-15 00:00", "01-29 00:00", "01-31 00:00"]),
        ("2026-01-01", "2026-01-01T01:00", "30m", ["01-01 00:00", "01-01 00:30", "01-01 01:00"]),
    ],
)
def test_a_span_is_cut_from_its_start_on_by_the_calendar_of_utc(
    start: str, end: str, every: str, expected: list[str]
) -> None:
    assert cut(start, end, every) == expected


@pytest.mark.parametrize("number", [-1, 3, 10**15])
def test_there_is_no_slice_beyond_the_span(number: int) -> None:
    with pytest.raises(IndexError):
        Slices(day("2026-01-01"), day("2026-01-04"), Every(1, "day"))[number]


def test_a_slice_may_end_where_the_calendar_does() -> None:
    slices = Slices(day("9999-12-30"), day("9999-12-31"), Every(999_999, "week"))
    assert [slices[number] for number in range(len(slices))] == [(slices.start, slices.end)]


@pytest.mark.parametrize("text", ["", "1", "d", "0d", "-1d", "1.5d", "1y", "1 month", "1234567d", "１d"])
def test_what_is_no_length_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write a number and m, h, d, w or mo: 30m, 6h, 1d, 2w, 1mo"):
        parse_every(text)
