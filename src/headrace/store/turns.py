"""Which executions are taken next: fair among flows, within limits, at a cost that long queues do not raise.

Flows take turns: the one with the fewest running executions goes first, among equals the one that comes next in a
ring of all that wait. So however many a flow has queued, each other one is served after at most one round. Within a
flow the oldest goes first.
"""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush

from sqlalchemy import Integer, Text, bindparam, case, func, literal, or_, select
from sqlalchemy import update as change

from headrace.model.states import State
from headrace.store import tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

# How many waiting flows are looked at beside those that have as many running as they may.
_LOOKED_AT = 32

_e = tables.executions.c
# Spelt as the partial indexes have it. A lease that ran out still counts as held: its execution is not queued.
_IS_HELD = _e.lease_until_ms.is_not(None)
_IS_QUEUED = _e.finished_ms.is_(None) & _e.lease_until_ms.is_(None)

RAN_OUT = Statement(
    select(_e.execution_id)
    .where(_IS_HELD, _e.lease_until_ms <= bindparam("now_ms"))
    .order_by(_e.lease_until_ms, _e.ticket)
    .limit(bindparam("limit"))
)
HELD = Statement(select(_e.flow_id, func.count()).where(_IS_HELD).group_by(_e.flow_id))

# Steps from flow to flow, over however many each has queued.
_RING = select(
    select(func.min(_e.flow_id)).where(_IS_QUEUED, _e.flow_id > bindparam("after", type_=Text)).scalar_subquery(),
    literal(1).label("step"),
).cte("ring", recursive=True)
_FLOW, _STEP, _MOST = *_RING.c, bindparam("limit", type_=Integer)
_FOLLOWING = select(func.min(_e.flow_id)).where(_IS_QUEUED, _e.flow_id > _FLOW).scalar_subquery()
_ALL = _RING.union_all(select(_FOLLOWING, _STEP + 1).where(_FLOW.is_not(None), _STEP < _MOST))
FLOWS = Statement(select(_ALL.c[0]).where(_ALL.c[0].is_not(None)).order_by(_ALL.c[1]))

OLDEST = Statement(
    select(_e.execution_id)
    .where(_IS_QUEUED, _e.flow_id == bindparam("flow_id"))
    .order_by(_e.ticket)
    .limit(bindparam("limit"))
)
# The conditions stand here again, so that of two who saw the same entry one takes it.
CLAIM = Statement(
    change(tables.executions)
    .where(
        _e.execution_id == bindparam("id"),
        _e.finished_ms.is_(None),
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


def ran_out(tx: Tx, *, now_ms: int, limit: int) -> list[str]:
    """At most `limit` executions whose holder fell silent, longest silent first."""
    return [id_ for (id_,) in tx.rows(RAN_OUT, now_ms=now_ms, limit=limit)]


def waiting(tx: Tx, *, limit: int, flow_limit: int | None = None, after: str = "") -> list[str]:
    """At most `limit` queued executions in the order in which to take them; fewer only where no more may be taken.

    None is of a flow that has, with those before it, more than `flow_limit` running, on whatever node; None: there is
    no such bound. The ring of flows begins behind the flow `after`.
    """
    if limit <= 0:
        return []
    running = Counter[str](dict(tx.rows(HELD)))
    most = limit + max(running.values(), default=0) if flow_limit is None else flow_limit
    full = {flow_id for flow_id, count in running.items() if count >= most}
    ring = [flow_id for flow_id in _ring(tx, after, _LOOKED_AT + limit + len(full)) if flow_id not in full]
    return _shared_out(tx, ring, running, limit=limit, most=most)


def _ring(tx: Tx, after: str, limit: int) -> list[str]:
    """At most `limit` flows that have something queued, each once, in the ring's order."""
    behind = [flow_id for (flow_id,) in tx.rows(FLOWS, after=after, limit=limit)]
    if len(behind) >= limit or not after:
        return behind
    return list(dict.fromkeys([*behind, *(flow_id for (flow_id,) in tx.rows(FLOWS, after="", limit=limit))]))


def _shared_out(tx: Tx, ring: list[str], running: Counter[str], *, limit: int, most: int) -> list[str]:
    """The executions of the flows, one after the other to the flow with the fewest running."""
    heap = [(running[flow_id], place, flow_id) for place, flow_id in enumerate(ring)]
    heapify(heap)
    oldest: dict[str, list[str]] = {}
    found: list[str] = []
    while heap and len(found) < limit:
        count, place, flow_id = heappop(heap)
        if flow_id not in oldest:
            rows = tx.rows(OLDEST, flow_id=flow_id, limit=min(limit - len(found), most - count))
            oldest[flow_id] = [id_ for (id_,) in rows][::-1]
        # Cancelled meanwhile by another node, there may be none.
        if oldest[flow_id]:
            found.append(oldest[flow_id].pop())
            heappush(heap, (count + 1, place, flow_id))
    return found
