"""How an execution gets into the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from headrace.store import documents
from headrace.store.sql import executions as sql
from headrace.store.statements import by_batches
from headrace.store.tx import Tx

TOPIC = "executions"


class Startable(Protocol):
    """A flow at a revision of its document."""

    @property
    def flow_id(self) -> str:
        """Which flow."""
        ...

    @property
    def revision(self) -> int:
        """Which revision of its document is to run."""
        ...


class Tick(NamedTuple):
    """The run of a scheduled flow at one due instant, and the window that it reads."""

    flow: Startable
    execution_id: str
    scheduled_for_ms: int
    window_from_ms: int | None
    window_to_ms: int | None


def running(tx: Tx, flow_ids: Sequence[str]) -> set[str]:
    """Those of the flows that have a run that has not finished; slices of backfills don't count."""
    return {flow_id for some in by_batches(flow_ids) for (flow_id,) in tx.rows(sql.SELECT_RUNNING, **some)}


def insert_ticks(tx: Tx, ticks: Sequence[Tick], *, now_ms: int) -> None:
    """Queue the runs of so many flows; see `insert`."""
    # In an order that all keep to, as they are several.
    tx.lock(*sorted(f"executions of {tick.flow.flow_id}" for tick in ticks))
    tx.each(
        sql.INSERT,
        [
            {
                "execution_id": tick.execution_id,
                "flow_id": tick.flow.flow_id,
                "revision": tick.flow.revision,
                "trigger": "scheduled",
                "now_ms": now_ms,
                "window_from_ms": tick.window_from_ms,
                "window_to_ms": tick.window_to_ms,
                "scheduled_for_ms": tick.scheduled_for_ms,
                "overrides": None,
                "backfill_id": None,
            }
            for tick in ticks
        ],
    )
    tx.announce(TOPIC)


def insert(
    tx: Tx,
    flow: Startable,
    *,
    execution_id: str,
    trigger: str,
    now_ms: int,
    window_from_ms: int | None = None,
    window_to_ms: int | None = None,
    scheduled_for_ms: int | None = None,
    overrides: dict[str, Any] | None = None,
    backfill_id: str | None = None,
) -> None:
    """Queue an execution of the flow's document as it was read, and wake the workers once it is durable.

    `scheduled_for_ms` is the due instant it is for: the driver's IntegrityError meets a second one (invariant 6).
    `overrides` are for this execution alone: `filters` are tasks to add to the flow's. `backfill_id` is the backfill
    that it is a slice of.
    """
    # Executions of a flow are counted, and a backfill queues them too: the lock that is taken last.
    tx.lock(f"executions of {flow.flow_id}")
    tx.rows(
        sql.INSERT,
        execution_id=execution_id,
        flow_id=flow.flow_id,
        revision=flow.revision,
        trigger=trigger,
        now_ms=now_ms,
        window_from_ms=window_from_ms,
        window_to_ms=window_to_ms,
        scheduled_for_ms=scheduled_for_ms,
        overrides=None if overrides is None else documents.dumps(overrides),
        backfill_id=backfill_id,
    )
    tx.announce(TOPIC)
