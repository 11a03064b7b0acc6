"""The triggerConfig of a flow document as a typed trigger."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from headrace.flow.cron import Cron
from headrace.flow.faults import Faults, PlanFaults, shown
from headrace.flow.rules import Rule
from headrace.flow.schedule import FORMS, Once, Rate, Schedule, Trigger, parse_expression
from headrace.model.shapes import Document

if TYPE_CHECKING:
    from headrace.model.types import ScheduledTriggerProperties, TriggerConfig

_MOST_OFFSET_S: Final = 36_000
_MOST_FAILURES: Final = 100
_PART: Final = "Trigger"


def trigger_of(document: Document) -> Trigger:
    """The trigger of a flow document that could be planned. Raises PlanFaults if it no longer can."""
    faults = Faults()
    trigger = read_trigger(document["triggerConfig"], faults)
    if found := faults.all():
        raise PlanFaults([fault.text for fault in found])
    return trigger


def read_trigger(config: TriggerConfig, faults: Faults) -> Trigger:
    """The trigger; triggerProperties count for Scheduled, and their threshold for Event."""
    trigger_type = config["triggerType"]
    if trigger_type == "Event":
        return _event(config, faults)
    if trigger_type != "Scheduled":
        return Trigger(trigger_type)
    properties = config.get("triggerProperties", {}).get("Scheduled")
    if properties is None:
        what = "triggerType Scheduled needs triggerProperties.Scheduled"
        faults.part(_PART, Rule.SCHEDULE, ("triggerConfig",), what, "write its scheduleExpression")
        return Trigger(trigger_type)
    _check_range("scheduleOffset", properties.get("scheduleOffset"), 0, _MOST_OFFSET_S, faults)
    return Trigger(
        trigger_type,
        expression=properties["scheduleExpression"],
        schedule=_schedule(properties, faults),
        pull_mode=properties.get("dataPullMode", "Complete"),
        offset_s=properties.get("scheduleOffset", 0),
        first_execution_from=_instant("firstExecutionFrom", properties.get("firstExecutionFrom"), faults),
        timezone=properties.get("timezone"),
        failure_threshold=_threshold(properties, faults),
    )


def _event(config: TriggerConfig, faults: Faults) -> Trigger:
    """The API has a place for the threshold under Scheduled alone; nothing else there counts for events."""
    properties = config.get("triggerProperties", {}).get("Scheduled")
    return Trigger("Event", failure_threshold=None if properties is None else _threshold(properties, faults))


def _threshold(properties: ScheduledTriggerProperties, faults: Faults) -> int | None:
    given = properties.get("flowErrorDeactivationThreshold")
    _check_range("flowErrorDeactivationThreshold", given, 1, _MOST_FAILURES, faults)
    return given


def _schedule(properties: ScheduledTriggerProperties, faults: Faults) -> Schedule | None:
    timing = _timing(properties["scheduleExpression"], faults)
    start = _instant("scheduleStartTime", properties.get("scheduleStartTime"), faults)
    end = _instant("scheduleEndTime", properties.get("scheduleEndTime"), faults)
    start = None if start is None else _whole_second(start + timedelta(microseconds=999_999))
    end = None if end is None else _whole_second(end)
    if start is not None and end is not None and end < start:
        what = f"scheduleEndTime {end.isoformat()} is before scheduleStartTime {start.isoformat()}"
        _fault("scheduleEndTime", what, "write a later end", faults)
    if isinstance(timing, Once) and timing.at is not None:
        _check_within(timing.at, start, end, faults)
    return None if timing is None else Schedule(timing, start, end)


def _timing(expression: str, faults: Faults) -> Rate | Cron | Once | None:
    try:
        return parse_expression(expression)
    except ValueError as fault:
        what, mark, instead = str(fault).rpartition("; ")
        _fault("scheduleExpression", *((what, instead) if mark else (instead, FORMS)), faults)
        return None


def _instant(name: str, epoch_s: float | None, faults: Faults) -> datetime | None:
    """Epoch seconds, fractions too, as an instant; None, with a fault, if no calendar has it."""
    if epoch_s is None:
        return None
    # A day from either end stays free, so that rounding and time zones can't leave the calendar.
    if not math.isfinite(epoch_s) or not -62_135_500_000 <= epoch_s <= 253_402_200_000:
        instead = "write seconds (not milliseconds) since 1970-01-01T00:00:00Z"
        _fault(name, f"{name} is {shown(epoch_s)}", instead, faults)
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch_s)


def _whole_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _check_within(at: datetime, start: datetime | None, end: datetime | None, faults: Faults) -> None:
    if (start is not None and at < start) or (end is not None and at > end):
        what = f"{at.isoformat()} lies outside scheduleStartTime and scheduleEndTime"
        _fault("scheduleExpression", what, "write one within them", faults)


def _check_range(name: str, value: int | None, least: int, most: int, faults: Faults) -> None:
    if value is not None and not least <= value <= most:
        _fault(name, f"{name} is {value}", f"write a number from {least} to {most}", faults)


def _fault(member: str, what: str, instead: str, faults: Faults) -> None:
    faults.part(_PART, Rule.SCHEDULE, ("triggerConfig", "triggerProperties", "Scheduled", member), what, instead)
