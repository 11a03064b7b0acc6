"""The statements of `store.flows`."""

from __future__ import annotations

from sqlalchemy import Integer, bindparam, case, delete, func, null, select
from sqlalchemy import insert as into
from sqlalchemy import update as change

from headrace.model.states import State
from headrace.store.core import tables
from headrace.store.core.parts import binds

_f, _r, _e = tables.flows.c, tables.revisions.c, tables.executions.c
_HEAD = (
    _f.flow_id,
    _f.account,
    _f.region,
    _f.name,
    _f.arn,
    _f.revision,
    _f.trigger_type,
    _f.failure_threshold,
    _f.status,
    _f.status_message,
    _f.schema_version,
    _f.kms_arn,
    _f.created_ms,
    _f.created_by,
    _f.updated_ms,
    _f.updated_by,
    _f.failures_in_a_row,
)
_IS_NAMED = (_f.account == bindparam("account")) & (_f.region == bindparam("region")) & (_f.name == bindparam("name"))
_IS_FLOW = _f.flow_id == bindparam("id")
_of_same = tables.executions.alias("of_same").c
_NEWEST = select(func.max(_of_same.sequence)).where(_of_same.flow_id == _f.flow_id).scalar_subquery()
_STARTED = func.coalesce(_e.started_ms, _e.queued_ms, type_=Integer)
_WHOLE = (
    select(*_HEAD, _r.document, _e.execution_id, _STARTED, _e.state, _e.message)
    .join_from(tables.flows, tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .outerjoin(tables.executions, (_e.flow_id == _f.flow_id) & (_e.sequence == _NEWEST))
)
SELECT_HEAD = select(*_HEAD).where(_IS_NAMED)
SELECT_START = select(
    _f.flow_id,
    _f.arn,
    _f.trigger_type,
    _f.status,
    _f.revision,
    select(_e.ticket)
    .where(
        _e.flow_id == _f.flow_id,
        _e.finished_ms.is_(None),
        _e.backfill_id.is_(None),
        _e.state != State.WAITING.value,
    )
    .exists(),
).where(_IS_NAMED)
SELECT_WHOLE = _WHOLE.where(_IS_NAMED)
SELECT_PAGE = (
    _WHOLE.where(_f.account == bindparam("account"), _f.region == bindparam("region"), _f.name > bindparam("after"))
    .order_by(_f.name)
    .limit(bindparam("limit"))
)
SELECT_HOLDING = (
    select(_f.name, _r.document)
    .join_from(tables.flows, tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(_f.account == bindparam("account"), _f.region == bindparam("region"))
    .where(_r.document.like(bindparam("pattern"), escape="|"))
    .order_by(_f.name)
)
COUNT = (
    select(func.count())
    .select_from(tables.flows)
    .where(_f.account == bindparam("account"), _f.region == bindparam("region"))
)
INSERT = into(tables.flows).values(binds(_HEAD) | {"failures_in_a_row": 0})
INSERT_REVISION = into(tables.revisions).values(binds(tables.revisions.columns))
_CHANGING = (
    _f.revision,
    _f.trigger_type,
    _f.failure_threshold,
    _f.status,
    _f.status_message,
    _f.schema_version,
    _f.updated_ms,
    _f.updated_by,
)
UPDATE = (
    change(tables.flows)
    .where(_IS_FLOW, _f.revision == bindparam("old_revision"))
    .values(binds(_CHANGING))
    .returning(_f.flow_id)
)
DELETE_OLD_REVISIONS = delete(tables.revisions).where(
    _r.flow_id == bindparam("id"),
    _r.revision != bindparam("kept"),
    ~select(_e.ticket).where(_e.flow_id == _r.flow_id, _e.revision == _r.revision).exists(),
)
SET_STATUS = (
    change(tables.flows)
    .where(_IS_FLOW)
    .values(
        status=bindparam("status"),
        status_message=bindparam("message"),
        next_fire_ms=null(),
        failures_in_a_row=case((bindparam("forget", type_=Integer) == 1, 0), else_=_f.failures_in_a_row),
    )
)
DELETE = delete(tables.flows).where(_IS_FLOW).returning(_f.flow_id)
