"""When scheduled flows are due, and where their windows have come to.

A flow that is active and has a tick ahead has it in its row; whoever queues the run of a tick moves it on in the
same transaction, so of several schedulers one does (invariant 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, null, or_, select
from sqlalchemy import update as change

from headrace.store import documents, reports, tables
from headrace.store.statements import Statement, among, by_batches
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


_f, _r, _e = tables.flows.c, tables.revisions.c, tables.executions.c
_IS_FLOW = _f.flow_id == bindparam("id")
EARLIEST = Statement(select(func.min(_f.next_fire_ms)).where(_f.next_fire_ms.is_not(None)))
DUE = Statement(
    select(
        _f.flow_id,
        _f.name,
        _f.arn,
        _f.revision,
        _f.next_fire_ms,
        _f.grid_start_ms,
        _f.read_until_ms,
        _r.document,
    )
    .join_from(tables.flows, tables.revisions, (_r.flow_id == _f.flow_id) & (_r.revision == _f.revision))
    .where(
        _f.next_fire_ms.is_not(None),
        _f.next_fire_ms <= bindparam("now_ms"),
        or_(
            _f.next_fire_ms > bindparam("after_ms"),
            (_f.next_fire_ms == bindparam("after_ms")) & (_f.flow_id > bindparam("after_id")),
        ),
    )
    .order_by(_f.next_fire_ms, _f.flow_id)
    .limit(bindparam("limit"))
    # Not against the rows that are added below a flow: an execution of it may be queued meanwhile.
    .with_for_update(of=tables.flows, skip_locked=True, key_share=True)
)
_SELECT_GRID = Statement(select(_f.grid_start_ms).where(_IS_FLOW))
_SELECT_POSITION = Statement(select(_f.read_until_ms).where(_IS_FLOW))
_SELECT_NEXT = Statement(select(_f.next_fire_ms).where(_IS_FLOW))
# Holds the row until the end of the transaction: of a scheduler that queues a run and this, one comes first.
_SET_POSITION = Statement(change(tables.flows).where(_IS_FLOW).values(read_until_ms=bindparam("read_until_ms")))
_SCHEDULE = Statement(
    change(tables.flows)
    .where(_IS_FLOW)
    .values(grid_start_ms=bindparam("grid_start_ms"), next_fire_ms=bindparam("next_fire_ms"))
)
_SET_NEXT = Statement(change(tables.flows).where(_IS_FLOW).values(next_fire_ms=bindparam("next_fire_ms")))
_REWIND = Statement(
    change(tables.flows).where(_IS_FLOW, _f.read_until_ms > bindparam("to_ms")).values(read_until_ms=bindparam("to_ms"))
)
# Invariant 2: positions only move forward.
ADVANCE = Statement(
    change(tables.flows)
    .where(_IS_FLOW, _f.read_until_ms.is_(None) | (_f.read_until_ms < bindparam("to_ms")))
    .values(read_until_ms=bindparam("to_ms"))
)
_FIRED = Statement(
    select(_e.flow_id, _e.scheduled_for_ms).where(among(_e.flow_id), _e.scheduled_for_ms >= bindparam("from_ms"))
)
_GIVE_UP = Statement(
    change(tables.flows)
    .where(_IS_FLOW)
    .values(status="Errored", status_message=bindparam("message"), next_fire_ms=null())
)


def earliest_ms(tx: Tx) -> int | None:
    """When the next tick of any flow is due, or was; None where no flow has one. Costs the same for any number."""
    row = tx.row(EARLIEST)
    return None if row is None else row[0]


def due(tx: Tx, *, now_ms: int, limit: int, after: DueFlow | None = None) -> list[DueFlow]:
    """At most `limit` flows with a tick at `now_ms` or before, longest due first; those that follow `after`.

    Flows that another transaction changes, or has found due, are left out.
    """
    place = (0, "") if after is None else (after.next_fire_ms, after.flow_id)
    rows = tx.rows(DUE, now_ms=now_ms, after_ms=place[0], after_id=place[1], limit=limit)
    return [DueFlow(*row[:-1], document=documents.loads(row[-1])) for row in rows]


def grid_start_ms(tx: Tx, flow_id: str) -> int | None:
    """Where the ticks of the flow began when it was last activated; None: it never was."""
    row = tx.row(_SELECT_GRID, id=flow_id)
    return None if row is None else row[0]


def read_until_ms(tx: Tx, flow_id: str) -> int | None:
    """Where the flow's last successful window ended; None: there was none."""
    row = tx.row(_SELECT_POSITION, id=flow_id)
    return None if row is None else row[0]


def set_read_until(tx: Tx, flow_id: str, read_until_ms: int | None) -> None:
    """Let the next window begin there, as who owns the flow says; None: as if none had been read.

    Look afterwards whether the flow runs: until then a scheduler may have queued a run.
    """
    tx.rows(_SET_POSITION, id=flow_id, read_until_ms=read_until_ms)


def next_fire_ms(tx: Tx, flow_id: str) -> int | None:
    """The flow's next tick, or one that has come and is not queued yet; None: there is none."""
    row = tx.row(_SELECT_NEXT, id=flow_id)
    return None if row is None else row[0]


def schedule(tx: Tx, flow_id: str, *, grid_start_ms: int | None, next_fire_ms: int | None) -> None:
    """Set where the flow's ticks begin, and the next of them; None: there is none."""
    tx.rows(_SCHEDULE, id=flow_id, grid_start_ms=grid_start_ms, next_fire_ms=next_fire_ms)


def set_next(tx: Tx, flow_id: str, next_fire_ms: int | None) -> None:
    """Set the flow's next tick; None: there is none."""
    tx.rows(_SET_NEXT, id=flow_id, next_fire_ms=next_fire_ms)


def set_next_of(tx: Tx, next_ticks: Iterable[tuple[str, int | None]]) -> None:
    """As `set_next`, for so many flows."""
    tx.each(_SET_NEXT, [{"id": flow_id, "next_fire_ms": next_fire_ms} for flow_id, next_fire_ms in next_ticks])


def rewind(tx: Tx, flow_id: str, *, to_ms: int) -> None:
    """Let the next window begin at `to_ms` if the last one ended later: a clock was ahead then."""
    tx.rows(_REWIND, id=flow_id, to_ms=to_ms)


def fired(tx: Tx, flow_ids: Sequence[str], *, from_ms: int) -> set[tuple[str, int]]:
    """The instants from then on that a kept execution is for, each with which of the flows it is of."""
    rows = (row for some in by_batches(flow_ids) for row in tx.rows(_FIRED, **some, from_ms=from_ms))
    return {(flow_id, instant_ms) for flow_id, instant_ms in rows}


def give_up(tx: Tx, flow_id: str, message: str, *, now_ms: int) -> None:
    """Mark the flow, whose document can't be scheduled, as Errored."""
    tx.rows(_GIVE_UP, id=flow_id, message=message)
    reports.put_deactivation(tx, flow_id, now_ms=now_ms)
