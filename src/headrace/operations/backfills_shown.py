"""A backfill as it is shown: its slices, what they counted, how far it is and when it will be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.clock import to_ms
from headrace.operations.context import Answer
from headrace.operations.shown import seconds
from headrace.store import backfills
from headrace.store.backfills import Backfill, Failure, Phase, SliceState, Sums
from headrace.store.tx import Tx

FAILURES_SHOWN = 5

_Tally = Mapping[SliceState, Sums]
_SHOWN: Mapping[SliceState, str] = {SliceState.FAILED: "Error", SliceState.CANCELLED: "Canceled"}


def shown(tx: Tx, backfill: Backfill, *, now_ms: int, has_failures: bool = False) -> Answer:
    """The backfill; `has_failures`: with the first slices that failed or were cancelled."""
    tally = backfills.sums(tx, backfill)
    done = _count(tally, SliceState.DONE)
    members: dict[str, Any] = {
        "backfillId": f"{backfill.flow_name}/{backfill.number}",
        "flowName": backfill.flow_name,
        "number": backfill.number,
        "status": _status(backfill, tally),
        "from": seconds(backfill.from_ms),
        "to": seconds(backfill.to_ms),
        "every": backfill.every,
        "parallel": backfill.parallel,
        "stopOnFailure": backfill.stops_on_failure,
        "filters": backfill.filters,
        "createdAt": seconds(backfill.created_ms),
        "createdBy": backfill.created_by,
        "startedAt": seconds(backfill.started_ms),
        "finishedAt": None if backfill.finished_ms is None else seconds(backfill.finished_ms),
        "slices": _slices(backfill, tally),
        # Rounded down: 100 only when all are done.
        "percent": done * 1000 // backfill.slice_count / 10,
        "secondsLeft": _seconds_left(backfill, tally, now_ms),
        "counts": _counts(tally),
    }
    if has_failures:
        found = backfills.failures(tx, backfill, limit=FAILURES_SHOWN)
        members["failures"] = [_failure(backfill, each) for each in found]
    return {name: value for name, value in members.items() if value is not None}


def _count(tally: _Tally, state: SliceState) -> int:
    return tally.get(state, Sums()).slices


def _status(backfill: Backfill, tally: _Tally) -> str:
    """What AppFlow would say of an execution that is so far."""
    if backfill.finished_ms is None:
        return "CancelStarted" if backfill.phase is Phase.CANCELLED else "InProgress"
    if _count(tally, SliceState.DONE) == backfill.slice_count:
        return "Successful"
    return "Canceled" if backfill.phase is Phase.CANCELLED or not _count(tally, SliceState.FAILED) else "Error"


def _slices(backfill: Backfill, tally: _Tally) -> Answer:
    return {
        "total": backfill.slice_count,
        "done": _count(tally, SliceState.DONE),
        "failed": _count(tally, SliceState.FAILED),
        "cancelled": _count(tally, SliceState.CANCELLED),
        "running": _count(tally, SliceState.ACTIVE),
        "left": _left(backfill, tally),
    }


def _left(backfill: Backfill, tally: _Tally) -> int:
    return backfill.slice_count - backfill.begun + _count(tally, SliceState.WAITING)


def _seconds_left(backfill: Backfill, tally: _Tally, now_ms: int) -> float | None:
    """How long it will take at the pace since it was started, or taken up again; None: nothing to tell it by."""
    ended = sum(each.recent for each in tally.values())
    if backfill.phase is not Phase.RUNNING or backfill.finished_ms is not None or not ended:
        return None
    to_come = _left(backfill, tally) + _count(tally, SliceState.ACTIVE)
    return round((now_ms - backfill.started_ms) / 1000 / ended * to_come, 1)


def _counts(tally: _Tally) -> Answer:
    """Of every slice as it last ran."""
    return {
        "read": sum(each.read for each in tally.values()),
        "written": sum(each.written for each in tally.values()),
        "rejected": sum(each.rejected for each in tally.values()),
        "dropped": sum(each.dropped for each in tally.values()),
    }


def _failure(backfill: Backfill, failure: Failure) -> Answer:
    start, end = backfill.slices[failure.number]
    message = {} if failure.message is None else {"message": failure.message}
    return {
        "slice": failure.number,
        "from": seconds(to_ms(start)),
        "to": seconds(to_ms(end)),
        "status": _SHOWN[SliceState(failure.state)],
        "executionId": failure.execution_id,
        "runs": failure.runs,
        **message,
    }
