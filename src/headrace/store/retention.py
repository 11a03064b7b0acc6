"""Dropping what nobody asks for any more: old executions, expired tokens, reports that nobody took.

Each function does a bounded piece of the work in one transaction, and may run on any number of nodes at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from headrace.store.sql import retention as sql
from headrace.store.tx import Tx


def old(tx: Tx, *, before_ms: int, limit: int) -> list[str]:
    """At most `limit` executions that ended before `before_ms`, oldest first, but for the last one of each flow.

    Reads the whole history where few are so old: for a reading transaction.
    """
    return [execution_id for (execution_id,) in tx.rows(sql.OLD, before_ms=before_ms, limit=limit)]


def drop(tx: Tx, execution_ids: Iterable[str], *, before_ms: int) -> int:
    """Drop those of the executions that `old` would still name; how many."""
    return sum(tx.row(sql.DROP, id=each, before_ms=before_ms) is not None for each in execution_ids)


def drop_tokens(tx: Tx, *, now_ms: int, limit: int) -> int:
    """Drop the expired ones of the `limit` oldest tokens; how many."""
    return len(tx.rows(sql.TOKENS, now_ms=now_ms, limit=limit))


def drop_reports(tx: Tx, *, before_ms: int, limit: int) -> int:
    """Drop those of the `limit` oldest reports that have waited since before `before_ms`; how many."""
    return len(tx.rows(sql.REPORTS, before_ms=before_ms, limit=limit))


def gone(tx: Tx, execution_ids: Iterable[str]) -> set[str]:
    """Those of the executions that are gone, but for what an execution that has not ended was asked to go back to."""
    asked = " ".join(overrides for (overrides,) in tx.rows(sql.ASKED))
    return {each for each in execution_ids if tx.row(sql.EXISTS, id=each) is None and each not in asked}


def ended(tx: Tx, execution_ids: Iterable[str]) -> set[str]:
    """Those of the executions that are gone or have ended."""
    rows = {each: tx.row(sql.EXISTS, id=each) for each in execution_ids}
    return {each for each, row in rows.items() if row is None or row[0] is not None}
