"""A span of time in slices: without gap, without overlap, along the calendar of UTC."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from typing import Final, Literal

Unit = Literal["minute", "hour", "day", "week", "month"]

FORMS: Final = "write a number and m, h, d, w or mo: 30m, 6h, 1d, 2w, 1mo"
_UNITS: Final[dict[str, Unit]] = {"m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month"}
_SECONDS: Final[dict[Unit, int]] = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_EVERY: Final = re.compile(r"\s*([0-9]{1,6})\s*(mo|[mhdw])\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Every:
    """How long a slice is: `count` units, at least 1. A month is a calendar month, of however many days."""

    count: int
    unit: Unit


@dataclass(frozen=True)
class Slices:
    """The instants from `start` on and before `end`, in slices; both are aware UTC, `start` is the earlier one.

    The boundaries count from `start`: that of a slice of months is `start` so many months later, on its last day
    where the month is shorter. The last slice ends at `end`, however short it is.
    """

    start: datetime
    end: datetime
    every: Every

    def __len__(self) -> int:
        if self.every.unit != "month":
            period = timedelta(seconds=self.every.count * _SECONDS[self.every.unit])
            return (self.end - self.start + period - timedelta.resolution) // period
        apart = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        whole = max(apart // self.every.count - 1, 0)
        while self._boundary(whole) < self.end:
            whole += 1
        return whole

    def __getitem__(self, number: int) -> tuple[datetime, datetime]:
        """Where slice `number`, from 0, begins and ends; its end is not in it. Raises IndexError."""
        begin = self._boundary(number)
        if number < 0 or begin >= self.end:
            raise IndexError(number)
        return begin, self._boundary(number + 1)

    def _boundary(self, number: int) -> datetime:
        """Where the slice begins, not after the end of all."""
        count = number * self.every.count
        if self.every.unit == "month":
            later = months_later(self.start, count)
            return self.end if later is None else min(later, self.end)
        seconds = count * _SECONDS[self.every.unit]
        # Compared first: a sum beyond the calendar's end has no instant.
        is_beyond = seconds >= (self.end - self.start).total_seconds()
        return self.end if is_beyond else self.start + timedelta(seconds=seconds)


def parse_every(text: str) -> Every:
    """The length that `text` says. Raises ValueError with what to write."""
    found = _EVERY.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{text[:50]!r} is no length of a slice; {FORMS}")
    return Every(int(found[1]), _UNITS[found[2].lower()])


def months_later(start: datetime, months: int) -> datetime | None:
    """The same time of day so many months later, on the last day where the month is shorter; None: past all years."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > MAXYEAR:
        return None
    length = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, length))
