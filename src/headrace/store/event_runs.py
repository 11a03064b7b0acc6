"""The executions of event flows: opened when events wait, reported and closed after their period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy import update as change

from headrace.model.states import State
from headrace.store import documents, event_tables, executions, tables
from headrace.store import executions_sql as sql
from headrace.store.event_batches import PERIOD_MS
from headrace.store.events import LONGEST_WAIT_MS
from headrace.store.executions import Execution
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_e, _f, _l = tables.executions.c, tables.flows.c, event_tables.listeners.c


class Behind(NamedTuple):
    """An active flow with events to work on; it has the form of a flow to `executions.insert`."""

    flow_id: str
    arn: str
    revision: int
    execution_id: str | None
    state: str | None


_IS_OPEN = (_e.flow_id == _f.flow_id) & _e.finished_ms.is_(None) & (_e.trigger == "event")
_BEHIND = Statement(
    select(_f.flow_id, _f.arn, _f.revision, _e.execution_id, _e.state)
    .join_from(event_tables.listeners, tables.flows, _f.flow_id == _l.flow_id)
    .outerjoin(tables.executions, _IS_OPEN)
    .where(
        _l.waiting_events > 0,
        # One that is farther off than any wait is none: the clock was ahead then.
        or_(
            _l.retry_at_ms.is_(None),
            _l.retry_at_ms <= bindparam("now_ms"),
            _l.retry_at_ms > bindparam("latest_ms"),
        ),
        _f.status == "Active",
        _f.trigger_type == "Event",
        or_(_e.state.is_(None), _e.state == State.WAITING.value),
    )
)
_OVER = Statement(
    select(_e.execution_id)
    .join_from(tables.executions, tables.flows, _f.flow_id == _e.flow_id)
    .where(
        _e.finished_ms.is_(None),
        _e.state == State.WAITING.value,
        or_(
            _e.queued_ms <= bindparam("earliest_ms"),
            _f.status != "Active",
            _f.trigger_type != "Event",
            _f.revision != _e.revision,
        ),
    )
)
_OPEN_OF_FLOW = Statement(
    select(_e.execution_id).where(
        _e.flow_id == bindparam("flow_id"), _e.finished_ms.is_(None), _e.state == State.WAITING.value
    )
)
_IS_WAITING = (_e.execution_id == bindparam("id")) & (_e.state == State.WAITING.value)
_ROUSE = Statement(
    change(tables.executions)
    .where(_IS_WAITING)
    .values(state=State.QUEUED.value, lease_until_ms=None, updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id)
)
_HOLD = Statement(
    change(tables.executions)
    .where(_IS_WAITING)
    .values(state=State.RUNNING.value, fence=_e.fence + 1, owner=None, updated_ms=bindparam("now_ms"))
    .returning(_e.fence, _e.counts, _e.message)
)
# Not as one that is queued, which has no lease: a lease that nobody has, and that never runs out.
_PARK = Statement(
    change(tables.executions)
    .where(sql.IS_HELD_BY_FENCE, _e.state == State.RUNNING.value)
    .values(state=State.WAITING.value, owner=None, lease_until_ms=sql.BEYOND, updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id)
)


def is_anything_due(tx: Tx, *, now_ms: int) -> bool:
    """Whether `rouse` has anything to do."""
    return bool(behind(tx, now_ms=now_ms) or over(tx, now_ms=now_ms))


def behind(tx: Tx, *, now_ms: int) -> list[Behind]:
    """The flows that have events and nobody at work on them."""
    return [Behind(*row) for row in tx.rows(_BEHIND, now_ms=now_ms, latest_ms=now_ms + LONGEST_WAIT_MS)]


def over(tx: Tx, *, now_ms: int) -> list[str]:
    """The executions that wait and take no more events."""
    return [execution_id for (execution_id,) in tx.rows(_OVER, earliest_ms=now_ms - PERIOD_MS)]


def rouse(tx: Tx, new_id: Callable[[], str], *, now_ms: int) -> list[Execution]:
    """Close what is over, then see that every flow with events has an execution in the queue; what was closed."""
    # So that of two nodes that look at once one opens it.
    tx.lock("events")
    closed = [ended for each in over(tx, now_ms=now_ms) if (ended := close(tx, each, now_ms=now_ms)) is not None]
    for flow in behind(tx, now_ms=now_ms):
        if flow.execution_id is not None:
            tx.rows(_ROUSE, id=flow.execution_id, now_ms=now_ms)
        else:
            executions.insert(tx, flow, execution_id=new_id(), trigger="event", now_ms=now_ms)
        tx.announce(executions.TOPIC)
    return closed


def park(tx: Tx, execution_id: str, fence: int, *, now_ms: int) -> bool:
    """Let the execution wait for events, with nobody holding it. False if the lease is lost or it is cancelled."""
    is_parked = tx.row(_PARK, id=execution_id, fence=fence, now_ms=now_ms) is not None
    tx.announce(executions.TOPIC)
    return is_parked


def close_of_flow(tx: Tx, flow_id: str, *, now_ms: int) -> None:
    """End the flow's execution if it waits, so that it is reported before it goes with its flow."""
    for (execution_id,) in tx.rows(_OPEN_OF_FLOW, flow_id=flow_id):
        close(tx, execution_id, now_ms=now_ms)


def close(tx: Tx, execution_id: str, *, now_ms: int) -> Execution | None:
    """End an execution that waits, with the sums of its batches: Error only if every record was rejected.

    None: it waits no more, or was the oldest of too many.
    """
    row = tx.row(_HOLD, id=execution_id, now_ms=now_ms)
    if row is None:
        return None
    fence, text, message = row
    counts: dict[str, Any] = documents.loads_or_none(text) or {}
    is_failed = bool(counts.get("recordsRejected")) and not counts.get("recordsWritten")
    state = State.FAILED if is_failed else State.DONE
    executions.settle(tx, execution_id, fence, state=state, counts=None, message=message, now_ms=now_ms)
    return executions.get(tx, execution_id)
