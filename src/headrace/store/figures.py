"""What an operator asks of the store: how much waits, how long already, for whom. Reads no history."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from headrace.store import tables
from headrace.store.statements import Statement
from headrace.store.tx import Tx

_f, _e, _o = tables.flows.c, tables.executions.c, tables.outbox.c
# Spelt out as the partial indexes have it.
_UNFINISHED = _e.finished_ms.is_(None)
_EXECUTIONS = Statement(
    select(_e.state, func.count(), func.min(_e.queued_ms)).where(_UNFINISHED).group_by(_e.state).order_by(_e.state)
)
_FLOWS = Statement(
    select(_f.trigger_type, _f.status, func.count())
    .group_by(_f.trigger_type, _f.status)
    .order_by(_f.trigger_type, _f.status)
)
_DUE = Statement(select(func.min(_f.next_fire_ms)).where(_f.next_fire_ms.is_not(None)))
_OUTBOX = Statement(
    select(_o.receiver, func.count(), func.min(_o.created_ms)).group_by(_o.receiver).order_by(_o.receiver)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many there are of one kind, and since when the first of them."""

    kind: str
    count: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The store at one moment.

    `executions` that have not finished, by state; `flows` as (trigger type, status, number); `next_due_ms` the next
    tick of any flow, None: there is none; `outbox` what is yet to be told, by the receiver's key.
    """

    executions: tuple[Waiting, ...]
    flows: tuple[tuple[str, str, int], ...]
    next_due_ms: int | None
    outbox: tuple[Waiting, ...]


def read(tx: Tx) -> Figures:
    """The figures of this moment; the cost grows with what waits and with the flows, not with what ever ran."""
    due = tx.row(_DUE)
    return Figures(
        executions=tuple(Waiting(*row) for row in tx.rows(_EXECUTIONS)),
        flows=tuple((trigger, status, count) for trigger, status, count in tx.rows(_FLOWS)),
        next_due_ms=None if due is None else due[0],
        outbox=tuple(Waiting(*row) for row in tx.rows(_OUTBOX)),
    )
