"""What the store says of what waits."""

from __future__ import annotations

from headrace.model.states import State
from headrace.store import executions, figures, outbox
from headrace.store.figures import Figures, Waiting
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import add_flow, queue, read, take, write


def test_an_empty_store_has_nothing_to_say(store: Store) -> None:
    assert read(store, figures.read) == Figures((), (), None, ())


def test_what_waits_is_counted_by_state_with_its_oldest(queue_store: Store) -> None:
    def work(tx: Tx) -> None:
        for number in range(4):
            queue(tx, f"e{number}", now_ms=2000 + number)
        take(tx, limit=2)
        executions.cancel(tx, "e0", now_ms=3500)
        executions.settle(tx, "e1", 1, state=State.DONE, counts=None, message=None, now_ms=4000)

    write(queue_store, work)
    assert read(queue_store, figures.read).executions == (Waiting("cancelling", 1, 2000), Waiting("queued", 2, 2002))


def test_flows_are_counted_by_trigger_and_status(queue_store: Store) -> None:
    write(queue_store, lambda tx: add_flow(tx, "other"))
    write(queue_store, lambda tx: add_flow(tx, "third", trigger_type="Scheduled", status="Suspended"))
    assert read(queue_store, figures.read).flows == (("OnDemand", "Active", 2), ("Scheduled", "Suspended", 1))


def test_reports_are_counted_by_receiver(store: Store) -> None:
    def work(tx: Tx) -> None:
        tx.reports_to = ("a", "b")
        outbox.put(tx, "f", {"id": "1"}, now_ms=1000)
        tx.reports_to = ("b",)
        outbox.put(tx, "f", {"id": "2"}, now_ms=2000)

    write(store, work)
    assert read(store, figures.read).outbox == (Waiting("a", 1, 1000), Waiting("b", 2, 1000))
