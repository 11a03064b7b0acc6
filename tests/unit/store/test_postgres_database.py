from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from headrace.store import tags
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S
from tests.standins.stores import StorePlace
from tests.unit.store.rows import done, keep, kept, write


@pytest.fixture(name="two")
def two_stores(shared_place: StorePlace) -> Iterator[tuple[Store, Store]]:
    with closing(shared_place.open()) as one, closing(shared_place.open(data="other")) as other:
        yield one, other


def test_what_one_process_writes_another_reads(two: tuple[Store, Store]) -> None:
    one, other = two
    write(one, lambda tx: keep(tx, "1"))
    write(other, lambda tx: keep(tx, "2"))
    assert kept(one) == kept(other) == {"1", "2"}


def test_a_lock_is_held_until_the_end_of_its_transaction_whoever_else_wants_it(two: tuple[Store, Store]) -> None:
    def count_on(tx: Tx) -> None:
        tx.lock("the count")
        number = int(tags.get(tx, "count").get("number", "0"))
        tags.put(tx, "count", {"number": str(number + 1)})

    for future in [store.write(count_on) for _ in range(25) for store in two]:
        done(future)
    assert write(two[0], lambda tx: tags.get(tx, "count")) == {"number": "50"}


def test_a_lock_that_another_holds_is_not_waited_for_if_that_is_asked(two: tuple[Store, Store]) -> None:
    one, other = two
    held, tried = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        tx.lock("it")
        held.set()
        assert tried.wait(PATIENCE_S)

    holding = one.write(hold)
    assert held.wait(PATIENCE_S)
    assert not write(other, lambda tx: tx.try_lock("it"))
    assert write(other, lambda tx: tx.try_lock("another"))
    tried.set()
    done(holding)
    assert write(other, lambda tx: tx.try_lock("it"))


def test_other_processes_hear_of_topics(two: tuple[Store, Store]) -> None:
    one, other = two
    heard = threading.Event()
    here: list[str] = []
    one.watch(here.append)
    other.watch(lambda topic: heard.set() if topic == "news" else None)
    # The other may begin to listen only now: what was told before it did is lost.
    told = 0
    while not heard.wait(0.2):
        write(one, lambda tx: tx.announce("news"))
        told += 1
        assert told < PATIENCE_S / 0.2
    assert here == ["news"] * told
