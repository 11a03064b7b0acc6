"""Schedule expressions and the instants they mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headrace.flow.cron import Cron, parse_cron
from headrace.flow.schedule import Once, Rate, Schedule, due, last_due, next_due, parse_expression

START = datetime(2024, 1, 31, 10, 30, tzinfo=UTC)


def instants(schedule: Schedule, *, after: datetime, until: datetime) -> list[str]:
    return [f"{tick:%Y-%m-%dT%H:%M:%S}" for tick in due(schedule, after=after, until=until)]


def crons(text: str, *, after: str, count: int) -> list[str]:
    """The next `count` ticks of cron(`text`) after an instant, as text."""
    schedule = Schedule(parse_expression(f"cron({text})"), datetime(1970, 1, 1, tzinfo=UTC))
    tick = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found: list[str] = []
    while len(found) < count and (later := next_due(schedule, after=tick)) is not None:
        tick = later
        found.append(f"{tick:%Y-%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("rate(5minutes)", Rate(5, "minute")),
        ("rate(5 minutes)", Rate(5, "minute")),
        ("Rate( 1 Day )", Rate(1, "day")),
        ("rate(12 hour)", Rate(12, "hour")),
        ("rate(2weeks)", Rate(2, "week")),
        (" rate(1months) ", Rate(1, "month")),
        ("once", Once()),
        ("rate(once)", Once()),
        ("at(2030-01-31T12:00:00)", Once(datetime(2030, 1, 31, 12, tzinfo=UTC))),
    ],
)
def test_an_expression_is_read(expression: str, expected: Rate | Once) -> None:
    assert parse_expression(expression) == expected


@pytest.mark.parametrize(
    "expression, part",
    [
        ("", "'' is not one"),
        ("rate(5 seconds)", "is not one"),
        ("rate(-1days)", "is not one"),
        ("rate(1.5days)", "is not one"),
        ("rate(٣days)", "is not one"),
        ("rate(00minutes)", "faster than one run a minute"),
        ("at(2030-02-30T12:00:00)", "names no instant"),
        ("at(2030-01-31)", "is not one"),
        ("cron(0 12 * * ?)", "it has 5 fields; write the six fields minute hour"),
        ("cron(0 12 * * * *)", "write ? for exactly one of day-of-month and day-of-week"),
        ("cron(0 12 ? * ? *)", "write ? for exactly one"),
        ("cron(60 12 * * ? *)", "its minute field has '60'; write values from 0 to 59"),
        ("cron(0 12 * FOO ? *)", "its month field has 'FOO'; write values from 1 to 12 or JAN-DEC"),
        ("cron(0 12 ? * 8 *)", "its day-of-week field has '8'; write values from 1 to 7 or SUN-SAT"),
        ("cron(0/0 12 * * ? *)", "its minute field has '0/0'"),
        ("cron(*-5 12 * * ? *)", "its minute field has '*-5'"),
        ("cron(0 12 L-31 * ? *)", "its day-of-month field has 'L-31'"),
        ("cron(0 12 32W * ? *)", "its day-of-month field has '32'"),
        ("cron(0 12 ? * 2#6 *)", "its day-of-week field has '2#6'"),
        ("cron(0 12 ? * FOO#1 *)", "its day-of-week field has 'FOO'"),
        ("cron(0 12 * * ? 1969)", "its year field has '1969'"),
        ("cron(, 12 * * ? *)", "its minute field has ''"),
        ("cron(0 12 30 2 ? *)", "names no day that exists"),
    ],
)
def test_an_expression_that_is_wrong_is_refused_with_what_to_write(expression: str, part: str) -> None:
    with pytest.raises(ValueError, match="the schedule expression") as caught:
        parse_expression(expression)
    assert part in str(caught.value)


def test_ticks_lie_on_the_grid_from_the_start_however_late_one_looks() -> None:
    schedule = Schedule(Rate(3, "hour"), START)
    after = START + timedelta(days=3, minutes=17, seconds=1)
    assert instants(schedule, after=after, until=after + timedelta(hours=6)) == [
        "2024-02-03T13:30:00",
        "2024-02-03T16:30:00",
    ]


def test_the_first_tick_is_the_start_and_until_is_included() -> None:
    schedule = Schedule(Rate(1, "day"), START)
    assert instants(schedule, after=START - timedelta(days=9), until=START + timedelta(days=1)) == [
        "2024-01-31T10:30:00",
        "2024-02-01T10:30:00",
    ]
    assert instants(schedule, after=START, until=START) == []


def test_months_go_by_the_start_day_and_its_last_where_that_is_missing() -> None:
    schedule = Schedule(Rate(1, "month"), START)
    assert instants(schedule, after=START, until=START + timedelta(days=125)) == [
        "2024-02-29T10:30:00",
        "2024-03-31T10:30:00",
        "2024-04-30T10:30:00",
        "2024-05-31T10:30:00",
    ]


def test_weeks_keep_the_weekday() -> None:
    schedule = Schedule(Rate(2, "week"), START)
    assert instants(schedule, after=START, until=START + timedelta(days=28)) == [
        "2024-02-14T10:30:00",
        "2024-02-28T10:30:00",
    ]


def test_no_tick_comes_after_the_end() -> None:
    schedule = Schedule(Rate(1, "day"), START, START + timedelta(days=1))
    assert instants(schedule, after=START, until=START + timedelta(days=9)) == ["2024-02-01T10:30:00"]
    assert next_due(schedule, after=START + timedelta(days=1)) is None


def test_once_fires_at_its_instant_or_at_the_start() -> None:
    at = START + timedelta(days=2)
    assert next_due(Schedule(Once(at), START), after=START) == at
    assert next_due(Schedule(Once(at), START), after=at) is None
    assert next_due(Schedule(Once(), START), after=START - timedelta(seconds=1)) == START
    assert next_due(Schedule(Once(), START), after=START) is None
    assert next_due(Schedule(Once(START), at), after=START - timedelta(days=1)) is None


def test_a_schedule_without_a_start_gets_the_second_after_its_activation() -> None:
    schedule = Schedule(Rate(1, "hour"))
    activated = schedule.activated(datetime(2024, 1, 1, 12, 0, 0, 5, tzinfo=UTC))
    assert activated.start == datetime(2024, 1, 1, 12, 0, 1, tzinfo=UTC)
    assert Schedule(Rate(1, "hour"), START).activated(datetime(2030, 1, 1, tzinfo=UTC)).start == START
    with pytest.raises(ValueError, match="activated"):
        next_due(schedule, after=START)


def test_a_naive_instant_is_a_mistake() -> None:
    schedule = Schedule(Rate(1, "hour"), START)
    naive = START.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        next_due(schedule, after=naive)
    with pytest.raises(ValueError, match="no time zone"):
        list(due(schedule, after=START, until=naive))


@pytest.mark.parametrize("timing", [Rate(10**30, "minute"), Rate(10**30, "month"), Rate(100_000, "month")])
def test_a_period_beyond_the_calendar_fires_once(timing: Rate) -> None:
    schedule = Schedule(timing, START)
    assert next_due(schedule, after=START - timedelta(days=1)) == START
    assert next_due(schedule, after=START) is None


def test_a_cron_schedule_fires_from_its_start_to_its_end() -> None:
    cron = parse_expression("cron(30 10 * * ? *)")
    assert isinstance(cron, Cron)
    schedule = Schedule(cron, START, START + timedelta(days=1))
    assert instants(schedule, after=START - timedelta(days=9), until=START + timedelta(days=9)) == [
        "2024-01-31T10:30:00",
        "2024-02-01T10:30:00",
    ]
    late = Schedule(cron, START + timedelta(seconds=1))
    assert next_due(late, after=START - timedelta(days=9)) == START + timedelta(days=1)


@pytest.mark.parametrize(
    "text, after, expected",
    [
        ("0 12 * * ? *", "2024-02-28T12:00", ["2024-02-29T12:00", "2024-03-01T12:00"]),
        ("0/25 8 ? * MON *", "2024-01-01", ["2024-01-01T08:00", "2024-01-01T08:25", "2024-01-01T08:50"]),
        ("0 1 ? * MON-SUN *", "2024-01-06T12:00", ["2024-01-07T01:00", "2024-01-08T01:00"]),
        ("0 1 ? * fri-mon *", "2024-01-04", ["2024-01-05T01:00", "2024-01-06T01:00", "2024-01-07T01:00"]),
        ("0 22-1 1 1 ? *", "2024-01-01T01:30", ["2024-01-01T22:00", "2024-01-01T23:00", "2025-01-01T00:00"]),
        ("5,10 0 1 jan,JUL ? *", "2024-01-01T00:05", ["2024-01-01T00:10", "2024-07-01T00:05"]),
        ("0 0 L * ? *", "2024-02-01", ["2024-02-29T00:00", "2024-03-31T00:00"]),
        ("0 0 L-3 2 ? *", "2024-01-01", ["2024-02-26T00:00", "2025-02-25T00:00"]),
        ("0 0 LW * ? *", "2024-06-01", ["2024-06-28T00:00", "2024-07-31T00:00"]),
        ("0 0 1W * ? *", "2024-05-31", ["2024-06-03T00:00", "2024-07-01T00:00"]),
        ("0 0 15W 6 ? *", "2024-01-01", ["2024-06-14T00:00", "2025-06-16T00:00"]),
        ("0 0 31W * ? *", "2024-02-01", ["2024-03-29T00:00", "2024-05-31T00:00"]),
        ("0 0 29 2 ? *", "2096-03-01", ["2104-02-29T00:00"]),
        ("0 0 ? 2 6#5 *", "2024-01-01", ["2036-02-29T00:00", "2064-02-29T00:00"]),
        ("0 0 ? * L *", "2024-01-01", ["2024-01-06T00:00", "2024-01-13T00:00"]),
        ("0 0 ? * 6L *", "2024-01-01", ["2024-01-26T00:00", "2024-02-23T00:00"]),
        ("0 0 ? * TUE#1,THU#2 *", "2024-01-01", ["2024-01-02T00:00", "2024-01-11T00:00"]),
        ("0 0 1,L 2 ? *", "2024-01-01", ["2024-02-01T00:00", "2024-02-29T00:00"]),
        ("0 0 1 1 ? 2030/5", "2024-01-01", ["2030-01-01T00:00", "2035-01-01T00:00"]),
        ("0 0 1 1 ? */100", "2024-01-01", ["2070-01-01T00:00", "2170-01-01T00:00"]),
        ("0 0 1 1 ? 2199", "2024-01-01", ["2199-01-01T00:00"]),
        ("0 0 1 1 ? 2199", "2300-01-01", []),
    ],
)
def test_a_cron_expression_fires_when_eventbridge_says(text: str, after: str, expected: list[str]) -> None:
    count = max(len(expected), 1)
    assert crons(text, after=after, count=count) == expected


def test_values_of_a_cron_field_come_once_and_in_order() -> None:
    assert parse_cron("30,0/30,1-2 0 * * ? 2024").minutes == (0, 1, 2, 30)


def test_the_last_tick_of_years_is_found_at_once() -> None:
    every_minute = Schedule(Rate(1, "minute"), START)
    until = START + timedelta(days=3650, seconds=59)
    assert last_due(every_minute, after=START, until=until) == START + timedelta(days=3650)
    assert last_due(Schedule(Once(), START), after=START - timedelta(seconds=1), until=until) == START
    assert last_due(Schedule(Once(), START), after=START, until=until) is None
