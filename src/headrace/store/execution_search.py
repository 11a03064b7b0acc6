"""The executions of a flow by id, state and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Text, bindparam, literal_column, or_

from headrace.model.states import FINISHED, State
from headrace.store import executions, tables
from headrace.store import executions_sql as sql
from headrace.store.executions import Execution
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_e = tables.executions.c
_UNFINISHED = {state.value for state in State} - {state.value for state in FINISHED}
_NOT_DONE = {State.FAILED.value, State.CANCELLED.value}


def _search(*conditions: ColumnElement[bool]) -> Statement:
    return Statement(
        sql.ALL.where(
            *conditions,
            _e.flow_id == bindparam("flow_id"),
            _e.sequence < bindparam("before"),
            # The values come as a text with commas around each: a statement has a fixed number of parameters.
            bindparam("states", type_=Text).contains("," + _e.state + ","),
            _e.queued_ms >= bindparam("from_ms"),
            _e.queued_ms < bindparam("to_ms"),
        )
        .order_by(_e.sequence.desc())
        .limit(bindparam("limit"))
    )


# Spelt out, not bound, for the partial indexes: those that are rare in a long history are not looked for in all of it.
_AMONG_UNFINISHED = _search(_e.finished_ms.is_(None))
_IS_NOT_DONE = or_(*(_e.state == literal_column(f"'{state}'") for state in sorted(_NOT_DONE)))
_AMONG_NOT_DONE = _search(_IS_NOT_DONE)
_AMONG_ALL = _search()


def search(
    tx: Tx,
    flow_id: str,
    *,
    states: Iterable[str],
    ids: Sequence[str] | None,
    from_ms: int | None,
    to_ms: int | None,
    before_sequence: int | None,
    limit: int,
) -> list[Execution]:
    """As `executions.page`, of the executions in one of the states, with one of the ids, queued at `from_ms` or later,
    before `to_ms`; None: whatever.
    """
    wanted = set(states)
    first_ms, last_ms = 0 if from_ms is None else from_ms, sql.BEYOND if to_ms is None else to_ms
    before = sql.BEYOND if before_sequence is None else before_sequence
    if ids is None:
        texts = {"flow_id": flow_id, "states": f",{','.join(wanted)},"}
        given = {"from_ms": first_ms, "to_ms": last_ms, "before": before, "limit": limit}
        return [executions.of_row(row) for row in tx.rows(_statement(wanted), **texts, **given)]
    found = [
        each
        for each in executions.get_some(tx, list(dict.fromkeys(ids)))
        if each.flow_id == flow_id
        and each.state.value in wanted
        and each.sequence < before
        and first_ms <= each.queued_ms < last_ms
    ]
    return sorted(found, key=lambda each: -each.sequence)[:limit]


def _statement(states: set[str]) -> Statement:
    if states <= _UNFINISHED:
        return _AMONG_UNFINISHED
    return _AMONG_NOT_DONE if states <= _NOT_DONE else _AMONG_ALL
