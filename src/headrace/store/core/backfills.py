"""The statements of `store.backfills`."""

from __future__ import annotations

from sqlalchemy import Integer, Text, and_, bindparam, case, func, null, or_, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.store.core import tables
from headrace.store.core.parts import binds

_b, _s, _f = tables.backfills.c, tables.backfill_slices.c, tables.flows.c
_COLUMNS = (
    _b.backfill_id,
    _b.flow_id,
    _b.number,
    _b.state,
    _b.from_ms,
    _b.to_ms,
    _b.every,
    _b.slice_count,
    _b.begun,
    _b.parallel,
    _b.stops_on_failure,
    _b.filters,
    _b.created_ms,
    _b.created_by,
    _b.started_ms,
    _b.finished_ms,
)
_GIVEN = (
    *(_b.backfill_id, _b.flow_id, _b.state, _b.from_ms, _b.to_ms, _b.every, _b.slice_count, _b.parallel),
    *(_b.stops_on_failure, _b.filters, _b.created_by),
)
_IS_IT = _b.backfill_id == bindparam("id")
_OF_IT = _s.backfill_id == bindparam("id")
_IS_SLICE = _OF_IT & (_s.number == bindparam("number"))
_IS_ACTIVE = _s.state == "active"
_of_same = tables.backfills.alias("of_same").c
# Unique with the flow: of two that take the same at once, one fails.
_NEXT_NUMBER = select(func.coalesce(func.max(_of_same.number), 0) + 1).where(_of_same.flow_id == bindparam("flow_id"))
INSERT = (
    into(tables.backfills)
    .values(
        binds(_GIVEN)
        | {
            "number": _NEXT_NUMBER.scalar_subquery(),
            "begun": 0,
            "created_ms": bindparam("now_ms"),
            "started_ms": bindparam("now_ms"),
        }
    )
    .returning(_b.number)
)
# Changes nothing; holds the row until the end of the transaction.
HOLD = change(tables.backfills).where(_IS_IT).values(begun=_b.begun).returning(_b.backfill_id)
_WHOLE = select(*_COLUMNS, _f.name).join_from(tables.backfills, tables.flows, _f.flow_id == _b.flow_id)
SELECT = _WHOLE.where(_b.flow_id == bindparam("flow_id"), _b.number == bindparam("number"))
SELECT_ONE = _WHOLE.where(_IS_IT)
SELECT_PAGE = (
    _WHOLE.where(
        _f.account == bindparam("account"),
        _f.region == bindparam("region"),
        bindparam("flow_id", type_=Text).is_(None) | (_b.flow_id == bindparam("flow_id", type_=Text)),
        or_(
            _b.created_ms < bindparam("before_ms"),
            and_(_b.created_ms == bindparam("before_ms"), _b.backfill_id > bindparam("before_id")),
        ),
    )
    .order_by(_b.created_ms.desc(), _b.backfill_id)
    .limit(bindparam("limit"))
)
SELECT_RUNNING = (
    select(_b.backfill_id).where(_b.flow_id == bindparam("flow_id"), _b.state == "running").order_by(_b.number)
)
SELECT_FLOW = select(_f.flow_id, _f.revision).where(_f.flow_id == bindparam("id"))
TAKE_NEW = (
    change(tables.backfills).where(_IS_IT, _b.begun < _b.slice_count).values(begun=_b.begun + 1).returning(_b.begun)
)
_other = tables.backfill_slices.alias("other").c
_FIRST_WAITING = select(func.min(_other.number)).where(_other.backfill_id == bindparam("id"), _other.state == "waiting")
TAKE_WAITING = (
    change(tables.backfill_slices)
    .where(_OF_IT, _s.number == _FIRST_WAITING.scalar_subquery())
    .values(runs=_s.runs + 1)
    .returning(_s.number, _s.runs)
)
_NOTHING_YET = {"records_read": 0, "records_written": 0, "records_rejected": 0, "records_dropped": 0}
INSERT_SLICE = into(tables.backfill_slices).values(
    backfill_id=bindparam("id"),
    number=bindparam("number"),
    state="active",
    execution_id=bindparam("execution_id"),
    runs=bindparam("runs"),
    **_NOTHING_YET,
)
ACTIVATE_SLICE = (
    change(tables.backfill_slices)
    .where(_IS_SLICE, _s.runs == bindparam("runs"))
    .values(state="active", execution_id=bindparam("execution_id"), message=null(), finished_ms=null(), **_NOTHING_YET)
)
_COUNTS = (_s.records_read, _s.records_written, _s.records_rejected, _s.records_dropped)
END_SLICE = (
    change(tables.backfill_slices)
    .where(_OF_IT, _IS_ACTIVE, _s.execution_id == bindparam("execution_id"))
    .values(binds((_s.state, _s.message, *_COUNTS)) | {"finished_ms": bindparam("now_ms")})
    .returning(_s.number)
)
ACTIVE = select(_s.execution_id).where(_OF_IT, _IS_ACTIVE).order_by(_s.number)
_IS_RECENT = case((_s.finished_ms >= bindparam("since_ms"), 1), else_=0)
SUMS = (
    select(_s.state, func.count(), func.sum(_IS_RECENT), *(func.sum(column) for column in _COUNTS))
    .where(_OF_IT)
    .group_by(_s.state)
)
FAILURES = (
    select(_s.number, _s.state, _s.execution_id, _s.runs, _s.message)
    .where(_OF_IT, or_(_s.state == "failed", _s.state == "cancelled"))
    .order_by(_s.number)
    .limit(bindparam("limit"))
)
ENTER = change(tables.backfills).where(_IS_IT).values(state=bindparam("state"))
FINISH = (
    change(tables.backfills)
    .where(_IS_IT, _b.finished_ms.is_(None))
    .values(state=bindparam("state"), finished_ms=bindparam("now_ms", type_=Integer))
)
WAIT_AGAIN = (
    change(tables.backfill_slices)
    .where(_OF_IT, or_(_s.state == "failed", _s.state == "cancelled"))
    .values(state="waiting")
)
RESUME = (
    change(tables.backfills).where(_IS_IT).values(state="running", started_ms=bindparam("now_ms"), finished_ms=null())
)
