"""The statements of `store.schedules`."""

from __future__ import annotations

from sqlalchemy import bindparam, func, null, or_, select
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import among

_f, _r, _e = tables.flows.c, tables.revisions.c, tables.executions.c
_IS_FLOW = _f.flow_id == bindparam("id")
EARLIEST = select(func.min(_f.next_fire_ms)).where(_f.next_fire_ms.is_not(None))
DUE = (
    select(
        _f.flow_id,
        _f.name,
        _f.arn,
        _f.revision,
        _f.next_fire_ms,
        _f.grid_start_ms,
        _f.read_until_ms,
        _r.document,
    )
    .join_from(tables.flows, tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(
        _f.next_fire_ms.is_not(None),
        _f.next_fire_ms <= bindparam("now_ms"),
        or_(
            _f.next_fire_ms > bindparam("after_ms"),
            (_f.next_fire_ms == bindparam("after_ms")) & (_f.flow_id > bindparam("after_id")),
        ),
    )
    .order_by(_f.next_fire_ms, _f.flow_id)
    .limit(bindparam("limit"))
    # Not against the rows that are added below a flow: an execution of it may be queued meanwhile.
    .with_for_update(of=tables.flows, skip_locked=True, key_share=True)
)
SELECT_GRID = select(_f.grid_start_ms).where(_IS_FLOW)
SELECT_POSITION = select(_f.read_until_ms).where(_IS_FLOW)
SELECT_NEXT = select(_f.next_fire_ms).where(_IS_FLOW)
# Holds the row until the end of the transaction: of a scheduler that queues a run and this, one comes first.
SET_POSITION = change(tables.flows).where(_IS_FLOW).values(read_until_ms=bindparam("read_until_ms"))
SCHEDULE = (
    change(tables.flows)
    .where(_IS_FLOW)
    .values(grid_start_ms=bindparam("grid_start_ms"), next_fire_ms=bindparam("next_fire_ms"))
)
SET_NEXT = change(tables.flows).where(_IS_FLOW).values(next_fire_ms=bindparam("next_fire_ms"))
REWIND = (
    change(tables.flows).where(_IS_FLOW, _f.read_until_ms > bindparam("to_ms")).values(read_until_ms=bindparam("to_ms"))
)
# Invariant 2: positions only move forward.
ADVANCE = (
    change(tables.flows)
    .where(_IS_FLOW, _f.read_until_ms.is_(None) | (_f.read_until_ms < bindparam("to_ms")))
    .values(read_until_ms=bindparam("to_ms"))
)
FIRED = select(_e.flow_id, _e.scheduled_for_ms).where(among(_e.flow_id), _e.scheduled_for_ms >= bindparam("from_ms"))
GIVE_UP = (
    change(tables.flows)
    .where(_IS_FLOW)
    .values(status="Errored", status_message=bindparam("message"), next_fire_ms=null())
)
