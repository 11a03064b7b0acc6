"""The statements of `store.execution_search`."""

from __future__ import annotations

from sqlalchemy import ClauseElement, ColumnElement, Text, bindparam, or_

from headrace.model.states import State
from headrace.store.core import executions as sql
from headrace.store.core import tables

_e = tables.executions.c


def _search(*conditions: ColumnElement[bool]) -> ClauseElement:
    return (
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
AMONG_UNFINISHED = _search(_e.finished_ms.is_(None))
_IS_NOT_DONE = or_(*(_e.state == state.value for state in (State.CANCELLED, State.FAILED)))
AMONG_NOT_DONE = _search(_IS_NOT_DONE)
AMONG_ALL = _search()
