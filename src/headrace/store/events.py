"""Events of flows: taken once, kept in order until a batch of them is done.

An event is durable before its sender or source is told so, and goes with the transaction that ends its batch, so
none is lost and none comes twice (invariants 1 and 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headrace.connector_sdk.listening import Arrival
from headrace.store.sql import events as sql
from headrace.store.tx import Tx

TOPIC = "events"
# A flow with more than this to do takes no more.
MOST_WAITING = 100_000
MOST_WAITING_BYTES = 256 * 1024 * 1024
# After a failure the flow's next execution waits, twice as long each time.
FIRST_WAIT_MS, LONGEST_WAIT_MS = 5_000, 5 * 60_000
_MOST_DOUBLINGS = 6
# For so long an event that is done is known when it is told again.
KNOWN_FOR_MS = 24 * 3600 * 1000
_FORGET_TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """An event that waits; `number` grows in the order of arrival."""

    number: int
    body: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Listener:
    """Where an event flow stands. `cursor` is where its source goes on, None: at `since_ms`, its activation."""

    flow_id: str
    since_ms: int
    cursor: str | None
    waiting_events: int
    waiting_bytes: int

    @property
    def is_behind(self) -> bool:
        """Whether it has too much to do to take any more."""
        return self.waiting_events >= MOST_WAITING or self.waiting_bytes >= MOST_WAITING_BYTES


def begin(tx: Tx, flow_id: str, *, now_ms: int) -> None:
    """Listen from now on; events that the flow still has are worked on first, and at once."""
    if tx.row(sql.BEGIN, id=flow_id, now_ms=now_ms) is None:
        tx.rows(sql.INSERT, id=flow_id, now_ms=now_ms)


def listener(tx: Tx, flow_id: str) -> Listener | None:
    """Where the flow stands; None: it was never activated."""
    row = tx.row(sql.SELECT, id=flow_id)
    return None if row is None else Listener(*row)


def take(tx: Tx, flow_id: str, arrivals: Iterable[Arrival], *, now_ms: int) -> int:
    """Keep events of a flow that listens; how many of them are new."""
    # So that of two that are told the same at once one finds it known.
    tx.lock(f"events of {flow_id}")
    count = size_bytes = 0
    for arrival in arrivals:
        if arrival.key is not None and tx.row(sql.IS_KNOWN, id=flow_id, key=arrival.key) is not None:
            continue
        size, given = len(arrival.body), {"key": arrival.key, "body": arrival.body}
        tx.rows(sql.TAKE, id=flow_id, size_bytes=size, now_ms=now_ms, **given)
        count, size_bytes = count + 1, size_bytes + size
    if count:
        tx.rows(sql.ADD, id=flow_id, events=count, bytes=size_bytes)
        tx.announce(TOPIC)
    return count


def move(tx: Tx, flow_id: str, cursor: str) -> None:
    """Let the source go on there: what lies before was taken, in this transaction or an earlier one (invariant 1)."""
    tx.rows(sql.MOVE, id=flow_id, cursor=cursor)


def put_off(tx: Tx, flow_id: str, *, now_ms: int) -> None:
    """Let the flow wait after a failure, the longer the more came in a row."""
    ((failures,),) = tx.rows(sql.FAILURES, id=flow_id)
    wait_ms = min(FIRST_WAIT_MS << min(max(failures - 1, 0), _MOST_DOUBLINGS), LONGEST_WAIT_MS)
    tx.rows(sql.RETRY_AT, id=flow_id, at_ms=now_ms + wait_ms)


def waiting(tx: Tx, flow_id: str, *, limit: int) -> list[Event]:
    """The oldest events that are not done."""
    return [Event(*row) for row in tx.rows(sql.WAITING, id=flow_id, limit=limit)]


def is_met(tx: Tx, flow_id: str, meaning: str) -> bool:
    """Whether an event of this meaning is in a batch or was done."""
    return tx.row(sql.HAS_MEANING, id=flow_id, meaning=meaning) is not None


def give(tx: Tx, number: int, batch_id: str, meaning: str | None = None) -> None:
    """Let the event belong to the batch."""
    tx.rows(sql.GIVE, number=number, batch_id=batch_id, meaning=meaning)


def bodies(tx: Tx, flow_id: str, batch_id: str) -> list[str]:
    """Those of the batch's events, in order."""
    return [body for (body,) in tx.rows(sql.BODIES, id=flow_id, batch_id=batch_id)]


def end(tx: Tx, flow_id: str, batch_id: str, *, now_ms: int) -> int:
    """The events of the batch are done; how many there were."""
    gone = tx.rows(sql.DELETE_DONE, id=flow_id, batch_id=batch_id)
    gone += tx.rows(sql.END, id=flow_id, batch_id=batch_id, now_ms=now_ms)
    tx.rows(sql.ADD, id=flow_id, events=-len(gone), bytes=-sum(size for (size,) in gone))
    return len(gone)


def free(tx: Tx, flow_id: str, batch_id: str) -> None:
    """Let the events of the batch wait again, as if no batch had had them."""
    tx.rows(sql.FREE, id=flow_id, batch_id=batch_id)


def leave(tx: Tx, flow_id: str) -> None:
    """Forget what waits: the flow listens no more, since something else starts it now."""
    tx.rows(sql.CLEAR_WAITING, id=flow_id)
    tx.rows(sql.CLEAR_LISTENER, id=flow_id)


def old(tx: Tx, *, now_ms: int) -> list[int]:
    """The numbers of some events that were done so long ago that they need not be known any more."""
    return [number for (number,) in tx.rows(sql.SELECT_OLD, before_ms=now_ms - KNOWN_FOR_MS, limit=_FORGET_TOGETHER)]


def forget(tx: Tx, numbers: Iterable[int]) -> None:
    """Forget events that are done."""
    for number in numbers:
        tx.rows(sql.DELETE, number=number)
