"""Executions and the queue they are: claims, leases, results, settling.

The row of an execution is its place in the queue, so nothing else has to be kept in step with it. A worker holds
an execution by a lease and a fence number that every claim raises; each write it makes names the fence, so a
worker that lost its lease changes nothing (invariant 5). Moves between states are conditional updates along
`model.states.MOVES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from headrace.model.states import State
from headrace.store import backfills, bookmarks, deliveries, documents, event_batches, queueing, reports, turns
from headrace.store.bookmarks import Bookmark
from headrace.store.deliveries import Delivered
from headrace.store.sql import executions as sql
from headrace.store.sql import schedules as schedules_sql
from headrace.store.statements import BEYOND, by_batches
from headrace.store.tx import Row, Tx

TOPIC = queueing.TOPIC
insert = queueing.insert


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a flow. Instants are None until they happen.

    `sequence` counts the executions of the flow from 1. `trigger` is "ondemand", "scheduled" or "event".
    `message` says how it ended, None: nothing to say. `overrides` are what a caller asked for beyond the flow; an
    execution that has any leaves the flow's position alone. `counts` are the latest that the worker reported.
    `backfill_id` is the backfill that it is a slice of, None: it is a run of its own.
    """

    execution_id: str
    flow_id: str
    flow_name: str
    flow_arn: str
    account: str
    region: str
    revision: int
    trigger: str
    state: State
    sequence: int
    queued_ms: int
    started_ms: int | None
    updated_ms: int
    finished_ms: int | None
    window_from_ms: int | None
    window_to_ms: int | None
    owner: str | None
    lease_until_ms: int | None
    fence: int
    attempt: int
    commit_ms: int | None
    counts: dict[str, Any] | None
    message: str | None
    overrides: dict[str, Any] | None = None
    backfill_id: str | None = None


@dataclass(frozen=True, slots=True)
class SplitRow:
    """A recorded split; `result` is None until its records are durable (invariant 1)."""

    number: int
    document: dict[str, Any]
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Claim:
    """An execution that a worker now holds, and all it needs to run it or to go on with it.

    `document` and `schema_version` are those of the revision it was started with. `splits` is None until
    `record_splits`; an empty tuple is a source with nothing to read. `delivered` is None until the first
    `record_delivery`. `bookmark` is what the flow's last successful execution ended with, None: with none.
    """

    execution: Execution
    document: dict[str, Any]
    schema_version: int
    splits: tuple[SplitRow, ...] | None
    delivered: Delivered | None = None
    bookmark: Bookmark | None = None


def get(tx: Tx, execution_id: str) -> Execution | None:
    row = tx.row(sql.SELECT, id=execution_id)
    return None if row is None else of_row(row)


def get_some(tx: Tx, execution_ids: Sequence[str]) -> list[Execution]:
    """Those of the executions that exist, in any order."""
    return [of_row(row) for some in by_batches(execution_ids) for row in tx.rows(sql.SELECT_SOME, **some)]


def page(tx: Tx, flow_id: str, *, before_sequence: int | None, limit: int) -> list[Execution]:
    """At most `limit` executions of the flow, newest first, older than `before_sequence` (None: from the newest)."""
    before = BEYOND if before_sequence is None else before_sequence
    return [of_row(row) for row in tx.rows(sql.SELECT_PAGE, flow_id=flow_id, before=before, limit=limit)]


def retries(tx: Tx, flow_id: str, execution_id: str) -> list[Execution]:
    """The flow's executions that run the rejects of that one again, or have done so, oldest first."""
    member = documents.dumps({"retryOf": execution_id})[1:-1]
    found = [of_row(row) for row in tx.rows(sql.RETRIES, flow_id=flow_id, pattern=f"%{member}%")]
    # A pattern takes signs of an id for wildcards.
    return [each for each in found if each.overrides is not None and each.overrides.get("retryOf") == execution_id]


