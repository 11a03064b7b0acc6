"""The batch of events that a flow works on, under the lease of its open execution.

A flow has one batch at a time. An execution that ends before its batch frees the events, unless some of the output may
be visible: then the batch stays as it is, its names too, and the flow's next execution finishes it (invariant 4).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headrace.model.states import State
from headrace.store import documents, events
from headrace.store.deliveries import Delivered
from headrace.store.events import Event
from headrace.store.sql import event_batches as sql
from headrace.store.sql import executions as executions_sql
from headrace.store.tx import Row, Tx

# An execution of an event flow is open for so long, and then reported.
PERIOD_MS = 5 * 60 * 1000
# The most events of a batch, and the most bytes of their bodies, unless one has more.
MOST_EVENTS = 1000
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """The events that are being worked on.

    Names of its output are made from `execution_id`, the execution that formed it, `number` within that, and
    `started_ms`. `document` is what is read; `result`, `commit_ms` and `delivered` are None until they are there, as
    for an execution of its own. `attempt` counts those who took it up.
    """

    batch_id: str
    flow_id: str
    execution_id: str
    number: int
    started_ms: int
    attempt: int
    document: dict[str, Any]
    result: dict[str, Any] | None
    commit_ms: int | None
    delivered: Delivered | None

    @property
    def has_begun(self) -> bool:
        """Whether some of its output may be visible."""
        return self.commit_ms is not None or self.delivered is not None


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that goes into a batch; `meaning` None: nothing of it is read."""

    number: int
    meaning: str | None = None


_NAMES = tuple(Batch.__dataclass_fields__)


def next_of(tx: Tx, execution_id: str, fence: int, *, now_ms: int) -> Batch | list[Event] | None:
    """What the holder of the execution works on: the flow's batch, else the events of which to form one.

    An empty list: there is nothing to do. None: the lease is lost.
    """
    if not _is_held(tx, execution_id, fence):
        return None
    ((flow_id,),) = tx.rows(sql.FLOW_OF, id=execution_id)
    batch = of_flow(tx, flow_id)
    if batch is not None:
        tx.rows(sql.COUNT_ATTEMPT, batch_id=batch.batch_id)
        return batch
    if tx.row(sql.MAY_GO_ON, id=execution_id, earliest_ms=now_ms - PERIOD_MS) is None:
        return []
    return _bounded(events.waiting(tx, flow_id, limit=MOST_EVENTS))


def form(
    tx: Tx, execution_id: str, fence: int, taken: Sequence[Taken], document: dict[str, Any], *, now_ms: int
) -> Batch | None:
    """Make a batch of events that wait. None: the lease is lost."""
    if not _is_held(tx, execution_id, fence):
        return None
    ((flow_id,),) = tx.rows(sql.FLOW_OF, id=execution_id)
    ((number,),) = tx.rows(sql.NEXT_NUMBER, id=execution_id)
    batch_id = f"{execution_id}.{number - 1:05d}"
    tx.rows(
        sql.INSERT,
        batch_id=batch_id,
        flow_id=flow_id,
        execution_id=execution_id,
        number=number - 1,
        now_ms=now_ms,
        document=documents.dumps(document),
    )
    for each in taken:
        events.give(tx, each.number, batch_id, each.meaning)
    return of_flow(tx, flow_id)


def change(tx: Tx, holder: tuple[str, int], batch: Batch, document: dict[str, Any]) -> Batch | None:
    """Let the batch, of which nothing is visible, read something else. None: the lease is lost."""
    if not _is_held(tx, *holder):
        return None
    tx.rows(sql.CHANGE, batch_id=batch.batch_id, document=documents.dumps(document))
    return of_flow(tx, batch.flow_id)


def of_flow(tx: Tx, flow_id: str) -> Batch | None:
    """The batch of the flow; None: it works on none."""
    row = tx.row(sql.SELECT, flow_id=flow_id)
    return None if row is None else _batch(row)


def exists(tx: Tx, batch_id: str) -> bool:
    """Whether the batch is still being worked on."""
    return tx.row(sql.HAS, batch_id=batch_id) is not None


