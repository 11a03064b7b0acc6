from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from headrace.model.states import State
from headrace.store import bookmarks, executions, tags
from headrace.store.bookmarks import Bookmark
from headrace.store.executions import Claim
from headrace.store.sql import executions as sql
from headrace.store.sql import turns as turns_sql
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import PATIENCE_S
from tests.standins.stores import StorePlace
from tests.unit.store.rows import add_flow, done, keep, kept, queue, take, write


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
    assert write(other, lambda tx: tx.try_locks(["it", "another"])) == {"another"}
    tried.set()
    done(holding)
    assert write(other, lambda tx: tx.try_lock("it"))


def test_each_execution_is_claimed_by_one_of_many_and_a_flow_has_no_more_than_it_may(two: tuple[Store, Store]) -> None:
    write(two[0], lambda tx: [add_flow(tx, name) for name in ("a", "b")])
    for number in range(20):
        write(two[0], lambda tx, number=number: queue(tx, f"a{number}", flow="a"))
        write(two[0], lambda tx, number=number: queue(tx, f"b{number}", flow="b"))

    def claim_some(tx: Tx) -> list[Claim]:
        return executions.claim(tx, owner="w", now_ms=1, lease_until_ms=9, limit=3, flow_limit=8)

    claims = [claim for future in [store.write(claim_some) for store in two * 8] for claim in done(future)]
    claimed = [claim.execution.execution_id for claim in claims]
    assert len(claimed) == len(set(claimed)) == 16
    assert sum(name.startswith("a") for name in claimed) == 8


def test_runs_of_one_flow_that_are_queued_or_end_at_once_all_count(two: tuple[Store, Store]) -> None:
    one, other = two
    write(one, add_flow)
    names = [f"e{number}" for number in range(24)]
    for future in [
        store.write(lambda tx, name=name: queue(tx, name)) for name, store in zip(names, two * 12, strict=True)
    ]:
        done(future)
    claims = write(one, lambda tx: take(tx, limit=24))
    assert sorted(claim.execution.sequence for claim in claims) == list(range(1, 25))

    def end(tx: Tx, claim: Claim) -> bool:
        run = claim.execution
        mark = Bookmark("orders", str(run.sequence))
        return executions.settle(
            tx, run.execution_id, run.fence, state=State.DONE, counts=None, message=None, now_ms=1, bookmark=mark
        )

    ended = [store.write(lambda tx, claim=claim: end(tx, claim)) for claim, store in zip(claims, two * 12, strict=True)]
    assert all(done(future) for future in ended)
    assert write(other, lambda tx: bookmarks.get(tx, "id of orders")) == Bookmark("orders", "24")


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


@pytest.mark.parametrize(
    "statement, index",
    [
        (turns_sql.HELD, "executions_held"),
        (turns_sql.RAN_OUT, "executions_held"),
        (turns_sql.FLOWS, "executions_queued"),
        (turns_sql.OLDEST, "executions_queued"),
        (turns_sql.CLAIM, "executions_id"),
        (sql.SELECT_CLAIMED, "executions_id"),
        (sql.SETTLE[State.DONE], "executions_id"),
    ],
)
def test_a_queue_that_filled_up_since_the_server_last_counted_is_not_read_whole(
    two: tuple[Store, Store], statement: Statement, index: str
) -> None:
    store, _ = two
    write(store, add_flow)
    # As of a queue that was short when the server looked.
    write(store, lambda tx: tx._session.rows("ANALYZE executions, flows, revisions"))
    write(store, lambda tx: [queue(tx, f"e{number}") for number in range(500)])
    values = dict.fromkeys(re.findall(r"%\((\w+)\)s", statement.postgresql), 1)
    plan = json.dumps(write(store, lambda tx: tx._session.rows("EXPLAIN " + statement.postgresql, values)))
    assert re.search(rf"using {index} on executions", plan), plan
    assert not re.search(r"Seq Scan on executions|Bitmap|Aggregate .*executions_queued", plan), plan
