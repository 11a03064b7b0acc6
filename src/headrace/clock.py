"""Time as a parameter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a room gets the time from."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)


class HandClock:
    """A clock that a test turns by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The instant the clock was last turned to."""
        return self._now

    def turn(self, by: timedelta) -> None:
        """Go forward (or, with a negative step, back) by `by`."""
        self._now += by


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since the epoch, rounded down."""
    return int(instant.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The aware UTC instant of `ms` milliseconds since the epoch."""
    return datetime.fromtimestamp(ms / 1000, UTC)
