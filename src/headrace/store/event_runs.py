"""The executions of event flows: opened when events wait, reported and closed after their period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from headrace.model.states import State
from headrace.store import documents, executions
from headrace.store.event_batches import PERIOD_MS
from headrace.store.events import LONGEST_WAIT_MS
from headrace.store.executions import Execution
from headrace.store.sql import event_runs as sql
from headrace.store.tx import Tx


class Behind(NamedTuple):
    """An active flow with events to work on; it has the form of a flow to `executions.insert`."""

    flow_id: str
    arn: str
    revision: int
    execution_id: str | None
    state: str | None


def is_anything_due(tx: Tx, *, now_ms: int) -> bool:
    """Whether `rouse` has anything to do."""
    return bool(behind(tx, now_ms=now_ms) or over(tx, now_ms=now_ms))


def behind(tx: Tx, *, now_ms: int) -> list[Behind]:
    """The flows that have events and nobody at work on them."""
    return [Behind(*row) for row in tx.rows(sql.BEHIND, now_ms=now_ms, latest_ms=now_ms + LONGEST_WAIT_MS)]


def over(tx: Tx, *, now_ms: int) -> list[str]:
    """The executions that wait and take no more events."""
    return [execution_id for (execution_id,) in tx.rows(sql.OVER, earliest_ms=now_ms - PERIOD_MS)]


def rouse(tx: Tx, new_id: Callable[[], str], *, now_ms: int) -> list[Execution]:
    """Close what is over, then see that every flow with events has an execution in the queue; what was closed."""
    # So that of two nodes that look at once one opens it.
    tx.lock("events")
    closed = [ended for each in over(tx, now_ms=now_ms) if (ended := close(tx, each, now_ms=now_ms)) is not None]
    for flow in behind(tx, now_ms=now_ms):
        if flow.execution_id is not None:
            tx.rows(sql.ROUSE, id=flow.execution_id, now_ms=now_ms)
        else:
            executions.insert(tx, flow, execution_id=new_id(), trigger="event", now_ms=now_ms)
        tx.announce(executions.TOPIC)
    return closed


def park(tx: Tx, execution_id: str, fence: int, *, now_ms: int) -> bool:
    """Let the execution wait for events, with nobody holding it. False if the lease is lost or it is cancelled."""
    is_parked = tx.row(sql.PARK, id=execution_id, fence=fence, now_ms=now_ms) is not None
    tx.announce(executions.TOPIC)
    return is_parked


def close_of_flow(tx: Tx, flow_id: str, *, now_ms: int) -> None:
    """End the flow's execution if it waits, so that it is reported before it goes with its flow."""
    for (execution_id,) in tx.rows(sql.OPEN_OF_FLOW, flow_id=flow_id):
        close(tx, execution_id, now_ms=now_ms)


def close(tx: Tx, execution_id: str, *, now_ms: int) -> Execution | None:
    """End an execution that waits, with the sums of its batches: Error only if every record was rejected.

    None: it waits no more, or was the oldest of too many.
    """
    row = tx.row(sql.HOLD, id=execution_id, now_ms=now_ms)
    if row is None:
        return None
    fence, text, message = row
    counts: dict[str, Any] = documents.loads_or_none(text) or {}
    is_failed = bool(counts.get("recordsRejected")) and not counts.get("recordsWritten")
    state = State.FAILED if is_failed else State.DONE
    executions.settle(tx, execution_id, fence, state=state, counts=None, message=message, now_ms=now_ms)
    return executions.get(tx, execution_id)