def record_result(tx: Tx, holder: tuple[str, int], batch_id: str, result: dict[str, Any]) -> bool:
    """Keep what was staged, which must be durable by now (invariant 1). False if the lease is lost."""
    return _is_held(tx, *holder) and tx.row(sql.RESULT, batch_id=batch_id, result=documents.dumps(result)) is not None


def begin_commit(tx: Tx, holder: tuple[str, int], batch_id: str, *, now_ms: int) -> bool:
    """Record that output is about to become visible. False if the lease is lost or a caller has cancelled."""
    is_free = tx.row(executions_sql.IS_CANCELLING, id=holder[0]) is None
    return is_free and _is_held(tx, *holder) and tx.row(sql.COMMIT, batch_id=batch_id, now_ms=now_ms) is not None


def record_delivery(tx: Tx, holder: tuple[str, int], batch_id: str, position: Delivered, refused: bytes = b"") -> bool:
    """Keep how far the destination has got, and what it refused on the way; what it counts must be durable by now.

    False if the lease is lost.
    """
    text = documents.dumps(asdict(position))
    if not _is_held(tx, *holder) or tx.row(sql.DELIVERED, batch_id=batch_id, delivered=text) is None:
        return False
    if refused:
        tx.rows(sql.REFUSE, batch_id=batch_id, records=position.records, refused=zlib.compress(refused, 1))
    return True


def refused(tx: Tx, batch_id: str) -> list[bytes]:
    """What `record_delivery` kept of refused records, in order."""
    return [zlib.decompress(packed) for (packed,) in tx.rows(sql.REFUSED, batch_id=batch_id)]


def finish(
    tx: Tx, holder: tuple[str, int], batch: Batch, counts: dict[str, Any], message: str | None, *, now_ms: int
) -> bool:
    """The batch is done and visible: its events go, its counts are the execution's. False if the lease is lost."""
    if not _is_held(tx, *holder):
        return False
    events.end(tx, batch.flow_id, batch.batch_id, now_ms=now_ms)
    tx.rows(sql.DELETE, batch_id=batch.batch_id)
    tx.rows(sql.ADD_COUNTS, id=holder[0], counts=documents.dumps(counts), message=message, now_ms=now_ms)
    return True


def part(tx: Tx, flow_id: str, *, is_given_up: bool, now_ms: int) -> int:
    """Let the flow's batch go as its execution ends: the events wait for the next one, or are given up.

    Nothing happens to one that has begun to be visible. How many events were given up.
    """
    batch = of_flow(tx, flow_id)
    if batch is None or batch.has_begun:
        return 0
    tx.rows(sql.DELETE, batch_id=batch.batch_id)
    if is_given_up:
        return events.end(tx, flow_id, batch.batch_id, now_ms=now_ms)
    events.free(tx, flow_id, batch.batch_id)
    return 0


def let_go(tx: Tx, execution_id: str, state: State, *, now_ms: int) -> None:
    """See to the batch of an execution that has ended so, if events started it.

    One that was cancelled takes the events of its batch with it. After one that failed its flow tries again, later.
    """
    row = None if state is State.DONE else tx.row(sql.EVENT_FLOW_OF, id=execution_id)
    if row is not None:
        part(tx, row[0], is_given_up=state is State.CANCELLED, now_ms=now_ms)
        if state is State.FAILED:
            events.put_off(tx, row[0], now_ms=now_ms)


def _is_held(tx: Tx, execution_id: str, fence: int) -> bool:
    return tx.row(executions_sql.GUARD, id=execution_id, fence=fence) is not None


def _bounded(found: list[Event]) -> list[Event]:
    size_bytes, kept = 0, 0
    for event in found:
        size_bytes += event.size_bytes
        if kept and size_bytes > MOST_BYTES:
            break
        kept += 1
    return found[:kept]


def _batch(row: Row) -> Batch:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    delivered = documents.loads_or_none(values["delivered"])
    values["document"] = documents.loads(values["document"])
    values["result"] = documents.loads_or_none(values["result"])
    values["delivered"] = None if delivered is None else Delivered(**delivered)
    return Batch(**values)