def active(tx: Tx, flow_id: str) -> list[Execution]:
    """The flow's executions that have not finished, oldest first."""
    return [of_row(row) for row in tx.rows(sql.SELECT_ACTIVE, flow_id=flow_id)]


def unfinished(tx: Tx) -> list[str]:
    """The ids of all executions that have not finished and do not wait for events, oldest first."""
    return [execution_id for (execution_id,) in tx.rows(sql.SELECT_UNFINISHED)]


def has_active(tx: Tx, flow_id: str) -> bool:
    """Whether any of the flow's executions has not finished, slices of backfills among them."""
    return tx.row(sql.SELECT_ANY_ACTIVE, flow_id=flow_id) is not None


def has_run(tx: Tx, flow_id: str) -> bool:
    """Whether the flow runs: slices of backfills, which go on beside its runs, don't count."""
    return tx.row(sql.SELECT_ANY_RUN, flow_id=flow_id) is not None


def count_active(tx: Tx, account: str, region: str) -> int:
    """How many executions of the account in the region have not finished."""
    row = tx.row(sql.COUNT_ACTIVE, account=account, region=region)
    return 0 if row is None else int(row[0])


def claim(
    tx: Tx, *, owner: str, now_ms: int, lease_until_ms: int, limit: int, flow_limit: int | None = None, after: str = ""
) -> list[Claim]:
    """Take at most `limit` executions: first ones whose lease ran out at `now_ms`, then queued ones, fairly.

    See `turns.next_in_turn` on `flow_limit` and on `after`, the flow of the last claim that was made here. Each gets a
    new fence and counts one more attempt. A queued one becomes running; one that is being cancelled stays so, for its
    worker to settle.
    """
    # Who counts what runs and takes more does it alone, so that the bounds hold on all nodes together.
    tx.lock("claims")
    ids = turns.next_in_turn(tx, now_ms=now_ms, limit=limit, flow_limit=flow_limit, after=after)
    claims = _claims(tx, turns.take(tx, ids, owner=owner, now_ms=now_ms, lease_until_ms=lease_until_ms))
    for each in claims:
        if each.execution.attempt == 1:
            reports.put_start(tx, each.execution.execution_id, now_ms=now_ms)
    return claims


def renew(tx: Tx, execution_ids: Iterable[str], *, owner: str, now_ms: int, lease_until_ms: int) -> dict[str, State]:
    """Extend the owner's leases; the state of each execution that it still holds.

    An id that is missing from the answer is lost (claimed by another, settled or deleted): stop, and write
    nothing more. `State.CANCELLING` means: stop and settle. A lease that ran out is extended if nobody took it.
    """
    return {
        execution_id: State(state)
        for some in by_batches(sorted(execution_ids))
        for execution_id, state in tx.rows(sql.RENEW, **some, owner=owner, now_ms=now_ms, lease_until_ms=lease_until_ms)
    }


def record_splits(tx: Tx, execution_id: str, fence: int, splits: Sequence[dict[str, Any]]) -> bool:
    """Keep the list of splits, numbered from 0, once: a resumed run works on the same list.

    False if the lease is lost or a list is kept already.
    """
    if tx.row(sql.COUNT_SPLITS, id=execution_id, fence=fence, split_count=len(splits)) is None:
        return False
    for number, split in enumerate(splits):
        tx.rows(sql.INSERT_SPLIT, id=execution_id, number=number, document=documents.dumps(split))
    return True


def record_result(tx: Tx, execution_id: str, fence: int, number: int, result: dict[str, Any]) -> bool:
    """Keep a split's result, whose records must be durable by now (invariant 1). False if the lease is lost.

    The same result again replaces the first (invariant 4).
    """
    if tx.row(sql.GUARD, id=execution_id, fence=fence) is None:
        return False
    return tx.row(sql.UPDATE_SPLIT, id=execution_id, number=number, result=documents.dumps(result)) is not None


