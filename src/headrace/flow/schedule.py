"""When a flow runs: schedule expressions and the grid of their ticks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from headrace.flow.cron import Cron, next_match, parse_cron
from headrace.flow.faults import shown
from headrace.slicing import Unit, months_later

TriggerType = Literal["Scheduled", "Event", "OnDemand"]
PullMode = Literal["Incremental", "Complete"]

_SECONDS: Final[dict[str, int]] = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_UNITS: Final[dict[str, Unit]] = {
    "minute": "minute",
    "hour": "hour",
    "day": "day",
    "week": "week",
    "month": "month",
}
FORMS: Final = "write rate(5minutes), cron(0 12 * * ? *), at(2030-01-31T12:00:00) or once"
_RATE: Final = re.compile(r"rate\(\s*([0-9]+)\s*(minute|hour|day|week|month)s?\s*\)", re.IGNORECASE)
_CRON: Final = re.compile(r"cron\((.*)\)", re.IGNORECASE)
_AT: Final = re.compile(r"at\(\s*([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\s*\)", re.IGNORECASE)
_ONCE: Final = re.compile(r"once|rate\(\s*once\s*\)", re.IGNORECASE)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rate:
    """Every `count` units, `count` ≥ 1, counted from the schedule's start.

    A month is as many calendar months after the start, on the start's day or, in a shorter
    month, on its last.
    """

    count: int
    unit: Unit


@dataclass(frozen=True)
class Once:
    """One tick: at `at`, or, where that is None, at the schedule's start."""

    at: datetime | None = None


@dataclass(frozen=True)
class Schedule:
    """When a scheduled flow fires.

    `start` and `end` are aware UTC instants on whole seconds, both included. `start` None: the
    grid begins when the flow is activated, see `activated`.
    """

    timing: Rate | Cron | Once
    start: datetime | None = None
    end: datetime | None = None

    def activated(self, at: datetime) -> Schedule:
        """Give the schedule a start: its own, else the first whole second after `at`."""
        if self.start is not None:
            return self
        return replace(self, start=at.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1))


@dataclass(frozen=True)
class Trigger:
    """What starts the executions of a flow.

    `expression` is scheduleExpression as the caller wrote it, `schedule` its meaning; both None
    unless `trigger_type` is Scheduled. `offset_s` and `first_execution_from` shape the windows of
    incremental runs. `failure_threshold`: failures in a row that deactivate the flow, None: never.
    """

    trigger_type: TriggerType
    expression: str | None = None
    schedule: Schedule | None = None
    pull_mode: PullMode = "Complete"
    offset_s: int = 0
    first_execution_from: datetime | None = None
    timezone: str | None = None
    failure_threshold: int | None = None


def parse_expression(expression: str) -> Rate | Cron | Once:
    """The meaning of a scheduleExpression.

    Raises ValueError with a sentence that says what was given and what to write.
    """
    text = expression.strip()
    if found := _RATE.fullmatch(text):
        if int(found[1]) == 0:
            raise ValueError(f"the schedule expression {shown(expression)} is faster than one run a minute; {FORMS}")
        return Rate(int(found[1]), _UNITS[found[2].lower()])
    if found := _CRON.fullmatch(text):
        return _parsed_cron(expression, found[1])
    if found := _AT.fullmatch(text):
        return Once(_parsed_instant(expression, found[1]))
    if _ONCE.fullmatch(text):
        return Once()
    raise ValueError(f"the schedule expression {shown(expression)} is not one; {FORMS}")


def due(schedule: Schedule, *, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the instants in (after, until] at which the schedule fires, earliest first.

    Instants are UTC, on whole seconds. The periods of a rate() count from `schedule.start`, not
    from the last execution, so a late runner does not drift; a start in the past only says where
    the grid lies.

    Raises ValueError if an instant is naive or the schedule has no start (`activated` gives it
    one): mistakes in headrace, not in the flow.

    Source: AppFlow API Reference, ScheduledTriggerProperties.
    """
    _check_aware(until)
    tick = next_due(schedule, after=after)
    while tick is not None and tick <= until:
        yield tick
        tick = next_due(schedule, after=tick)


def next_due(schedule: Schedule, *, after: datetime) -> datetime | None:
    """The first instant after `after` at which the schedule fires, None where there is none.

    Raises ValueError as `due` does.
    """
    _check_aware(after)
    if schedule.start is None:
        raise ValueError("the schedule has no start; give it one with activated()")
    tick = _next_tick(schedule.timing, schedule.start, after.astimezone(UTC))
    return None if tick is None or (schedule.end is not None and tick > schedule.end) else tick


def last_due(schedule: Schedule, *, after: datetime, until: datetime) -> datetime | None:
    """The last instant in (after, until] at which the schedule fires, None where there is none.

    Takes a few dozen looks however many instants lie between. Raises ValueError as `due` does.
    """
    _check_aware(until)
    tick = next_due(schedule, after=after)
    if tick is None or tick > until:
        return None
    # Ticks lie on whole seconds. One lies `low` seconds after the first or later, none so late as `high`.
    first, low, high = tick, 0, (until - tick) // timedelta(seconds=1) + 1
    while high - low > 1:
        middle = (low + high) // 2
        later = next_due(schedule, after=first + timedelta(seconds=middle - 1))
        if later is None or later > until:
            high = middle
        else:
            low, tick = middle, later
    return tick


def _next_tick(timing: Rate | Cron | Once, start: datetime, after: datetime) -> datetime | None:
    if isinstance(timing, Cron):
        return next_match(timing, after=max(after, start - timedelta(microseconds=1)))
    if isinstance(timing, Once):
        tick = timing.at or start
        return tick if tick > after and tick >= start else None
    if after < start:
        return start
    if timing.unit == "month":
        return _next_month_tick(timing.count, start, after)
    return _next_even_tick(timing.count * _SECONDS[timing.unit], start, after)


def _next_even_tick(period_s: int, start: datetime, after: datetime) -> datetime | None:
    passed = (after - start) // timedelta(seconds=1) // period_s
    try:
        return start + timedelta(seconds=(passed + 1) * period_s)
    except OverflowError:
        return None


def _next_month_tick(count: int, start: datetime, after: datetime) -> datetime | None:
    apart = (after.year - start.year) * 12 + after.month - start.month
    steps = apart // count
    # The tick of this very month may lie before or after `after`; the next one always after.
    for months in (steps * count, (steps + 1) * count):
        tick = months_later(start, months)
        if tick is None or tick > after:
            return tick
    return None


def _parsed_cron(expression: str, fields: str) -> Cron:
    try:
        cron = parse_cron(fields)
    except ValueError as fault:
        raise ValueError(f"the schedule expression {shown(expression)} is wrong: {fault}") from fault
    if next_match(cron, after=_FIRST) is None:
        raise ValueError(f"the schedule expression {shown(expression)} names no day that exists; {FORMS}")
    return cron


def _parsed_instant(expression: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as fault:
        raise ValueError(f"the schedule expression {shown(expression)} names no instant: {fault}; {FORMS}") from fault


def _check_aware(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; instants are aware")
