"""Schedules against an oracle that looks at every minute or multiplies the period out."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import islice, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.flow.cron import Cron, parse_cron
from headrace.flow.schedule import Once, Rate, Schedule, due, last_due, next_due, parse_expression

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

starts = st.datetimes(datetime(1999, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda instant: instant.replace(microsecond=0)
)
rates = st.builds(Rate, st.integers(1, 90), st.sampled_from(["minute", "hour", "day", "week", "month"]))
shifts = st.timedeltas(timedelta(days=-400), timedelta(days=4000))


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    """One field of a cron expression: lists of values, ranges (that may wrap) and steps."""
    value = st.integers(low, high).map(str)
    span = st.tuples(value, value).map("-".join)
    step = st.tuples(st.one_of(st.just("*"), value, span), st.integers(1, 70).map(str)).map("/".join)
    items = st.lists(st.one_of(value, span, step), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), items)


def allowed(text: str, low: int, high: int) -> set[int]:
    """What such a field allows: walks from value to value instead of computing offsets."""
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        ends = [str(low), str(high)] if span == "*" else span.split("-")
        value, last = int(ends[0]), int(ends[-1])
        if step and span != "*" and "-" not in span:
            last = high
        walked = 0
        while True:
            if walked % int(step or 1) == 0:
                found.add(value)
            if value == last:
                break
            value = low if value == high else value + 1
            walked += 1
    return found


def weekday(day: datetime) -> int:
    """1 for Sunday to 7 for Saturday, as cron counts."""
    return day.isoweekday() % 7 + 1


def length(day: datetime) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def is_nearest_weekday(day: datetime, target: int) -> bool:
    """Whether `day` is the weekday nearest to the day `target` of its month."""
    month = [day.replace(day=number) for number in range(1, length(day) + 1)]
    weekdays = [other for other in month if other.isoweekday() <= 5]
    # Saturdays go back, Sundays forward, unless that leaves the month.
    return target <= length(day) and day == min(
        weekdays, key=lambda other: (abs(other.day - target), -other.isoweekday())
    )


Test = Callable[[datetime], bool]
days_of_month = st.one_of(
    numbers(1, 31).map(lambda text: (text, lambda day: day.day in allowed(text, 1, 31))),
    st.integers(0, 30).map(lambda n: (f"L-{n}", lambda day: day.day == length(day) - n)),
    st.just(("LW", lambda day: is_nearest_weekday(day, length(day)))),
    st.integers(1, 31).map(lambda n: (f"{n}W", lambda day: is_nearest_weekday(day, n))),
).map(lambda field: (f"{field[0]} {{month}} ?", field[1]))
days_of_week = st.one_of(
    numbers(1, 7).map(lambda text: (text, lambda day: weekday(day) in allowed(text, 1, 7))),
    st.just(("L", lambda day: weekday(day) == 7)),
    st.integers(1, 7).map(lambda n: (f"{n}L", lambda day: weekday(day) == n and day.day + 7 > length(day))),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(
        lambda pair: (
            f"{pair[0]}#{pair[1]}",
            lambda day: weekday(day) == pair[0] and (day.day - 1) // 7 + 1 == pair[1],
        )
    ),
).map(lambda field: (f"? {{month}} {field[0]}", field[1]))


@settings(max_examples=150)
@given(
    st.one_of(days_of_month, days_of_week), numbers(0, 59), numbers(0, 23), numbers(1, 12), starts, st.integers(1, 40)
)
def test_a_cron_expression_fires_exactly_on_the_minutes_that_match(
    days: tuple[str, Test], minute: str, hour: str, month: str, after: datetime, span: int
) -> None:
    text, matches_day = days
    cron = parse_cron(f"{minute} {hour} {text.format(month=month)} *")
    until = after + timedelta(days=span)
    minutes, hours, months = allowed(minute, 0, 59), allowed(hour, 0, 23), allowed(month, 1, 12)
    midnight = after.replace(hour=0, minute=0, second=0)
    expected = [
        tick
        for day in (midnight + timedelta(days=offset) for offset in range(span + 1))
        if day.month in months and matches_day(day)
        for at_hour in sorted(hours)
        for at_minute in sorted(minutes)
        if after < (tick := day.replace(hour=at_hour, minute=at_minute)) <= until
    ]
    schedule = Schedule(cron, start=after - timedelta(days=1))
    got = []
    for tick in due(schedule, after=after, until=until):
        got.append(tick)
        if len(got) == 50:
            break
    assert got == expected[:50]


@given(rates, starts, st.integers(-1, 400), st.fractions(0, 1).filter(lambda part: part < 1), st.integers(1, 20))
def test_ticks_of_a_rate_are_monotone_gapless_and_on_the_grid(
    rate: Rate, start: datetime, passed: int, part: Fraction, count: int
) -> None:
    """`passed` ticks and a part of the next period have gone by; -1: the start is still ahead."""
    before = on_grid(rate, start, passed) if passed >= 0 else start - timedelta(days=400)
    after = before + float(part) * (on_grid(rate, start, passed + 1) - before) - timedelta(microseconds=1)
    after = max(after, before)
    schedule = Schedule(rate, start)
    ticks = list(islice(due(schedule, after=after, until=datetime.max.replace(tzinfo=UTC)), count))
    assert ticks == [on_grid(rate, start, passed + 1 + offset) for offset in range(count)]


def on_grid(rate: Rate, start: datetime, position: int) -> datetime:
    """The tick of a rate at `position`, multiplied out."""
    periods = rate.count * position
    if rate.unit != "month":
        return (
            start
            + periods * {"minute": MINUTE, "hour": 60 * MINUTE, "day": 1440 * MINUTE, "week": 10080 * MINUTE}[rate.unit]
        )
    year, month = start.year, start.month
    for _ in range(periods):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


@given(
    rates,
    starts,
    shifts,
    st.timedeltas(timedelta(0), timedelta(days=60)),
    st.timedeltas(timedelta(0), timedelta(days=60)),
)
def test_looking_in_two_steps_finds_the_same_as_in_one(
    rate: Rate, start: datetime, shift: timedelta, first: timedelta, second: timedelta
) -> None:
    schedule = Schedule(rate if rate.unit != "minute" else Rate(rate.count * 60, "minute"), start)
    after = start + shift
    middle, until = after + first, after + first + second
    whole = list(due(schedule, after=after, until=until))
    assert whole == [*due(schedule, after=after, until=middle), *due(schedule, after=middle, until=until)]
    assert all(one < other for one, other in pairwise(whole))
    assert next_due(schedule, after=after) == (whole[0] if whole else next_due(schedule, after=until))


@given(
    st.one_of(rates, st.sampled_from(["*/7 3 ? * MON-FRI *", "0 0 L * ? *", "0/20 * 1W 2 ? *"]).map(parse_cron)),
    starts,
    shifts,
    st.timedeltas(timedelta(0), timedelta(hours=3)),
)
def test_the_last_tick_is_the_last_of_all(
    timing: Rate | Cron, start: datetime, shift: timedelta, length: timedelta
) -> None:
    schedule = Schedule(timing, start, start + timedelta(days=300))
    after, until = start + shift, start + shift + length
    every = list(due(schedule, after=after, until=until))
    assert last_due(schedule, after=after, until=until) == (every[-1] if every else None)


@given(st.one_of(rates, starts.map(Once), st.just(Once())), starts, shifts, shifts)
def test_every_tick_lies_after_the_asked_instant_and_within_start_and_end(
    timing: Rate | Once, start: datetime, shift: timedelta, length_of_life: timedelta
) -> None:
    schedule = Schedule(timing, start, start + length_of_life)
    tick = next_due(schedule, after=start + shift)
    if tick is not None:
        assert schedule.end is not None
        assert start + shift < tick <= schedule.end
        assert tick >= start
        assert tick.microsecond == 0


@given(starts, st.timedeltas(timedelta(0), timedelta(seconds=5)))
def test_a_schedule_without_a_start_first_fires_within_a_second_of_its_activation(
    at: datetime, moment: timedelta
) -> None:
    activated = Schedule(Rate(1, "day")).activated(at + moment)
    tick = next_due(activated, after=at + moment)
    assert tick is not None
    assert timedelta(0) < tick - (at + moment) <= SECOND


@given(st.text(max_size=60) | st.text(alphabet="rateconc()0123456789 *?/-,LW#hourdaysminute", max_size=40))
def test_garbage_is_refused_with_words_and_nothing_else(text: str) -> None:
    for expression in (text, f"rate({text})", f"cron({text})", f"at({text})"):
        assert refusal(expression).startswith("the schedule expression") or refusal(expression) == ""


def refusal(expression: str) -> str:
    try:
        parse_expression(expression)
    except ValueError as fault:
        return str(fault)
    return ""
