"""The statements of `store.figures`."""

from __future__ import annotations

from sqlalchemy import func, select

from headrace.store.core import tables

_f, _e, _o = tables.flows.c, tables.executions.c, tables.outbox.c
# Spelt out as the partial indexes have it.
_UNFINISHED = _e.finished_ms.is_(None)
EXECUTIONS = (
    select(_e.state, func.count(), func.min(_e.queued_ms)).where(_UNFINISHED).group_by(_e.state).order_by(_e.state)
)
FLOWS = (
    select(_f.trigger_type, _f.status, func.count())
    .group_by(_f.trigger_type, _f.status)
    .order_by(_f.trigger_type, _f.status)
)
DUE = select(func.min(_f.next_fire_ms)).where(_f.next_fire_ms.is_not(None))
OUTBOX = select(_o.receiver, func.count(), func.min(_o.created_ms)).group_by(_o.receiver).order_by(_o.receiver)
