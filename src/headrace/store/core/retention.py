"""The statements of `store.retention`."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from headrace.store.core import tables

_e, _t, _o = tables.executions.c, tables.tokens.c, tables.outbox.c
_newer = tables.executions.alias("newer").c
# The last of a flow stays: the numbers of the next ones count on from it, and the flow shows it as its last run.
_HAS_NEWER = select(_newer.ticket).where(_newer.flow_id == _e.flow_id, _newer.sequence > _e.sequence).exists()
_IS_OLD = (_e.finished_ms < bindparam("before_ms")) & _HAS_NEWER
OLD = select(_e.execution_id).where(_IS_OLD).order_by(_e.ticket).limit(bindparam("limit"))
DROP = delete(tables.executions).where(_e.execution_id == bindparam("id"), _IS_OLD).returning(_e.execution_id)
EXISTS = select(_e.finished_ms).where(_e.execution_id == bindparam("id"))
ASKED = select(_e.overrides).where(_e.finished_ms.is_(None), _e.overrides.is_not(None))
_FIRST_TOKENS = select(_t.number).order_by(_t.number).limit(bindparam("limit"))
TOKENS = (
    delete(tables.tokens)
    .where(_t.number.in_(_FIRST_TOKENS.scalar_subquery()), _t.expires_ms <= bindparam("now_ms"))
    .returning(_t.number)
)
_FIRST_REPORTS = select(_o.number).order_by(_o.number).limit(bindparam("limit"))
REPORTS = (
    delete(tables.outbox)
    .where(_o.number.in_(_FIRST_REPORTS.scalar_subquery()), _o.created_ms < bindparam("before_ms"))
    .returning(_o.number)
)
