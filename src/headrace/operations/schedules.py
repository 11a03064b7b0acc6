"""How the schedule of a flow begins and changes; `store.flows.set_status` ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from headrace.clock import from_ms, to_ms
from headrace.flow.schedule import Schedule, Trigger, next_due
from headrace.flow.trigger import trigger_of
from headrace.store import events, flows, schedules
from headrace.store.flows import FlowRow
from headrace.store.tx import Tx


def activate(tx: Tx, flow: FlowRow, now_ms: int) -> None:
    """Make a scheduled or event flow Active; a schedule begins at its own start, else now.

    Its first window begins where the last successful one ended; not later than now: a clock was ahead then.
    """
    flows.set_status(tx, flow.flow_id, status="Active", forget_failures=True)
    if flow.trigger_type == "Event":
        events.begin(tx, flow.flow_id, now_ms=now_ms)
    schedule = trigger_of(flow.document).schedule
    if schedule is not None:
        schedules.rewind(tx, flow.flow_id, to_ms=now_ms)
        _begin(tx, flow.flow_id, schedule, now_ms)


def update(tx: Tx, before: FlowRow, trigger: Trigger, status: str, now_ms: int) -> None:
    """Follow an UpdateFlow that gave the flow this trigger and status.

    A schedule that is as before keeps its next tick, even one that has just come. Another one begins now, on the
    grid of the last activation where neither says a start.
    """
    if before.trigger_type == "Event":
        _update_events(tx, before, trigger)
    if status != "Active" or trigger.schedule is None:
        schedules.set_next(tx, before.flow_id, None)
        return
    schedule, earlier = trigger.schedule, trigger_of(before.document).schedule
    if schedule != earlier:
        has_grid = schedule.start is None and earlier is not None and earlier.start is None
        grid_ms = schedules.grid_start_ms(tx, before.flow_id) if has_grid else None
        _begin(tx, before.flow_id, schedule if grid_ms is None else replace(schedule, start=from_ms(grid_ms)), now_ms)


def _update_events(tx: Tx, before: FlowRow, trigger: Trigger) -> None:
    """Events from now on are worked on as the flow says now; if others start it, those that wait are dropped."""
    # Whoever listens ends an execution that waits for events.
    tx.announce(events.TOPIC)
    if trigger.trigger_type != "Event":
        events.leave(tx, before.flow_id)


def _begin(tx: Tx, flow_id: str, schedule: Schedule, now_ms: int) -> None:
    now = from_ms(now_ms)
    begun = schedule.activated(now)
    schedules.schedule(tx, flow_id, grid_start_ms=_ms(begun.start), next_fire_ms=_ms(next_due(begun, after=now)))


def _ms(instant: datetime | None) -> int | None:
    return None if instant is None else to_ms(instant)
