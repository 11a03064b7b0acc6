"""Backfills: a span of time in slices, each an execution of its own, at most `parallel` of them at a time.

Which slice is next is decided by the transaction that ends the one before, so whoever is killed at whatever instant,
and however many nodes run, no slice is lost and none runs twice at a time. Every change of a backfill holds its row
first (`hold`): of two that end slices at once, the second sees what the first has queued. Whoever also changes an
execution holds the backfill before it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from headrace.clock import from_ms, to_ms
from headrace.model.states import State
from headrace.slicing import Slices, parse_every
from headrace.store import documents, queueing
from headrace.store.sql import backfills as sql
from headrace.store.statements import BEYOND
from headrace.store.tx import Row, Tx


class Phase(StrEnum):
    """What a backfill is at; no slice is queued but while it is running. The value is what the store keeps."""

    RUNNING = "running"
    STOPPED = "stopped"  # by a slice that failed, where it is to stop then
    CANCELLED = "cancelled"
    FINISHED = "finished"  # every slice has been run, well or not


class SliceState(StrEnum):
    """Where a slice stands; the value is what the store keeps. One that was never begun has no row, and no state."""

    WAITING = "waiting"  # to be run again
    ACTIVE = "active"  # its execution waits or runs
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDED: Final[Mapping[State, SliceState]] = {
    State.DONE: SliceState.DONE,
    State.FAILED: SliceState.FAILED,
    State.CANCELLED: SliceState.CANCELLED,
}
_IDS: Final = uuid.UUID("6b6f9f0e-2d0b-5c0e-9a55-6f1d7f5f5b11")


@dataclass(frozen=True, slots=True)
class Backfill:
    """A backfill of the flow `flow_name`, its number `number`, from 1.

    `begun` slices of `slice_count` have had an execution, the first ones. `started_ms` is when it was started, or
    last taken up again; `finished_ms` is None while slices are active or to come.
    """

    backfill_id: str
    flow_id: str
    number: int
    phase: Phase
    from_ms: int
    to_ms: int
    every: str
    slice_count: int
    begun: int
    parallel: int
    stops_on_failure: bool
    filters: list[dict[str, Any]]
    created_ms: int
    created_by: str
    started_ms: int
    finished_ms: int | None
    flow_name: str

    @property
    def slices(self) -> Slices:
        """All its slices."""
        return Slices(from_ms(self.from_ms), from_ms(self.to_ms), parse_every(self.every))


class Flow(NamedTuple):
    """The flow of a backfill as it is now."""

    flow_id: str
    revision: int


class Sums(NamedTuple):
    """How many slices are in a state, how many of them ended since an instant, and what they counted together."""

    slices: int = 0
    recent: int = 0
    read: int = 0
    written: int = 0
    rejected: int = 0
    dropped: int = 0


class Failure(NamedTuple):
    """A slice that failed, or was cancelled."""

    number: int
    state: str
    execution_id: str
    runs: int
    message: str | None


def start(
    tx: Tx,
    flow_id: str,
    *,
    backfill_id: str,
    from_ms: int,
    to_ms: int,
    every: str,
    slice_count: int,
    parallel: int,
    stops_on_failure: bool,
    filters: list[dict[str, Any]],
    by: str,
    now_ms: int,
) -> int:
    """Keep a backfill of the flow and queue its first slices; its number."""
    (number,) = tx.rows(
        sql.INSERT,
        backfill_id=backfill_id,
        flow_id=flow_id,
        state=Phase.RUNNING.value,
        from_ms=from_ms,
        to_ms=to_ms,
        every=every,
        slice_count=slice_count,
        parallel=parallel,
        stops_on_failure=int(stops_on_failure),
        filters=documents.dumps({"filters": filters}),
        created_by=by,
        now_ms=now_ms,
    )[0]
    _follow(tx, _held(tx, backfill_id), now_ms=now_ms)
    return number


def hold(tx: Tx, backfill_id: str) -> None:
    """Keep everybody else from changing the backfill until the end of the transaction."""
    tx.rows(sql.HOLD, id=backfill_id)


def find(tx: Tx, flow_id: str, number: int) -> Backfill | None:
    """The flow's backfill of that number."""
    row = tx.row(sql.SELECT, flow_id=flow_id, number=number)
    return None if row is None else _backfill(row)


def find_held(tx: Tx, flow_id: str, number: int) -> Backfill | None:
    """As `find`, held as by `hold`."""
    found = find(tx, flow_id, number)
    return None if found is None else _held(tx, found.backfill_id)


def page(
    tx: Tx, account: str, region: str, *, flow_id: str | None, before: tuple[int, str] | None, limit: int
) -> list[Backfill]:
    """At most `limit` backfills, newest first: of one flow, or (None) of all; those that follow the place `before`,
    which is when one was created and its id.
    """
    at_ms, last_id = before or (BEYOND, "")
    rows = tx.rows(
        sql.SELECT_PAGE,
        account=account,
        region=region,
        flow_id=flow_id,
        before_ms=at_ms,
        before_id=last_id,
        limit=limit,
    )
    return [_backfill(row) for row in rows]


def hold_running(tx: Tx, flow_id: str) -> list[Backfill]:
    """The flow's backfills that queue slices, oldest first; each held as by `hold`."""
    return [_held(tx, backfill_id) for (backfill_id,) in tx.rows(sql.SELECT_RUNNING, flow_id=flow_id)]


def sums(tx: Tx, backfill: Backfill) -> dict[SliceState, Sums]:
    """What there is to say of the slices that have been begun, by their state."""
    rows = tx.rows(sql.SUMS, id=backfill.backfill_id, since_ms=backfill.started_ms)
    return {SliceState(state): Sums(*map(int, numbers)) for state, *numbers in rows}


