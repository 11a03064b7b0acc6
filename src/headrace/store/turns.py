"""Which executions are taken next: fair among flows, within limits, at a cost that long queues do not raise.

Flows take turns: the one with the fewest running executions goes first, among equals the one that comes next in a
ring of all that wait. So however many a flow has queued, each other one is served after at most one round. Within a
flow the oldest goes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from headrace.store.sql import turns as sql
from headrace.store.statements import by_batches
from headrace.store.tx import Tx

# How many flows are looked at because others before them in the ring may be running already.
_LOOKED_AT = 32


def next_in_turn(tx: Tx, *, now_ms: int, limit: int, flow_limit: int | None = None, after: str = "") -> list[str]:
    """At most `limit` executions in the order in which to take them; fewer only where no more may be taken.

    First those whose holder fell silent, longest silent first. Of the others none is of a flow that has, with those
    before it, more than `flow_limit` running, on whatever node; None: there is no such bound. The ring of flows begins
    behind the flow `after`.
    """
    held = tx.rows(sql.HELD)
    ids: list[str] = []
    if any(until_ms <= now_ms for _, _, until_ms in held):
        ids = [id_ for (id_,) in tx.rows(sql.RAN_OUT, now_ms=now_ms, limit=limit)]
    if len(ids) == limit:
        return ids
    running = {flow_id: count for flow_id, count, _ in held}
    return ids + _waiting(tx, running, limit=limit - len(ids), flow_limit=flow_limit, after=after)


def take(tx: Tx, ids: Sequence[str], *, owner: str, now_ms: int, lease_until_ms: int) -> list[str]:
    """Let the owner hold the executions; those that nobody was faster with, in the same order."""
    taken = {
        id_
        for some in by_batches(ids)
        for (id_,) in tx.rows(sql.CLAIM, **some, owner=owner, now_ms=now_ms, lease_until_ms=lease_until_ms)
    }
    return [id_ for id_ in ids if id_ in taken]


def _waiting(tx: Tx, running: Mapping[str, int], *, limit: int, flow_limit: int | None, after: str) -> list[str]:
    most = limit + max(running.values(), default=0) if flow_limit is None else flow_limit
    full = {flow_id for flow_id, count in running.items() if count >= most}
    # With so many more, `limit` of them run nothing, which is as far as one need look.
    others = min(_LOOKED_AT, len(running) - len(full))
    ring = [(flow_id, id_) for flow_id, id_ in _ring(tx, after, limit + others + len(full)) if flow_id not in full]
    return list(_shared_out(tx, ring, running, limit=limit, most=most))


def _ring(tx: Tx, after: str, limit: int) -> list[tuple[str, str]]:
    """At most `limit` flows that have something queued, each once with its oldest, in the ring's order."""
    behind = [(flow_id, id_) for flow_id, id_ in tx.rows(sql.FLOWS, after=after, limit=limit)]
    if len(behind) >= limit or not after:
        return behind
    return list(dict([*behind, *tx.rows(sql.FLOWS, after="", limit=limit)]).items())


def _shared_out(
    tx: Tx, ring: Sequence[tuple[str, str]], running: Mapping[str, int], *, limit: int, most: int
) -> Iterator[str]:
    """The executions of the flows, one after the other to the flow with the fewest running."""
    heap = [(running.get(flow_id, 0), place, flow_id) for place, (flow_id, _) in enumerate(ring)]
    heapify(heap)
    # Of each flow the oldest, and once it had a turn all that it may have, the newest first.
    oldest, further, first = {flow_id: [id_] for flow_id, id_ in ring}, set[str](), dict(ring)
    found = 0
    while heap and found < limit:
        count, place, flow_id = heappop(heap)
        if not oldest[flow_id] and flow_id not in further:
            further.add(flow_id)
            rows = tx.rows(sql.OLDEST, flow_id=flow_id, limit=min(limit - found, most - count) + 1)
            oldest[flow_id] = [id_ for (id_,) in reversed(rows) if id_ != first[flow_id]]
        if oldest[flow_id]:
            yield oldest[flow_id].pop()
            found += 1
            if count + 1 < most:
                heappush(heap, (count + 1, place, flow_id))
