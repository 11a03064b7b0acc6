"""When a flow runs: schedule expressions, the grid of their ticks, and triggers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from headrace.flow.cron import Cron

TriggerType = Literal["Scheduled", "Event", "OnDemand"]
PullMode = Literal["Incremental", "Complete"]
Unit = Literal["minute", "hour", "day", "week", "month"]


@dataclass(frozen=True)
class Rate:
    """Every `count` units, `count` ≥ 1, counted from the schedule's start."""

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
