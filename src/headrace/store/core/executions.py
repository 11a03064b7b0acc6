"""The statements of `store.executions`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Integer, Text, Update, bindparam, delete, func, null, or_, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.model.states import FINISHED, State, sources_of
from headrace.store.core import tables
from headrace.store.core.parts import among

_f, _r, _e, _s, _b = tables.flows.c, tables.revisions.c, tables.executions.c, tables.splits.c, tables.bookmarks.c
_COLUMNS = (
    _e.execution_id,
    _e.flow_id,
    _f.name,
    _f.arn,
    _f.account,
    _f.region,
    _e.revision,
    _e.trigger,
    _e.state,
    _e.sequence,
    _e.queued_ms,
    _e.started_ms,
    _e.updated_ms,
    _e.finished_ms,
    _e.window_from_ms,
    _e.window_to_ms,
    _e.owner,
    _e.lease_until_ms,
    _e.fence,
    _e.attempt,
    _e.commit_ms,
    _e.counts,
    _e.message,
    _e.overrides,
    _e.backfill_id,
)
_IS_IT = _e.execution_id == bindparam("id")
_IS_FLOW = _f.flow_id == bindparam("id")
# Spelt out, not bound: SQLite takes the partial indexes only for this very condition.
_IS_UNFINISHED = _e.finished_ms.is_(None)
_IS_LEASED = _e.lease_until_ms.is_not(None)


def _is_in(*states: State) -> ColumnElement[bool]:
    return or_(*(_e.state == state.value for state in states))


_IS_HELD = _is_in(State.RUNNING, State.CANCELLING)
# Invariant 5: every write of a worker names the fence of its claim.
IS_HELD_BY_FENCE = _IS_IT & (_e.fence == bindparam("fence")) & _IS_HELD
ALL = select(*_COLUMNS).join_from(tables.executions, tables.flows, _f.flow_id == _e.flow_id)
_of_same = tables.executions.alias("of_same").c
# Unique with the flow: of two that take the same at once, one fails.
_NEXT_SEQUENCE = select(func.coalesce(func.max(_of_same.sequence), 0) + 1).where(
    _of_same.flow_id == bindparam("flow_id")
)
INSERT = into(tables.executions).values(
    execution_id=bindparam("execution_id"),
    flow_id=bindparam("flow_id"),
    sequence=_NEXT_SEQUENCE.scalar_subquery(),
    revision=bindparam("revision"),
    trigger=bindparam("trigger"),
    state=State.QUEUED.value,
    queued_ms=bindparam("now_ms"),
    updated_ms=bindparam("now_ms"),
    window_from_ms=bindparam("window_from_ms"),
    window_to_ms=bindparam("window_to_ms"),
    scheduled_for_ms=bindparam("scheduled_for_ms"),
    overrides=bindparam("overrides"),
    backfill_id=bindparam("backfill_id"),
    fence=0,
    attempt=0,
)
SELECT = ALL.where(_IS_IT)
SELECT_SOME = ALL.where(among(_e.execution_id))
SELECT_PAGE = (
    ALL.where(_e.flow_id == bindparam("flow_id"), _e.sequence < bindparam("before"))
    .order_by(_e.sequence.desc())
    .limit(bindparam("limit"))
)
# Oldest first; `documents.dumps` writes the overrides.
RETRIES = ALL.where(_e.flow_id == bindparam("flow_id"), _e.overrides.like(bindparam("pattern"))).order_by(_e.sequence)
SELECT_ACTIVE = ALL.where(_e.flow_id == bindparam("flow_id"), _IS_UNFINISHED).order_by(_e.sequence)
SELECT_UNFINISHED = select(_e.execution_id).where(_IS_UNFINISHED, _e.state != State.WAITING.value).order_by(_e.ticket)
# One that waits for events runs no more once its flow is stopped; of an active one the status says enough.
_ANY_ACTIVE = (
    select(_e.ticket)
    .where(_e.flow_id == bindparam("flow_id"), _IS_UNFINISHED, _e.state != State.WAITING.value)
    .limit(1)
)
SELECT_ANY_ACTIVE = _ANY_ACTIVE
SELECT_ANY_RUN = _ANY_ACTIVE.where(_e.backfill_id.is_(None))
SELECT_RUNNING = (
    select(_e.flow_id)
    .distinct()
    .where(among(_e.flow_id), _IS_UNFINISHED, _e.backfill_id.is_(None), _e.state != State.WAITING.value)
)
COUNT_ACTIVE = (
    select(func.count())
    .join_from(tables.executions, tables.flows, _f.flow_id == _e.flow_id)
    .where(_IS_UNFINISHED, _f.account == bindparam("account"), _f.region == bindparam("region"))
)
# Found by themselves first: with statistics from when the queue was short, PostgreSQL begins with the revisions.
_CLAIMED = select(tables.executions).where(among(_e.execution_id)).cte("claimed").prefix_with("MATERIALIZED")
_c = _CLAIMED.c
SELECT_CLAIMED = (
    select(
        *(_c[column.key] if column.table is tables.executions else column for column in _COLUMNS),
        *(_r.document, _r.schema_version, _c.split_count, _b.source, _b.bookmark),
    )
    .join_from(_CLAIMED, tables.flows, _f.flow_id == _c.flow_id)
    .join(tables.revisions, (_r.flow_id == _c.flow_id) & (_r.revision == _c.revision))
    .outerjoin(tables.bookmarks, _b.flow_id == _c.flow_id)
)
SELECT_SPLITS = select(_s.number, _s.document, _s.result).where(_s.execution_id == bindparam("id")).order_by(_s.number)
RENEW = (
    change(tables.executions)
    .where(among(_e.execution_id), _e.owner == bindparam("owner"), _IS_HELD)
    .values(lease_until_ms=bindparam("lease_until_ms"), updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id, _e.state)
)
# Changes nothing; holds the row until the end of the transaction.
GUARD = change(tables.executions).where(IS_HELD_BY_FENCE).values(fence=_e.fence).returning(_e.execution_id)
HOLD = select(_e.execution_id).where(_IS_IT).with_for_update()
COUNT_SPLITS = (
    change(tables.executions)
    .where(IS_HELD_BY_FENCE, _e.split_count.is_(None))
    .values(split_count=bindparam("split_count"))
    .returning(_e.execution_id)
)
INSERT_SPLIT = into(tables.splits).values(
    execution_id=bindparam("id"), number=bindparam("number"), document=bindparam("document")
)
UPDATE_SPLIT = (
    change(tables.splits)
    .where(_s.execution_id == bindparam("id"), _s.number == bindparam("number"))
    .values(result=bindparam("result"))
    .returning(_s.number)
)
PROGRESS = (
    change(tables.executions).where(IS_HELD_BY_FENCE).values(counts=bindparam("counts")).returning(_e.execution_id)
)
BEGIN_COMMIT = (
    change(tables.executions)
    .where(IS_HELD_BY_FENCE, _e.state == State.RUNNING.value)
    .values(commit_ms=func.coalesce(_e.commit_ms, bindparam("now_ms", type_=Integer)), updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id)
)
_HAS_DELIVERED = (
    select(tables.deliveries.c.execution_id).where(tables.deliveries.c.execution_id == _e.execution_id).exists()
)
_FAILURES = select(_f.failures_in_a_row).where(_f.flow_id == _e.flow_id).scalar_subquery()


def _settle(to: State) -> Update:
    return (
        change(tables.executions)
        .where(IS_HELD_BY_FENCE, _is_in(*sources_of(to)))
        .values(
            state=to.value,
            counts=func.coalesce(bindparam("counts", type_=Text), _e.counts),
            message=bindparam("message"),
            updated_ms=bindparam("now_ms"),
            finished_ms=bindparam("now_ms"),
            lease_until_ms=null(),
        )
        .returning(
            _e.flow_id, _e.backfill_id, _e.counts, _FAILURES, _HAS_DELIVERED, _e.sequence, _e.window_to_ms, _e.overrides
        )
    )


SETTLE = {state: _settle(state) for state in FINISHED}
COUNT_FAILURE = change(tables.flows).where(_IS_FLOW).values(failures_in_a_row=_f.failures_in_a_row + 1)
FORGET_FAILURES = change(tables.flows).where(_IS_FLOW, _f.failures_in_a_row > 0).values(failures_in_a_row=0)
SUSPEND = (
    change(tables.flows)
    .where(
        _IS_FLOW,
        _f.status == "Active",
        _f.trigger_type != "OnDemand",
        _f.failures_in_a_row >= _f.failure_threshold,
    )
    .values(
        status="Suspended",
        next_fire_ms=null(),
        status_message="The flow was suspended because its last runs failed as often in a row as"
        " flowErrorDeactivationThreshold allows. Start the flow to activate it again.",
    )
    .returning(_f.flow_id)
)
_OLDEST_KEPT = select(func.max(_of_same.sequence) - bindparam("kept", type_=Integer)).where(
    _of_same.flow_id == bindparam("flow_id")
)
PRUNE = delete(tables.executions).where(
    _e.flow_id == bindparam("flow_id"),
    _e.finished_ms.is_not(None),
    _e.sequence <= _OLDEST_KEPT.scalar_subquery(),
)
CANCEL_QUEUED = (
    change(tables.executions)
    .where(_IS_IT, _is_in(State.QUEUED, State.WAITING))
    .values(
        state=State.CANCELLED.value,
        updated_ms=bindparam("now_ms"),
        finished_ms=bindparam("now_ms"),
        lease_until_ms=null(),
    )
    .returning(_e.backfill_id)
)
CANCEL_RUNNING = (
    change(tables.executions)
    .where(_IS_IT, _e.state == State.RUNNING.value, _e.commit_ms.is_(None))
    .values(state=State.CANCELLING.value, updated_ms=bindparam("now_ms"))
    .returning(_e.execution_id)
)
IS_CANCELLING = select(_e.execution_id).where(_IS_IT, _e.state == State.CANCELLING.value)
# One that has made something visible keeps its state: a queued one could be cancelled as if nothing had been done.
REQUEUE = (
    change(tables.executions)
    .where(
        _IS_LEASED,
        _e.owner == bindparam("owner"),
        _e.state == State.RUNNING.value,
        _e.commit_ms.is_(None),
        ~_HAS_DELIVERED,
    )
    .values(state=State.QUEUED.value, owner=null(), lease_until_ms=null())
)
RELEASE = change(tables.executions).where(_IS_LEASED, _e.owner == bindparam("owner"), _IS_HELD).values(lease_until_ms=0)
EXPIRE = change(tables.executions).where(_IS_LEASED, _IS_HELD).values(lease_until_ms=0)