def failures(tx: Tx, backfill: Backfill, *, limit: int) -> list[Failure]:
    """The first slices that failed or were cancelled, in the order of time."""
    return [Failure(*row) for row in tx.rows(sql.FAILURES, id=backfill.backfill_id, limit=limit)]


def active(tx: Tx, backfill: Backfill) -> list[str]:
    """The executions of its slices that wait or run."""
    rows = tx.rows(sql.ACTIVE, id=backfill.backfill_id)
    return [execution_id for (execution_id,) in rows]


def is_done(tx: Tx, backfill: Backfill) -> bool:
    """Whether every slice was successful."""
    return sums(tx, backfill).get(SliceState.DONE, Sums()).slices == backfill.slice_count


def end_slice(
    tx: Tx, backfill_id: str, execution_id: str, *, state: State, counts: str | None, message: str | None, now_ms: int
) -> None:
    """Keep how the slice's execution ended, and queue what is next: with the transaction that ends the execution."""
    hold(tx, backfill_id)
    moved = tx.row(
        sql.END_SLICE,
        id=backfill_id,
        execution_id=execution_id,
        state=_ENDED[state].value,
        message=message,
        now_ms=now_ms,
        **_counted(documents.loads_or_none(counts) or {}),
    )
    if moved is None:
        return
    backfill = _held(tx, backfill_id)
    if state is State.FAILED and backfill.stops_on_failure and backfill.phase is Phase.RUNNING:
        backfill = _enter(tx, backfill, Phase.STOPPED)
    _follow(tx, backfill, now_ms=now_ms)


def cancel(tx: Tx, backfill: Backfill, *, now_ms: int) -> list[str]:
    """Queue no more of a backfill that is held; the executions of its slices that are left to cancel."""
    if backfill.phase is Phase.RUNNING:
        backfill = _enter(tx, backfill, Phase.CANCELLED)
    _follow(tx, backfill, now_ms=now_ms)
    return active(tx, backfill)


def resume(tx: Tx, backfill: Backfill, *, now_ms: int) -> int:
    """Run the slices again that failed or were cancelled, then those never run, of a backfill that is held; how many
    slices are to be run.
    """
    tx.rows(sql.WAIT_AGAIN, id=backfill.backfill_id)
    tx.rows(sql.RESUME, id=backfill.backfill_id, now_ms=now_ms)
    backfill = _held(tx, backfill.backfill_id)
    left = backfill.slice_count - sums(tx, backfill).get(SliceState.DONE, Sums()).slices
    _follow(tx, backfill, now_ms=now_ms)
    return left


def _follow(tx: Tx, backfill: Backfill, *, now_ms: int) -> None:
    """Queue slices until as many are active as may be; without any the backfill has come to its end."""
    count = len(active(tx, backfill))
    if backfill.phase is Phase.RUNNING:
        flow = Flow(*tx.rows(sql.SELECT_FLOW, id=backfill.flow_id)[0])
        while count < backfill.parallel and (next_ := _next(tx, backfill)) is not None:
            _queue(tx, backfill, flow, *next_, now_ms=now_ms)
            count += 1
    if count == 0:
        phase = Phase.FINISHED if backfill.phase is Phase.RUNNING else backfill.phase
        tx.rows(sql.FINISH, id=backfill.backfill_id, state=phase.value, now_ms=now_ms)


def _next(tx: Tx, backfill: Backfill) -> tuple[int, int] | None:
    """The number of the slice to run next and which of its executions it will be: first those to be run again."""
    waiting = tx.row(sql.TAKE_WAITING, id=backfill.backfill_id)
    if waiting is not None:
        return waiting[0], waiting[1]
    begun = tx.row(sql.TAKE_NEW, id=backfill.backfill_id)
    return None if begun is None else (begun[0] - 1, 1)


def _queue(tx: Tx, backfill: Backfill, flow: Flow, number: int, runs: int, *, now_ms: int) -> None:
    # The same for the same try of the same slice, so that a slice can't have two.
    execution_id = str(uuid.uuid5(_IDS, f"{backfill.backfill_id} {number} {runs}"))
    statement = sql.INSERT_SLICE if runs == 1 else sql.ACTIVATE_SLICE
    tx.rows(statement, id=backfill.backfill_id, number=number, runs=runs, execution_id=execution_id)
    start, end = backfill.slices[number]
    queueing.insert(
        tx,
        flow,
        execution_id=execution_id,
        trigger="ondemand",
        now_ms=now_ms,
        window_from_ms=to_ms(start),
        window_to_ms=to_ms(end),
        overrides={"filters": backfill.filters, "backfill": backfill.number, "slice": number},
        backfill_id=backfill.backfill_id,
    )


def _enter(tx: Tx, backfill: Backfill, phase: Phase) -> Backfill:
    tx.rows(sql.ENTER, id=backfill.backfill_id, state=phase.value)
    return _held(tx, backfill.backfill_id)


def _held(tx: Tx, backfill_id: str) -> Backfill:
    hold(tx, backfill_id)
    return _backfill(tx.rows(sql.SELECT_ONE, id=backfill_id)[0])


def _counted(counts: Mapping[str, Any]) -> dict[str, int]:
    return {
        "records_read": counts.get("recordsRead", 0),
        "records_written": counts.get("recordsWritten", 0),
        "records_rejected": counts.get("recordsRejected", 0),
        "records_dropped": sum(counts.get("dropped", {}).values()),
    }


def _backfill(row: Row) -> Backfill:
    filters: list[dict[str, Any]] = documents.loads(row[11])["filters"]
    values: Row = (*row[:3], Phase(row[3]), *row[4:10], bool(row[10]), filters, *row[12:])
    return Backfill(*values)
