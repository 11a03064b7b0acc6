"""The statements of `store.turns`."""

from __future__ import annotations

from sqlalchemy import Integer, Text, bindparam, case, func, literal, or_, select
from sqlalchemy import update as change

from headrace.model.states import State
from headrace.store.core import tables
from headrace.store.core.parts import among

_e = tables.executions.c
# Spelt as the partial indexes have it. A lease that ran out still counts as held: its execution is not queued.
_IS_HELD = _e.lease_until_ms.is_not(None)
_IS_QUEUED = _e.finished_ms.is_(None) & _e.lease_until_ms.is_(None)
RAN_OUT = (
    select(_e.execution_id)
    .where(_IS_HELD, _e.lease_until_ms <= bindparam("now_ms"))
    .order_by(_e.lease_until_ms, _e.ticket)
    .limit(bindparam("limit"))
)
HELD = select(_e.flow_id, func.count(), func.min(_e.lease_until_ms)).where(_IS_HELD).group_by(_e.flow_id)
# Steps from flow to flow, over however many each has queued.
_NEXT = select(_e.flow_id).where(_IS_QUEUED).order_by(_e.flow_id).limit(1)
_RING = select(
    _NEXT.where(_e.flow_id > bindparam("after", type_=Text)).scalar_subquery(), literal(1).label("step")
).cte("ring", recursive=True)
_FLOW, _STEP, _MOST = *_RING.c, bindparam("limit", type_=Integer)
_FOLLOWING = _NEXT.where(_e.flow_id > _FLOW).scalar_subquery()
_ALL = _RING.union_all(select(_FOLLOWING, _STEP + 1).where(_FLOW.is_not(None), _STEP < _MOST))
_FIRST = (
    select(_e.execution_id).where(_IS_QUEUED, _e.flow_id == _ALL.c[0]).order_by(_e.ticket).limit(1).scalar_subquery()
)
FLOWS = select(_ALL.c[0], _FIRST).where(_ALL.c[0].is_not(None)).order_by(_ALL.c[1])
OLDEST = (
    select(_e.execution_id)
    .where(_IS_QUEUED, _e.flow_id == bindparam("flow_id"))
    .order_by(_e.ticket)
    .limit(bindparam("limit"))
)
# The conditions stand here again, so that of two who saw the same entry one takes it.
CLAIM = (
    change(tables.executions)
    .where(
        among(_e.execution_id),
        or_(_e.state == State.QUEUED.value, _e.lease_until_ms <= bindparam("now_ms")),
    )
    .values(
        state=case((_e.state == State.QUEUED.value, State.RUNNING.value), else_=_e.state),
        owner=bindparam("owner"),
        lease_until_ms=bindparam("lease_until_ms"),
        fence=_e.fence + 1,
        attempt=_e.attempt + 1,
        started_ms=func.coalesce(_e.started_ms, bindparam("now_ms", type_=Integer)),
        updated_ms=bindparam("now_ms"),
    )
    .returning(_e.execution_id)
)
