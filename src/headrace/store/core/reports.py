"""The statements of `store.reports`."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from headrace.store.core import tables

_f, _r, _e = tables.flows.c, tables.revisions.c, tables.executions.c
_FLOW = (
    _f.flow_id,
    _f.name,
    _f.arn,
    _f.account,
    _f.region,
    _f.created_by,
    _f.trigger_type,
    _f.status_message,
    _r.document,
)
_RUN = (
    _e.execution_id,
    _e.trigger,
    _e.state,
    _e.queued_ms,
    _e.started_ms,
    _e.finished_ms,
    _e.window_from_ms,
    _e.window_to_ms,
    _e.counts,
    _e.message,
)
SELECT_FLOW = (
    select(*_FLOW)
    .join_from(tables.flows, tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(_f.flow_id == bindparam("id"))
)
SELECT_RUN = (
    select(*_FLOW, *_RUN)
    .join_from(tables.executions, tables.flows, _f.flow_id == _e.flow_id)
    .join(tables.revisions, (_r.flow_id == _e.flow_id) & (_r.revision == _e.revision))
    .where(_e.execution_id == bindparam("id"))
)
