"""Dropping what nobody asks for any more: old executions, expired tokens, reports that nobody took.

Each function does a bounded piece of the work in one transaction, and may run on any number of nodes at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select

from headrace.store import tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_e, _t, _o = tables.executions.c, tables.tokens.c, tables.outbox.c
_newer = tables.executions.alias("newer").c
# The last of a flow stays: the numbers of the next ones count on from it, and the flow shows it as its last run.
_HAS_NEWER = select(_newer.ticket).where(_newer.flow_id == _e.flow_id, _newer.sequence > _e.sequence).exists()
_IS_OLD = (_e.finished_ms < bindparam("before_ms")) & _HAS_NEWER
_OLD = Statement(select(_e.execution_id).where(_IS_OLD).order_by(_e.ticket).limit(bindparam("limit")))
_DROP = Statement(
    delete(tables.executions).where(_e.execution_id == bindparam("id"), _IS_OLD).returning(_e.execution_id)
)
_EXISTS = Statement(select(_e.finished_ms).where(_e.execution_id == bindparam("id")))
_ASKED = Statement(select(_e.overrides).where(_e.finished_ms.is_(None), _e.overrides.is_not(None)))
_FIRST_TOKENS = select(_t.number).order_by(_t.number).limit(bindparam("limit"))
_TOKENS = Statement(
    delete(tables.tokens)
    .where(_t.number.in_(_FIRST_TOKENS.scalar_subquery()), _t.expires_ms <= bindparam("now_ms"))
    .returning(_t.number)
)
_FIRST_REPORTS = select(_o.number).order_by(_o.number).limit(bindparam("limit"))
_REPORTS = Statement(
    delete(tables.outbox)
    .where(_o.number.in_(_FIRST_REPORTS.scalar_subquery()), _o.created_ms < bindparam("before_ms"))
    .returning(_o.number)
)


def old(tx: Tx, *, before_ms: int, limit: int) -> list[str]:
    """At most `limit` executions that ended before `before_ms`, oldest first, but for the last one of each flow.

    Reads the whole history where few are so old: for a reading transaction.
    """
    return [execution_id for (execution_id,) in tx.rows(_OLD, before_ms=before_ms, limit=limit)]


def drop(tx: Tx, execution_ids: Iterable[str], *, before_ms: int) -> int:
    """Drop those of the executions that `old` would still name; how many."""
    return sum(tx.row(_DROP, id=each, before_ms=before_ms) is not None for each in execution_ids)


def drop_tokens(tx: Tx, *, now_ms: int, limit: int) -> int:
    """Drop the expired ones of the `limit` oldest tokens; how many."""
    return len(tx.rows(_TOKENS, now_ms=now_ms, limit=limit))


def drop_reports(tx: Tx, *, before_ms: int, limit: int) -> int:
    """Drop those of the `limit` oldest reports that have waited since before `before_ms`; how many."""
    return len(tx.rows(_REPORTS, before_ms=before_ms, limit=limit))


def gone(tx: Tx, execution_ids: Iterable[str]) -> set[str]:
    """Those of the executions that are gone, but for what an execution that has not ended was asked to go back to."""
    asked = " ".join(overrides for (overrides,) in tx.rows(_ASKED))
    return {each for each in execution_ids if tx.row(_EXISTS, id=each) is None and each not in asked}


def ended(tx: Tx, execution_ids: Iterable[str]) -> set[str]:
    """Those of the executions that are gone or have ended."""
    rows = {each: tx.row(_EXISTS, id=each) for each in execution_ids}
    return {each for each, row in rows.items() if row is None or row[0] is not None}
