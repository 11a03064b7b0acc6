"""Which part of a source an incremental run reads: windows of time without gap or overlap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from headrace.flow.schedule import Trigger

# How far back the first window of a flow reaches that has no firstExecutionFrom.
FIRST_REACH: Final = timedelta(days=30)


@dataclass(frozen=True)
class Window:
    """The instants from `start` on, `end` itself not among them; none where the two are one."""

    start: datetime
    end: datetime


def window_at(trigger: Trigger, instant: datetime, *, read_until: datetime | None) -> Window | None:
    """What the run that is due at `instant` reads; None: everything, as dataPullMode Complete says.

    `read_until` is where the flow's last successful window ended, None: there was none. A window begins there, so
    failed runs, skipped ticks and a changed scheduleOffset leave no gap and repeat nothing. After an offset that has
    grown by more than the time since, a window may be empty; it never ends before it begins.

    Source: AppFlow User Guide, schedule-triggered flows.
    """
    if trigger.pull_mode == "Complete":
        return None
    start = read_until or trigger.first_execution_from or instant - FIRST_REACH
    return Window(start, max(start, instant - timedelta(seconds=trigger.offset_s)))
