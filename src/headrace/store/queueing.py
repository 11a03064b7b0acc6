"""How an execution gets into the queue."""

from __future__ import annotations

from typing import Any, Protocol

from headrace.store import documents
from headrace.store import executions_sql as sql
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
