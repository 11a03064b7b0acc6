"""The executions of a flow by id, state and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headrace.model.states import FINISHED, State
from headrace.store import executions
from headrace.store.executions import Execution
from headrace.store.sql import execution_search as sql
from headrace.store.statements import BEYOND, Statement
from headrace.store.tx import Tx

_UNFINISHED = {state.value for state in State} - {state.value for state in FINISHED}
_NOT_DONE = {State.FAILED.value, State.CANCELLED.value}


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
    first_ms, last_ms = 0 if from_ms is None else from_ms, BEYOND if to_ms is None else to_ms
    before = BEYOND if before_sequence is None else before_sequence
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
        return sql.AMONG_UNFINISHED
    return sql.AMONG_NOT_DONE if states <= _NOT_DONE else sql.AMONG_ALL
