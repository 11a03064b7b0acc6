from __future__ import annotations

from headrace.model.states import State
from headrace.store import bookmarks, executions, flows
from headrace.store.bookmarks import Bookmark
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import queue, read, take, write

FLOW = "id of orders"


def ended(store: Store, execution_id: str, text: str, state: State = State.DONE) -> bool:
    write(store, lambda tx: queue(tx, execution_id))
    (claim,) = write(store, take)
    return write(
        store,
        lambda tx: executions.settle(
            tx,
            execution_id,
            claim.execution.fence,
            state=state,
            counts=None,
            message=None,
            now_ms=9000,
            bookmark=Bookmark("shop", text),
        ),
    )


def kept(store: Store) -> Bookmark | None:
    return read(store, lambda tx: bookmarks.get(tx, FLOW))


def test_a_flow_keeps_the_bookmark_of_its_last_success(queue_store: Store) -> None:
    assert kept(queue_store) is None
    assert ended(queue_store, "a", "one")
    assert ended(queue_store, "b", "two", State.FAILED)
    assert kept(queue_store) == Bookmark("shop", "one")
    assert ended(queue_store, "c", "three")
    assert kept(queue_store) == Bookmark("shop", "three")


def test_a_claim_comes_with_the_bookmark(queue_store: Store) -> None:
    assert ended(queue_store, "a", "one")
    write(queue_store, lambda tx: queue(tx, "b"))
    (claim,) = write(queue_store, take)
    assert claim.bookmark == Bookmark("shop", "one")


def test_an_earlier_execution_puts_no_bookmark_back(queue_store: Store) -> None:
    for sequence, text, is_kept in ((2, "two", True), (1, "one", False), (2, "two again", True), (3, "three", True)):
        found = write(queue_store, lambda tx, n=sequence, t=text: bookmarks.put(tx, FLOW, Bookmark("s", t), sequence=n))
        assert found is is_kept
    assert kept(queue_store) == Bookmark("s", "three")


def test_a_worker_that_lost_its_lease_keeps_no_bookmark(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "a"))
    (claim,) = write(queue_store, take)
    write(queue_store, lambda tx: take(tx, owner="other", now_ms=9000))

    def settle_late(tx: Tx) -> bool:
        fence = claim.execution.fence
        late = Bookmark("shop", "late")
        return executions.settle(
            tx, "a", fence, state=State.DONE, counts=None, message=None, now_ms=9001, bookmark=late
        )

    assert not write(queue_store, settle_late)
    assert kept(queue_store) is None


def test_a_bookmark_goes_with_its_flow(queue_store: Store) -> None:
    assert ended(queue_store, "a", "one")
    write(queue_store, lambda tx: flows.delete_flow(tx, FLOW))
    assert kept(queue_store) is None
