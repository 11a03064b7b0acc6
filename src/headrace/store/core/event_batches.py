"""The statements of `store.event_batches`."""

from __future__ import annotations

from sqlalchemy import Integer, Text, bindparam, delete, func, null, select, update
from sqlalchemy import insert as into

from headrace.store.core import event_tables, tables
from headrace.store.core.parts import binds

_b, _e, _f = event_tables.event_batches.c, tables.executions.c, tables.flows.c
_COLUMNS = (
    _b.batch_id,
    _b.flow_id,
    _b.execution_id,
    _b.number,
    _b.started_ms,
    _b.attempt,
    _b.document,
    _b.result,
    _b.commit_ms,
    _b.delivered,
)
_IS_BATCH = _b.batch_id == bindparam("batch_id")
SELECT = select(*_COLUMNS).where(_b.flow_id == bindparam("flow_id"))
HAS = select(_b.batch_id).where(_IS_BATCH)
INSERT = into(event_tables.event_batches).values(
    batch_id=bindparam("batch_id"),
    flow_id=bindparam("flow_id"),
    execution_id=bindparam("execution_id"),
    number=bindparam("number"),
    started_ms=bindparam("now_ms"),
    attempt=1,
    document=bindparam("document"),
)
CHANGE = update(event_tables.event_batches).where(_IS_BATCH).values(document=bindparam("document"), result=null())
COUNT_ATTEMPT = update(event_tables.event_batches).where(_IS_BATCH).values(attempt=_b.attempt + 1)
RESULT = update(event_tables.event_batches).where(_IS_BATCH).values(result=bindparam("result")).returning(_b.batch_id)
COMMIT = (
    update(event_tables.event_batches)
    .where(_IS_BATCH)
    .values(commit_ms=func.coalesce(_b.commit_ms, bindparam("now_ms", type_=Integer)))
    .returning(_b.batch_id)
)
DELIVERED = (
    update(event_tables.event_batches).where(_IS_BATCH).values(delivered=bindparam("delivered")).returning(_b.batch_id)
)
_x = event_tables.event_refusals.c
REFUSE = into(event_tables.event_refusals).values(binds(event_tables.event_refusals.columns))
REFUSED = select(_x.refused).where(_x.batch_id == bindparam("batch_id")).order_by(_x.records)
DELETE = delete(event_tables.event_batches).where(_IS_BATCH)
# Whether the holder may take more events: its flow still listens, for what the execution was begun with.
MAY_GO_ON = (
    select(_e.flow_id, _e.queued_ms)
    .join_from(tables.executions, tables.flows, _f.flow_id == _e.flow_id)
    .where(
        _e.execution_id == bindparam("id"),
        _f.status == "Active",
        _f.trigger_type == "Event",
        _f.revision == _e.revision,
        _e.queued_ms > bindparam("earliest_ms"),
    )
)
FLOW_OF = select(_e.flow_id).where(_e.execution_id == bindparam("id"))
EVENT_FLOW_OF = select(_e.flow_id).where(_e.execution_id == bindparam("id"), _e.trigger == "event")
NEXT_NUMBER = (
    update(tables.executions)
    .where(_e.execution_id == bindparam("id"))
    .values(split_count=func.coalesce(_e.split_count, 0) + 1)
    .returning(_e.split_count)
)
ADD_COUNTS = (
    update(tables.executions)
    .where(_e.execution_id == bindparam("id"))
    .values(
        counts=bindparam("counts"),
        message=func.coalesce(bindparam("message", type_=Text), _e.message),
        updated_ms=bindparam("now_ms"),
    )
)
