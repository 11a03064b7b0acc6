"""What is dropped by its age, and what never is."""

from __future__ import annotations

import pytest

from headrace.model.states import State
from headrace.store import executions, outbox, retention, tokens
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import ACCOUNT, REGION, add_flow, queue, read, take, write

OLD_MS, YOUNG_MS, NOW_MS = 10_000, 50_000, 90_000


def run(tx: Tx, execution_id: str, *, flow: str = "orders", ended_ms: int = OLD_MS) -> None:
    queue(tx, execution_id, flow=flow)
    take(tx)
    assert executions.settle(tx, execution_id, 1, state=State.DONE, counts=None, message=None, now_ms=ended_ms)


@pytest.fixture(name="history")
def a_history(queue_store: Store) -> Store:
    def plant(tx: Tx) -> None:
        tx.executions_kept = 100
        add_flow(tx, "other")
        for number in range(3):
            run(tx, f"old-{number}")
        run(tx, "young", ended_ms=YOUNG_MS)
        run(tx, "only", flow="other")

    write(queue_store, plant)
    return queue_store


def old(store: Store, limit: int = 100) -> list[str]:
    return read(store, lambda tx: retention.old(tx, before_ms=YOUNG_MS, limit=limit))


def test_old_executions_are_named_but_for_the_last_of_each_flow(history: Store) -> None:
    assert old(history) == ["old-0", "old-1", "old-2"]
    assert old(history, limit=2) == ["old-0", "old-1"]


def test_an_execution_that_has_not_ended_is_never_old(history: Store) -> None:
    write(history, lambda tx: queue(tx, "queued", flow="other", now_ms=1))
    write(history, lambda tx: queue(tx, "queued-too", flow="other", now_ms=1))
    assert old(history) == ["old-0", "old-1", "old-2", "only"]


def test_dropped_executions_are_gone_and_numbers_count_on(history: Store) -> None:
    found = old(history)
    assert write(history, lambda tx: retention.drop(tx, found, before_ms=YOUNG_MS)) == 3
    assert write(history, lambda tx: retention.drop(tx, [*found, "young", "only"], before_ms=YOUNG_MS)) == 0
    write(history, lambda tx: run(tx, "next", flow="other"))
    found_next = read(history, lambda tx: executions.get(tx, "next"))
    assert found_next is not None
    assert found_next.sequence == 2


def test_expired_tokens_are_dropped_a_bounded_number_at_a_time(store: Store) -> None:
    def plant(tx: Tx) -> None:
        for number in range(5):
            tokens.put(
                tx,
                ACCOUNT,
                REGION,
                "StartFlow",
                f"t{number}",
                fingerprint="f",
                answer={},
                now_ms=0,
                expires_ms=YOUNG_MS if number == 4 else OLD_MS,
            )

    write(store, plant)
    dropped = [write(store, lambda tx: retention.drop_tokens(tx, now_ms=OLD_MS, limit=3)) for _ in range(3)]
    assert dropped == [3, 1, 0]
    assert read(store, lambda tx: tokens.get(tx, ACCOUNT, REGION, "StartFlow", "t4", now_ms=OLD_MS))


def test_reports_of_receivers_that_are_gone_are_dropped(store: Store) -> None:
    def plant(tx: Tx) -> None:
        tx.reports_to = ("gone",)
        for at_ms in (1, 2, YOUNG_MS):
            outbox.put(tx, "f", {"id": str(at_ms)}, now_ms=at_ms)

    write(store, plant)
    assert write(store, lambda tx: retention.drop_reports(tx, before_ms=OLD_MS, limit=10)) == 2
    assert write(store, lambda tx: retention.drop_reports(tx, before_ms=OLD_MS, limit=10)) == 0
    assert len(read(store, lambda tx: outbox.page(tx, "gone", after=0, limit=9))) == 1


def test_what_has_ended_and_what_is_gone_is_told_apart(history: Store) -> None:
    write(history, lambda tx: queue(tx, "queued"))
    ids = ["old-0", "queued", "never-was"]
    assert read(history, lambda tx: retention.ended(tx, ids)) == {"old-0", "never-was"}
    assert read(history, lambda tx: retention.gone(tx, ids)) == {"never-was"}


def test_what_an_unfinished_execution_goes_back_to_is_not_gone(history: Store) -> None:
    write(history, lambda tx: queue(tx, "retry", overrides={"filters": [], "retryOf": "never-was"}))
    assert read(history, lambda tx: retention.gone(tx, ["never-was"])) == set()
    write(history, lambda tx: executions.cancel(tx, "retry", now_ms=NOW_MS))
    assert read(history, lambda tx: retention.gone(tx, ["never-was"])) == {"never-was"}
