"""Cron expressions of EventBridge: six fields, UTC."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

DayKind = Literal["on", "last", "last weekday", "nearest weekday", "weekday", "last of weekday", "nth of weekday"]

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SUNDAY: Final = 1
_SATURDAY: Final = 7


class Field(NamedTuple):
    """One field of an expression: its bounds, both allowed, and names for its first values."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day-of-month", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("day-of-week", 1, 7, _WEEKDAYS),
    Field("year", 1970, 2199),
)
_RANGE: Final = re.compile(r"(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?")


class Day(NamedTuple):
    """One rule for the days of a month; weekdays count from 1, Sunday.

    `value` is a day, a weekday or, for "last", how many days before the last; `nth` counts from 1.
    """

    kind: DayKind
    value: int = 0
    nth: int = 0


@dataclass(frozen=True)
class Cron:
    """A cron expression: the values each field allows, in ascending order."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[Day, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]


def parse_cron(text: str) -> Cron:
    """The meaning of the six fields between the parentheses of cron(…).

    Raises ValueError with a sentence about the first field that is wrong. Ranges may wrap
    (FRI-MON, 22-2). L alone as a day-of-week is Saturday.

    Source: EventBridge User Guide, cron expressions.
    """
    fields = text.upper().split()
    if len(fields) != len(_FIELDS):
        names = " ".join(field.name for field in _FIELDS)
        raise ValueError(f"it has {len(fields)} fields; write the six fields {names}")
    minute, hour, of_month, month, of_week, year = fields
    if (of_month == "?") == (of_week == "?"):
        raise ValueError("write ? for exactly one of day-of-month and day-of-week")
    days = _days_of_week(of_week) if of_month == "?" else _days_of_month(of_month)
    return Cron(
        minutes=_values(minute, _FIELDS[0]),
        hours=_values(hour, _FIELDS[1]),
        days=days,
        months=_values(month, _FIELDS[3]),
        years=_values(year, _FIELDS[5]),
    )


def next_match(cron: Cron, *, after: datetime) -> datetime | None:
    """The first instant after `after` (aware, UTC) that matches, None where no later one does."""
    if after.year > cron.years[-1]:
        return None
    start = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for year, month in _months_from(cron, start):
        for day in days_in(cron, year, month):
            midnight = datetime(year, month, day, tzinfo=UTC)
            if midnight + timedelta(days=1) <= start:
                continue
            instant = _first_in_day(cron, midnight, start)
            if instant is not None:
                return instant
    return None


def days_in(cron: Cron, year: int, month: int) -> tuple[int, ...]:
    """The days of this month that match the day fields, ascending."""
    return tuple(sorted({day for rule in cron.days for day in _matching(rule, year, month)}))


def _months_from(cron: Cron, start: datetime) -> Iterator[tuple[int, int]]:
    for year in cron.years:
        for month in cron.months:
            if (year, month) >= (start.year, start.month):
                yield year, month


def _first_in_day(cron: Cron, midnight: datetime, start: datetime) -> datetime | None:
    for hour in cron.hours:
        for minute in cron.minutes:
            instant = midnight.replace(hour=hour, minute=minute)
            if instant >= start:
                return instant
    return None


def _values(text: str, field: Field) -> tuple[int, ...]:
    return tuple(sorted({value for item in text.split(",") for value in _item(item, field)}))


def _item(item: str, field: Field) -> tuple[int, ...]:
    """The values of one item of a list: 5, 1-5, *, 0/15, 1-30/2."""
    span, slash, step_text = item.partition("/")
    found = _RANGE.fullmatch(span)
    if found is None:
        raise _wrong(item, field)
    if found["all"]:
        first, last = field.low, field.high
    else:
        first = _value(found["first"], field)
        last = _value(found["last"], field) if found["last"] else (field.high if slash else first)
    step = _step(step_text, item, field) if slash else 1
    size = field.high - field.low + 1
    return tuple(
        field.low + (first - field.low + offset) % size for offset in range(0, (last - first) % size + 1, step)
    )


def _step(text: str, item: str, field: Field) -> int:
    if re.fullmatch(r"[0-9]{1,4}", text) is None or int(text) == 0:
        raise _wrong(item, field)
    return int(text)


def _value(text: str, field: Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    if re.fullmatch(r"[0-9]{1,4}", text) is None or not field.low <= int(text) <= field.high:
        raise _wrong(text, field)
    return int(text)


def _wrong(item: str, field: Field) -> ValueError:
    names = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
    return ValueError(f"its {field.name} field has '{item}'; write values from {field.low} to {field.high}{names}")


def _days_of_month(text: str) -> tuple[Day, ...]:
    return tuple(day for item in text.split(",") for day in _day_of_month(item))


def _day_of_month(item: str) -> tuple[Day, ...]:
    field = _FIELDS[2]
    if item == "LW":
        return (Day("last weekday"),)
    if found := re.fullmatch(r"L(?:-([0-9]{1,2}))?", item):
        before = int(found[1] or 0)
        if before >= field.high:
            raise _wrong(item, field)
        return (Day("last", before),)
    if found := re.fullmatch(r"([0-9]{1,2})W", item):
        return (Day("nearest weekday", _value(found[1], field)),)
    return tuple(Day("on", value) for value in _item(item, field))


def _days_of_week(text: str) -> tuple[Day, ...]:
    return tuple(day for item in text.split(",") for day in _day_of_week(item))


def _day_of_week(item: str) -> tuple[Day, ...]:
    field = _FIELDS[4]
    if item == "L":
        return (Day("weekday", _SATURDAY),)
    if found := re.fullmatch(r"(\w{1,3})#([1-5])", item):
        return (Day("nth of weekday", _value(found[1], field), int(found[2])),)
    if found := re.fullmatch(r"([1-7]|[A-Z]{3})L", item):
        return (Day("last of weekday", _value(found[1], field)),)
    return tuple(Day("weekday", value) for value in _item(item, field))


def _weekday(year: int, month: int, day: int) -> int:
    """1 for Sunday to 7 for Saturday."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1


def _matching(rule: Day, year: int, month: int) -> tuple[int, ...]:
    length = calendar.monthrange(year, month)[1]
    days: tuple[int, ...]
    match rule.kind:
        case "on":
            days = (rule.value,)
        case "last":
            days = (length - rule.value,)
        case "last weekday":
            days = (_nearest_weekday(year, month, length),)
        case "nearest weekday":
            days = (_nearest_weekday(year, month, rule.value),) if rule.value <= length else ()
        case "weekday":
            days = _of_weekday(year, month, rule.value)
        case "last of weekday":
            days = _of_weekday(year, month, rule.value)[-1:]
        case "nth of weekday":
            days = _of_weekday(year, month, rule.value)[rule.nth - 1 : rule.nth]
    return tuple(day for day in days if 1 <= day <= length)


def _of_weekday(year: int, month: int, weekday: int) -> tuple[int, ...]:
    length = calendar.monthrange(year, month)[1]
    return tuple(day for day in range(1, length + 1) if _weekday(year, month, day) == weekday)


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday nearest to `day`, within its month."""
    length = calendar.monthrange(year, month)[1]
    weekday = _weekday(year, month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < length else day - 2
    return day
