"""The statements of `store.event_runs`."""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select
from sqlalchemy import update as change

from headrace.model.states import State
from headrace.store.core import event_tables, tables
from headrace.store.core import executions as sql
from headrace.store.statements import BEYOND

_e, _f, _l = tables.executions.c, tables.flows.c, event_tables.listeners.c
_IS_OPEN = (_e.flow_id == _f.flow_id) & _e.finished_ms.is_(None) & (_e.trigger == "event")
BEHIND = (
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
OVER = (
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
OPEN_OF_FLOW = select(_e.execution_id).where(
    _e.flow_id == bindparam("flow_id"), _e.finished_ms.is_(None), _e.state == State.WAITING.value
)
_IS_WAITING = (_e.execution_id == bindparam("id")) & (_e.state == State.WAITING.value)
ROUSE = (
    change(tables.executions)
    .where(_IS_WAITING)
    .values(state=State.QUEUED.value, lease_until_ms=None, updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id)
)
HOLD = (
    change(tables.executions)
    .where(_IS_WAITING)
    .values(state=State.RUNNING.value, fence=_e.fence + 1, owner=None, updated_ms=bindparam("now_ms"))
    .returning(_e.fence, _e.counts, _e.message)
)
# Not as one that is queued, which has no lease: a lease that nobody has, and that never runs out.
PARK = (
    change(tables.executions)
    .where(sql.IS_HELD_BY_FENCE, _e.state == State.RUNNING.value)
    .values(state=State.WAITING.value, owner=None, lease_until_ms=BEYOND, updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id)
)
