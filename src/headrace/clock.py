"""Time as a parameter."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# Whole numbers all the way: a float would now and then give back a millisecond less than it was given.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Elsewhere than on Linux the monotonic clock passes while the machine sleeps.
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Where a room gets the time from."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def elapsed_s(self) -> float:
        """Seconds since some instant: they pass also while the machine sleeps, and no clock that is set moves them."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)

    def elapsed_s(self) -> float:
        """See Clock."""
        return time.clock_gettime(_STEADY)


class HandClock:
    """A clock that a test turns by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        """The instant the clock was last turned to."""
        return self._now

    def turn(self, by: timedelta) -> None:
        """Go forward (or, with a negative step, back) by `by`."""
        self._now += by
        self._elapsed_s += max(by.total_seconds(), 0.0)

    def elapsed_s(self) -> float:
        """How far the clock was turned forward in all."""
        return self._elapsed_s


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since the epoch, rounded down."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The aware UTC instant of `ms` milliseconds since the epoch."""
    return _EPOCH + ms * _MILLISECOND
