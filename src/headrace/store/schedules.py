"""When scheduled flows are due, and where their windows have come to.

A flow that is active and has a tick ahead has it in its row; whoever queues the run of a tick moves it on in the
same transaction, so of several schedulers one does (invariant 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.store import documents, reports
from headrace.store.sql import schedules as sql
from headrace.store.statements import by_batches
from headrace.store.tx import Tx


@dataclass(frozen=True, slots=True)
class DueFlow:
    """An active flow whose tick at `next_fire_ms` has come.

    `grid_start_ms` is where its ticks began when it was activated, `read_until_ms` where its last successful window
    ended (None: there was none).
    """

    flow_id: str
    name: str
    arn: str
    revision: int
    next_fire_ms: int
    grid_start_ms: int
    read_until_ms: int | None
    document: dict[str, Any]


def earliest_ms(tx: Tx) -> int | None:
    """When the next tick of any flow is due, or was; None where no flow has one. Costs the same for any number."""
    row = tx.row(sql.EARLIEST)
    return None if row is None else row[0]


def due(tx: Tx, *, now_ms: int, limit: int, after: DueFlow | None = None) -> list[DueFlow]:
    """At most `limit` flows with a tick at `now_ms` or before, longest due first; those that follow `after`.

    Flows that another transaction changes, or has found due, are left out.
    """
    place = (0, "") if after is None else (after.next_fire_ms, after.flow_id)
    rows = tx.rows(sql.DUE, now_ms=now_ms, after_ms=place[0], after_id=place[1], limit=limit)
    return [DueFlow(*row[:-1], document=documents.loads(row[-1])) for row in rows]


def grid_start_ms(tx: Tx, flow_id: str) -> int | None:
    """Where the ticks of the flow began when it was last activated; None: it never was."""
    row = tx.row(sql.SELECT_GRID, id=flow_id)
    return None if row is None else row[0]


def read_until_ms(tx: Tx, flow_id: str) -> int | None:
    """Where the flow's last successful window ended; None: there was none."""
    row = tx.row(sql.SELECT_POSITION, id=flow_id)
    return None if row is None else row[0]


def set_read_until(tx: Tx, flow_id: str, read_until_ms: int | None) -> None:
    """Let the next window begin there, as who owns the flow says; None: as if none had been read.

    Look afterwards whether the flow runs: until then a scheduler may have queued a run.
    """
    tx.rows(sql.SET_POSITION, id=flow_id, read_until_ms=read_until_ms)


def next_fire_ms(tx: Tx, flow_id: str) -> int | None:
    """The flow's next tick, or one that has come and is not queued yet; None: there is none."""
    row = tx.row(sql.SELECT_NEXT, id=flow_id)
    return None if row is None else row[0]


def schedule(tx: Tx, flow_id: str, *, grid_start_ms: int | None, next_fire_ms: int | None) -> None:
    """Set where the flow's ticks begin, and the next of them; None: there is none."""
    tx.rows(sql.SCHEDULE, id=flow_id, grid_start_ms=grid_start_ms, next_fire_ms=next_fire_ms)


def set_next(tx: Tx, flow_id: str, next_fire_ms: int | None) -> None:
    """Set the flow's next tick; None: there is none."""
    tx.rows(sql.SET_NEXT, id=flow_id, next_fire_ms=next_fire_ms)


def set_next_of(tx: Tx, next_ticks: Iterable[tuple[str, int | None]]) -> None:
    """As `set_next`, for so many flows."""
    tx.each(sql.SET_NEXT, [{"id": flow_id, "next_fire_ms": next_fire_ms} for flow_id, next_fire_ms in next_ticks])


def rewind(tx: Tx, flow_id: str, *, to_ms: int) -> None:
    """Let the next window begin at `to_ms` if the last one ended later: a clock was ahead then."""
    tx.rows(sql.REWIND, id=flow_id, to_ms=to_ms)


def fired(tx: Tx, flow_ids: Sequence[str], *, from_ms: int) -> set[tuple[str, int]]:
    """The instants from then on that a kept execution is for, each with which of the flows it is of."""
    rows = (row for some in by_batches(flow_ids) for row in tx.rows(sql.FIRED, **some, from_ms=from_ms))
    return {(flow_id, instant_ms) for flow_id, instant_ms in rows}


def give_up(tx: Tx, flow_id: str, message: str, *, now_ms: int) -> None:
    """Mark the flow, whose document can't be scheduled, as Errored."""
    tx.rows(sql.GIVE_UP, id=flow_id, message=message)
    reports.put_deactivation(tx, flow_id, now_ms=now_ms)
