"""What is yet to be told to each receiver of reports, oldest first.

A row is written in the transaction of the change that it tells of and goes when its receiver has it, so a report is
neither lost nor told of what did not happen; one that was delivered as its process died is delivered again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headrace.store import documents
from headrace.store.sql import outbox as sql
from headrace.store.tx import Tx

TOPIC = "outbox"


@dataclass(frozen=True, slots=True)
class Report:
    """An event for one receiver; `number` grows with the order in which things happened."""

    number: int
    flow_id: str
    event: dict[str, Any]

    @property
    def event_id(self) -> str:
        """The same however often it is delivered, and for each receiver."""
        return self.event["id"]


def put(tx: Tx, flow_id: str, event: dict[str, Any], *, now_ms: int) -> None:
    """Let every receiver be told of the event once this transaction is durable."""
    text = documents.dumps(event)
    for receiver in tx.reports_to:
        tx.rows(sql.INSERT, receiver=receiver, flow_id=flow_id, event=text, now_ms=now_ms)
    tx.announce(TOPIC)


def page(tx: Tx, receiver: str, *, after: int, limit: int) -> list[Report]:
    """At most `limit` reports that follow the number `after` (0: from the first)."""
    rows = tx.rows(sql.SELECT_PAGE, receiver=receiver, after=after, limit=limit)
    return [Report(number, flow_id, documents.loads(event)) for number, flow_id, event in rows]


def remove(tx: Tx, numbers: Iterable[int]) -> None:
    """Forget reports: their receiver has them, durably."""
    for number in numbers:
        tx.rows(sql.DELETE, number=number)


def expired(tx: Tx, receiver: str, *, before_ms: int) -> list[int]:
    """The numbers of the receiver's reports that have waited since before `before_ms`."""
    return [number for (number,) in tx.rows(sql.SELECT_OLD, receiver=receiver, before_ms=before_ms)]
