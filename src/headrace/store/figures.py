"""What an operator asks of the store: how much waits, how long already, for whom. Reads no history."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.store.sql import figures as sql
from headrace.store.tx import Tx


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
    due = tx.row(sql.DUE)
    return Figures(
        executions=tuple(Waiting(*row) for row in tx.rows(sql.EXECUTIONS)),
        flows=tuple((trigger, status, count) for trigger, status, count in tx.rows(sql.FLOWS)),
        next_due_ms=None if due is None else due[0],
        outbox=tuple(Waiting(*row) for row in tx.rows(sql.OUTBOX)),
    )