def record_delivery(tx: Tx, execution_id: str, fence: int, position: Delivered, refused: bytes = b"") -> bool:
    """Keep how far the batches got, and the `refused` records of the last one; what they are must be durable by now
    (invariant 1).

    False if the lease is lost, or a later position is kept (invariant 2).
    """
    if tx.row(sql.GUARD, id=execution_id, fence=fence) is None:
        return False
    return deliveries.put(tx, execution_id, position, refused)


def progress(tx: Tx, execution_id: str, fence: int, counts: dict[str, Any]) -> bool:
    """Show the counts so far. False if the lease is lost."""
    return tx.row(sql.PROGRESS, id=execution_id, fence=fence, counts=documents.dumps(counts)) is not None


def begin_commit(tx: Tx, execution_id: str, fence: int, *, now_ms: int) -> bool:
    """Record that output is about to become visible: from here on the run can only be finished, by anybody.

    False if the lease is lost or the execution is being cancelled: publish nothing. True again for a commit
    that has begun before.
    """
    return tx.row(sql.BEGIN_COMMIT, id=execution_id, fence=fence, now_ms=now_ms) is not None


def settle(
    tx: Tx,
    execution_id: str,
    fence: int,
    *,
    state: State,
    counts: dict[str, Any] | None,
    message: str | None,
    now_ms: int,
    bookmark: Bookmark | None = None,
) -> bool:
    """End the execution as DONE, FAILED or CANCELLED. False if the lease is lost or the state has no such move.

    The same transaction counts the flow's failures in a row, suspends a scheduled or event flow that reached
    its threshold, lets the next window of a scheduled flow begin where that of a successful run ended, and drops
    the flow's oldest finished executions beyond those kept; what happened is reported. `counts` None leaves the last
    ones that `progress` reported. `bookmark`, of one that is done, is where the flow's next execution begins.
    A slice of a backfill, which the caller holds, moves nothing of the flow's; the next slice is queued.
    """
    told = None if counts is None else documents.dumps(counts)
    settled = tx.row(sql.SETTLE[state], id=execution_id, fence=fence, counts=told, message=message, now_ms=now_ms)
    if settled is None:
        return False
    reports.put_end(tx, execution_id, now_ms=now_ms)
    flow_id, backfill_id, counted, failures, has_delivered, *ended = settled
    if backfill_id is not None:
        backfills.end_slice(tx, backfill_id, execution_id, state=state, counts=counted, message=message, now_ms=now_ms)
    elif state is State.FAILED:
        _count_failure(tx, flow_id, now_ms=now_ms)
    elif state is State.DONE:
        _move_on(tx, flow_id, bookmark, failures, *ended)
    event_batches.let_go(tx, execution_id, state, now_ms=now_ms)
    _clear_up(tx, flow_id, execution_id, ended[0], has_delivered=bool(has_delivered))
    return True


