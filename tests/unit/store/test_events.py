"""Events, batches and the executions of event flows, on every store."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.connector_sdk.listening import Arrival
from headrace.model.states import State
from headrace.store import event_batches, event_runs, events, executions, flows, listeners
from headrace.store.deliveries import Delivered
from headrace.store.event_batches import PERIOD_MS, Batch, Taken
from headrace.store.events import FIRST_WAIT_MS, KNOWN_FOR_MS, LONGEST_WAIT_MS
from headrace.store.executions import Claim
from headrace.store.listeners import Listening
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import add_flow, one, read, take, write

FLOW = "id of orders"


@pytest.fixture(name="town")
def store_with_a_listening_flow(store: Store) -> Store:
    def work(tx: Tx) -> None:
        add_flow(tx, trigger_type="Event")
        events.begin(tx, FLOW, now_ms=1000)

    write(store, work)
    return store


def tell(town: Store, *keys: str | None, now_ms: int = 1000) -> int:
    arrivals = [Arrival(key, f"body of {key}") for key in keys]
    return write(town, lambda tx: events.take(tx, FLOW, arrivals, now_ms=now_ms))


def rouse(town: Store, execution_id: str = "e1", now_ms: int = 2000) -> None:
    write(town, lambda tx: event_runs.rouse(tx, lambda: execution_id, now_ms=now_ms))


def claimed(town: Store) -> Claim:
    (claim,) = write(town, take)
    return claim


def formed(town: Store, claim: Claim, now_ms: int = 3000) -> Batch:
    id_, fence = claim.execution.execution_id, claim.execution.fence
    found = write(town, lambda tx: event_batches.next_of(tx, id_, fence, now_ms=now_ms))
    assert isinstance(found, list)
    taken = [Taken(event.number, f"means {event.number}") for event in found]
    batch = write(town, lambda tx: event_batches.form(tx, id_, fence, taken, {"files": []}, now_ms=now_ms))
    assert batch is not None
    return batch


def listener(town: Store) -> events.Listener:
    found = read(town, lambda tx: events.listener(tx, FLOW))
    assert found is not None
    return found


def holder(claim: Claim) -> tuple[str, int]:
    return claim.execution.execution_id, claim.execution.fence


def test_an_event_goes_from_its_arrival_to_its_end(town: Store) -> None:
    assert tell(town, "a", "b", None) == 3
    assert (listener(town).waiting_events, listener(town).waiting_bytes) == (3, 9 + 9 + 12)
    assert read(town, lambda tx: event_runs.is_anything_due(tx, now_ms=2000))
    rouse(town)
    claim = claimed(town)
    batch = formed(town, claim)
    assert (batch.batch_id, batch.number, batch.started_ms, batch.attempt) == ("e1.00000", 0, 3000, 1)
    assert read(town, lambda tx: events.bodies(tx, FLOW, batch.batch_id)) == ["body of a", "body of b", "body of None"]

    result: dict[str, Any] = {"outputs": []}
    assert write(town, lambda tx: event_batches.record_result(tx, holder(claim), batch.batch_id, result))
    assert write(town, lambda tx: event_batches.begin_commit(tx, holder(claim), batch.batch_id, now_ms=3500))
    kept = read(town, lambda tx: event_batches.of_flow(tx, FLOW))
    assert kept is not None
    assert (kept.result, kept.commit_ms, kept.has_begun) == (result, 3500, True)
    counts = {"recordsRead": 3, "recordsWritten": 3}
    assert write(town, lambda tx: event_batches.finish(tx, holder(claim), batch, counts, None, now_ms=4000))
    assert write(town, lambda tx: event_runs.park(tx, *holder(claim), now_ms=4000))

    assert (listener(town).waiting_events, listener(town).waiting_bytes) == (0, 0)
    assert (one(town, "e1").state, one(town, "e1").counts) == (State.WAITING, counts)
    assert tell(town, "a", "b", None) == 1
    assert write(town, lambda tx: executions.claim(tx, owner="w", now_ms=10**12, lease_until_ms=10**13, limit=9)) == []


def test_events_done_are_known_for_a_day(town: Store) -> None:
    tell(town, "a")
    (event,) = read(town, lambda tx: events.waiting(tx, FLOW, limit=9))
    rouse(town)
    claim = claimed(town)
    batch = formed(town, claim)
    write(town, lambda tx: event_batches.finish(tx, holder(claim), batch, {}, None, now_ms=4000))
    assert read(town, lambda tx: events.is_met(tx, FLOW, f"means {event.number}"))
    assert read(town, lambda tx: events.old(tx, now_ms=4000 + KNOWN_FOR_MS)) == []
    old = read(town, lambda tx: events.old(tx, now_ms=4001 + KNOWN_FOR_MS))
    write(town, lambda tx: events.forget(tx, old))
    assert tell(town, "a") == 1


def test_what_a_destination_refused_of_a_batch_is_kept_with_its_position(town: Store) -> None:
    tell(town, "a")
    rouse(town)
    claim = claimed(town)
    batch = formed(town, claim)

    def deliver(tx: Tx, records: int, refused: bytes) -> bool:
        position = Delivered(records, len(refused), 0)
        return event_batches.record_delivery(tx, holder(claim), batch.batch_id, position, refused)

    assert write(town, lambda tx: deliver(tx, 0, b""))
    assert write(town, lambda tx: deliver(tx, 5, b"x"))
    assert write(town, lambda tx: deliver(tx, 9, b"yz"))
    assert read(town, lambda tx: event_batches.refused(tx, batch.batch_id)) == [b"x", b"yz"]
    kept = read(town, lambda tx: event_batches.of_flow(tx, FLOW))
    assert kept is not None
    assert kept.delivered == Delivered(9, 2, 0)


@pytest.mark.parametrize("state, left", [(State.FAILED, 1), (State.CANCELLED, 0)])
def test_a_batch_that_nobody_can_see_goes_with_its_execution(town: Store, state: State, left: int) -> None:
    tell(town, "a")
    rouse(town)
    claim = claimed(town)
    formed(town, claim)
    if state is State.CANCELLED:
        assert write(town, lambda tx: executions.cancel(tx, "e1", now_ms=3500))
    given: dict[str, Any] = {"state": state, "counts": None, "message": None, "now_ms": 4000}
    assert write(town, lambda tx: executions.settle(tx, *holder(claim), **given))
    assert read(town, lambda tx: event_batches.of_flow(tx, FLOW)) is None
    assert listener(town).waiting_events == left
    # The last is after a clock was set back: nothing waits for it to come there again.
    times = (4001, 4000 + FIRST_WAIT_MS + 1, 4000 - LONGEST_WAIT_MS)
    due = {now_ms: len(read(town, lambda tx, at=now_ms: event_runs.behind(tx, now_ms=at))) for now_ms in times}
    assert due == dict(zip(times, (0, left, left), strict=True))


def test_a_lost_lease_writes_nothing(town: Store) -> None:
    tell(town, "a")
    rouse(town)
    claim = claimed(town)
    batch = formed(town, claim)
    late = ("e1", claim.execution.fence - 1)
    assert not write(town, lambda tx: event_batches.record_result(tx, late, batch.batch_id, {}))
    assert not write(town, lambda tx: event_batches.begin_commit(tx, late, batch.batch_id, now_ms=1))
    assert not write(town, lambda tx: event_batches.finish(tx, late, batch, {}, None, now_ms=1))
    assert not write(town, lambda tx: event_runs.park(tx, *late, now_ms=1))
    assert write(town, lambda tx: event_batches.next_of(tx, *late, now_ms=1)) is None


def test_an_execution_is_closed_after_its_period_and_another_opened(town: Store) -> None:
    tell(town, "a")
    rouse(town)
    claim = claimed(town)
    batch = formed(town, claim)
    write(town, lambda tx: event_batches.finish(tx, holder(claim), batch, {"recordsRead": 1}, None, now_ms=4000))
    write(town, lambda tx: event_runs.park(tx, *holder(claim), now_ms=4000))
    tell(town, "b")
    rouse(town, "e2", now_ms=2000 + PERIOD_MS)
    assert (one(town, "e1").state, one(town, "e2").state) == (State.DONE, State.QUEUED)


def test_one_node_at_a_time_follows_a_flow(town: Store) -> None:
    def open_to(me: str, now_ms: int) -> list[Listening]:
        return read(town, lambda tx: listeners.open_to(tx, me, now_ms=now_ms))

    (flow,) = open_to("two", 5)
    assert flow == Listening(FLOW, 1, 1000)

    def follow(tx: Tx, me: str, now_ms: int) -> bool:
        return listeners.follow(tx, flow, me, now_ms=now_ms, until_ms=now_ms + 10) is not None

    assert write(town, lambda tx: follow(tx, "one", 5))
    assert not write(town, lambda tx: follow(tx, "two", 14))
    assert [open_to(me, 14) for me in ("one", "two")] == [[flow], []]
    assert write(town, lambda tx: listeners.hold(tx, flow, "one"))
    assert write(town, lambda tx: follow(tx, "two", 15))
    assert not write(town, lambda tx: listeners.hold(tx, flow, "one"))
    write(town, lambda tx: listeners.release(tx, "two"))
    assert write(town, lambda tx: follow(tx, "one", 15))
    assert open_to("two", 16) == []
    write(town, listeners.expire)
    assert open_to("two", 16) == [flow]
    assert [id_ for id_, _ in read(town, lambda tx: listeners.documents_of(tx, "000000000000"))] == [FLOW]


def test_a_flow_takes_its_events_with_it(town: Store) -> None:
    tell(town, "a")
    rouse(town)
    formed(town, claimed(town))
    assert write(town, lambda tx: flows.delete_flow(tx, FLOW))
    assert read(town, lambda tx: events.listener(tx, FLOW)) is None
    assert read(town, lambda tx: events.waiting(tx, FLOW, limit=9)) == []
    assert read(town, lambda tx: event_batches.of_flow(tx, FLOW)) is None


def test_a_flow_that_something_else_starts_listens_no_more(town: Store) -> None:
    tell(town, "a")
    write(town, lambda tx: events.leave(tx, FLOW))
    assert read(town, lambda tx: events.waiting(tx, FLOW, limit=9)) == []