def _clear_up(tx: Tx, flow_id: str, execution_id: str, sequence: int, *, has_delivered: bool) -> None:
    if has_delivered:
        deliveries.forget_refused(tx, execution_id)
    # A hundredth more than asked for may be kept: each settling would else look for what it rarely finds.
    if sequence % max(1, tx.executions_kept // 100) == 0:
        tx.rows(sql.PRUNE, flow_id=flow_id, kept=tx.executions_kept)
    tx.announce(TOPIC)


def _count_failure(tx: Tx, flow_id: str, *, now_ms: int) -> None:
    tx.rows(sql.COUNT_FAILURE, id=flow_id)
    if tx.row(sql.SUSPEND, id=flow_id) is not None:
        reports.put_deactivation(tx, flow_id, now_ms=now_ms)


def _move_on(
    tx: Tx,
    flow_id: str,
    bookmark: Bookmark | None,
    failures: int,
    sequence: int,
    window_to_ms: int | None,
    overrides: str | None,
) -> None:
    """Let the flow's next execution begin where this one, which is done, ended.

    Invariant 1: all that lies before is durable, and known to be so with this transaction.
    """
    if failures:
        tx.rows(sql.FORGET_FAILURES, id=flow_id)
    if bookmark is not None:
        bookmarks.put(tx, flow_id, bookmark, sequence=sequence)
    if window_to_ms is not None and overrides is None:
        tx.rows(schedules_sql.ADVANCE, id=flow_id, to_ms=window_to_ms)


def cancel(tx: Tx, execution_id: str, *, now_ms: int) -> bool:
    """Cancel the execution: a queued one at once, a running one by telling its worker.

    True also if it is being cancelled already. False if it finished, began its commit, or does not exist.
    """
    # Held, so that it does not go back into the queue between two looks.
    tx.rows(sql.HOLD, id=execution_id)
    dequeued = tx.row(sql.CANCEL_QUEUED, id=execution_id, now_ms=now_ms)
    if dequeued is not None:
        event_batches.let_go(tx, execution_id, State.CANCELLED, now_ms=now_ms)
        reports.put_end(tx, execution_id, now_ms=now_ms)
        _end_cancelled_slice(tx, dequeued[0], execution_id, now_ms=now_ms)
    elif all(tx.row(step, id=execution_id, now_ms=now_ms) is None for step in (sql.CANCEL_RUNNING, sql.IS_CANCELLING)):
        return False
    tx.announce(TOPIC)
    return True


def _end_cancelled_slice(tx: Tx, backfill_id: str | None, execution_id: str, *, now_ms: int) -> None:
    if backfill_id is not None:
        backfills.end_slice(
            tx, backfill_id, execution_id, state=State.CANCELLED, counts=None, message=None, now_ms=now_ms
        )


def release(tx: Tx, *, owner: str) -> None:
    """Give up all the owner's leases, at a clean shutdown: what it ran can be claimed at once.

    An execution whose commit or delivery has begun, or that is being cancelled, keeps its state.
    """
    tx.rows(sql.REQUEUE, owner=owner)
    tx.rows(sql.RELEASE, owner=owner)
    tx.announce(TOPIC)


def expire_leases(tx: Tx) -> None:
    """End every lease. For the start of the only process that opens the store: nobody else can hold one."""
    tx.rows(sql.EXPIRE)
    tx.announce(TOPIC)


def splits(tx: Tx, execution_id: str) -> tuple[SplitRow, ...]:
    """The recorded splits, in order of their numbers; none before `record_splits`."""
    return tuple(
        SplitRow(number, documents.loads(document), documents.loads_or_none(result))
        for number, document, result in tx.rows(sql.SELECT_SPLITS, id=execution_id)
    )


def _claims(tx: Tx, ids: Sequence[str]) -> list[Claim]:
    rows = [row for some in by_batches(ids) for row in tx.rows(sql.SELECT_CLAIMED, **some)]
    claims = {row[0]: _claim(tx, row) for row in rows}
    return [claims[id_] for id_ in ids]


def _claim(tx: Tx, row: Row) -> Claim:
    *plain, document, schema_version, split_count, source, bookmark = row
    execution = of_row(tuple(plain))
    return Claim(
        execution,
        _with_filters(documents.loads(document), execution.overrides),
        schema_version,
        None if split_count is None else splits(tx, execution.execution_id),
        None if execution.attempt == 1 else deliveries.get(tx, execution.execution_id),
        None if source is None else Bookmark(source, bookmark),
    )


def _with_filters(document: dict[str, Any], overrides: dict[str, Any] | None) -> dict[str, Any]:
    filters: list[Any] = [] if overrides is None else overrides.get("filters", [])
    return {**document, "tasks": [*document["tasks"], *filters]} if filters else document


def of_row(row: Row) -> Execution:
    """The execution that a row of `executions_sql.ALL` is."""
    values: Row = (*row[:8], State(row[8]), *row[9:21], documents.loads_or_none(row[21]), row[22])
    values = (*values, documents.loads_or_none(row[23]), row[24])
    return Execution(*values)
