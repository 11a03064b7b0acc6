from __future__ import annotations

import json
import re

import pytest

from headrace.model.states import FINISHED, State
from headrace.store import executions, flows
from headrace.store.sql import executions as sql
from headrace.store.sql import flows as flows_sql
from headrace.store.sql import turns as turns_sql
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import ACCOUNT, REGION, add_flow, one, queue, read, take, write


def settle(tx: Tx, execution_id: str, fence: int, state: State, now_ms: int = 9000) -> bool:
    return executions.settle(tx, execution_id, fence, state=state, counts={"read": 1}, message=None, now_ms=now_ms)


def run(store: Store, execution_id: str, state: State, flow: str = "orders") -> None:
    write(store, lambda tx: queue(tx, execution_id, flow=flow))
    (claim,) = write(store, take)
    assert write(store, lambda tx: settle(tx, execution_id, claim.execution.fence, state))


def test_a_queued_execution_waits_with_nothing_done(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e", window_from_ms=10, window_to_ms=20))
    found = one(queue_store, "e")
    assert (found.state, found.sequence, found.fence, found.attempt) == (State.QUEUED, 1, 0, 0)
    assert (found.flow_name, found.account, found.region) == ("orders", ACCOUNT, REGION)
    assert (found.window_from_ms, found.window_to_ms) == (10, 20)
    assert (found.started_ms, found.finished_ms, found.counts, found.owner) == (None, None, None, None)


def test_claims_take_the_oldest_first_and_no_more_than_asked(queue_store: Store) -> None:
    for name in ("a", "b", "c"):
        write(queue_store, lambda tx, name=name: queue(tx, name))
    first = write(queue_store, lambda tx: take(tx, limit=2))
    assert [claim.execution.execution_id for claim in first] == ["a", "b"]
    assert [claim.execution.execution_id for claim in write(queue_store, lambda tx: take(tx, limit=2))] == ["c"]
    found = one(queue_store, "a")
    assert (found.state, found.owner, found.fence, found.attempt) == (State.RUNNING, "worker", 1, 1)
    assert (found.started_ms, found.lease_until_ms) == (3000, 4000)


def test_a_lease_that_ran_out_is_claimed_again_with_a_new_fence_and_the_first_start(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, lambda tx: take(tx, now_ms=3000, lease_ms=1000))
    assert write(queue_store, lambda tx: take(tx, owner="other", now_ms=3999)) == []
    (claim,) = write(queue_store, lambda tx: take(tx, owner="other", now_ms=4000))
    assert (claim.execution.fence, claim.execution.attempt, claim.execution.started_ms) == (2, 2, 3000)
    assert one(queue_store, "e").owner == "other"


def test_a_worker_that_lost_its_lease_writes_nothing(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    write(queue_store, lambda tx: executions.record_splits(tx, "e", 1, [{"a": 1}]))
    write(queue_store, lambda tx: take(tx, owner="other", now_ms=9000))
    before = one(queue_store, "e")
    assert (
        write(
            queue_store,
            lambda tx: [
                executions.record_splits(tx, "e", 1, []),
                executions.record_result(tx, "e", 1, 0, {}),
                executions.progress(tx, "e", 1, {"read": 5}),
                executions.begin_commit(tx, "e", 1, now_ms=9001),
                settle(tx, "e", 1, State.DONE),
            ],
        )
        == [False] * 5
    )
    assert one(queue_store, "e") == before
    assert read(queue_store, lambda tx: executions.splits(tx, "e"))[0].result is None


def test_renewing_extends_own_leases_only_and_tells_of_a_cancel(queue_store: Store) -> None:
    for name in ("a", "b", "c"):
        write(queue_store, lambda tx, name=name: queue(tx, name))
    write(queue_store, lambda tx: take(tx, limit=2))
    write(queue_store, lambda tx: take(tx, owner="other"))
    write(queue_store, lambda tx: executions.cancel(tx, "b", now_ms=3100))
    held = write(
        queue_store,
        lambda tx: executions.renew(tx, ["a", "b", "c", "none"], owner="worker", now_ms=3500, lease_until_ms=7000),
    )
    assert held == {"a": State.RUNNING, "b": State.CANCELLING}
    assert (one(queue_store, "a").lease_until_ms, one(queue_store, "c").lease_until_ms) == (7000, 4000)


def test_splits_are_recorded_once_and_come_back_with_their_results(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    (claim,) = write(queue_store, take)
    assert claim.splits is None
    assert write(queue_store, lambda tx: executions.record_splits(tx, "e", 1, [{"s": 0}, {"s": 1}]))
    assert not write(queue_store, lambda tx: executions.record_splits(tx, "e", 1, [{"s": 9}]))
    assert write(queue_store, lambda tx: executions.record_result(tx, "e", 1, 1, {"r": 1}))
    assert write(queue_store, lambda tx: executions.record_result(tx, "e", 1, 1, {"r": 2}))
    assert not write(queue_store, lambda tx: executions.record_result(tx, "e", 1, 7, {}))
    (again,) = write(queue_store, lambda tx: take(tx, now_ms=9000))
    assert again.splits is not None
    assert [(split.number, split.document, split.result) for split in again.splits] == [
        (0, {"s": 0}, None),
        (1, {"s": 1}, {"r": 2}),
    ]


def test_no_splits_at_all_is_told_from_not_yet_planned(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    assert write(queue_store, lambda tx: executions.record_splits(tx, "e", 1, []))
    (again,) = write(queue_store, lambda tx: take(tx, now_ms=9000))
    assert again.splits == ()


def test_a_begun_commit_keeps_its_instant_and_can_not_be_cancelled(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    assert write(queue_store, lambda tx: executions.begin_commit(tx, "e", 1, now_ms=3100))
    assert not write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=3200))
    write(queue_store, lambda tx: take(tx, now_ms=9000))
    assert write(queue_store, lambda tx: executions.begin_commit(tx, "e", 2, now_ms=9100))
    assert one(queue_store, "e").commit_ms == 3100


def test_a_cancelled_execution_begins_no_commit_and_is_never_done(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    assert write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=3100))
    assert write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=3200))
    assert not write(queue_store, lambda tx: executions.begin_commit(tx, "e", 1, now_ms=3300))
    assert not write(queue_store, lambda tx: settle(tx, "e", 1, State.DONE))
    assert one(queue_store, "e").state is State.CANCELLING
    assert write(queue_store, lambda tx: settle(tx, "e", 1, State.CANCELLED))
    assert not write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=9100))


def test_a_cancelled_queued_execution_ends_at_once(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    assert write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=2500))
    found = one(queue_store, "e")
    assert (found.state, found.finished_ms) == (State.CANCELLED, 2500)
    assert write(queue_store, take) == []
    assert not write(queue_store, lambda tx: executions.cancel(tx, "unknown", now_ms=1))


def test_a_cancelling_execution_whose_worker_died_is_claimed_to_be_settled(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=3100))
    (claim,) = write(queue_store, lambda tx: take(tx, owner="other", now_ms=9000))
    assert claim.execution.state is State.CANCELLING


@pytest.mark.parametrize("state", sorted(FINISHED))
def test_a_settled_execution_moves_no_more(queue_store: Store, state: State) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    if state is State.CANCELLED:
        write(queue_store, lambda tx: executions.cancel(tx, "e", now_ms=1))
    assert write(queue_store, lambda tx: settle(tx, "e", 1, state))
    settled = one(queue_store, "e")
    assert (settled.finished_ms, settled.counts, settled.lease_until_ms) == (9000, {"read": 1}, None)
    assert not any(write(queue_store, lambda tx: [settle(tx, "e", 1, other) for other in FINISHED]))
    assert write(queue_store, lambda tx: take(tx, now_ms=99_000)) == []
    assert one(queue_store, "e") == settled


def test_settling_without_counts_leaves_the_last_ones(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "e"))
    write(queue_store, take)
    assert write(queue_store, lambda tx: executions.progress(tx, "e", 1, {"read": 7}))
    write(
        queue_store,
        lambda tx: executions.settle(tx, "e", 1, state=State.FAILED, counts=None, message="why", now_ms=1),
    )
    assert (one(queue_store, "e").counts, one(queue_store, "e").message) == ({"read": 7}, "why")


def test_a_scheduled_flow_is_suspended_after_as_many_failures_in_a_row_as_it_allows(store: Store) -> None:
    write(store, lambda tx: add_flow(tx, trigger_type="Scheduled", threshold=2))
    for number, state in enumerate([State.FAILED, State.DONE, State.FAILED]):
        run(store, str(number), state)
    assert status(store) == ("Active", 1)
    run(store, "last", State.FAILED)
    assert status(store) == ("Suspended", 2)
    flow = read(store, lambda tx: flows.get(tx, ACCOUNT, REGION, "orders"))
    assert flow is not None
    assert re.fullmatch(r"[\s\w/!@#+=.-]+", flow.status_message or "")


@pytest.mark.parametrize("trigger, threshold", [("OnDemand", 1), ("Scheduled", None), ("Event", 5)])
def test_other_flows_stay_active_however_often_they_fail(store: Store, trigger: str, threshold: int | None) -> None:
    write(store, lambda tx: add_flow(tx, trigger_type=trigger, threshold=threshold))
    for number in range(3):
        run(store, str(number), State.FAILED)
    assert status(store) == ("Active", 3)


def status(store: Store) -> tuple[str, int]:
    flow = read(store, lambda tx: flows.head(tx, ACCOUNT, REGION, "orders"))
    assert flow is not None
    return flow.status, flow.failures_in_a_row


def test_only_the_newest_finished_executions_of_a_flow_are_kept(queue_store: Store) -> None:
    write(queue_store, lambda tx: add_flow(tx, "other"))
    run(queue_store, "of another flow", State.DONE, flow="other")
    write(queue_store, lambda tx: queue(tx, "running"))
    write(queue_store, lambda tx: take(tx, lease_ms=10**9))
    for number in range(5):
        run(queue_store, str(number), State.DONE)
    page = read(queue_store, lambda tx: executions.page(tx, "id of orders", before_sequence=None, limit=10))
    assert [execution.execution_id for execution in page] == ["4", "3", "2", "running"]
    assert one(queue_store, "of another flow").state is State.DONE
    assert [execution.execution_id for execution in read(queue_store, active)] == ["running"]


def active(tx: Tx) -> list[executions.Execution]:
    return executions.active(tx, "id of orders")


def test_pages_are_newest_first_and_go_on_where_the_last_ended(queue_store: Store) -> None:
    for number in range(5):
        write(queue_store, lambda tx, number=number: queue(tx, str(number)))
    found = read(queue_store, lambda tx: executions.page(tx, "id of orders", before_sequence=None, limit=2))
    assert [execution.execution_id for execution in found] == ["4", "3"]
    before = found[-1].sequence
    rest = read(queue_store, lambda tx: executions.page(tx, "id of orders", before_sequence=before, limit=9))
    assert [execution.execution_id for execution in rest] == ["2", "1", "0"]


def test_a_clean_shutdown_gives_back_what_runs_and_keeps_what_commits_or_is_cancelled(queue_store: Store) -> None:
    for name in ("running", "committing", "cancelling", "others"):
        write(queue_store, lambda tx, name=name: queue(tx, name))
    write(queue_store, lambda tx: take(tx, limit=3))
    write(queue_store, lambda tx: take(tx, owner="other"))
    write(queue_store, lambda tx: executions.begin_commit(tx, "committing", 1, now_ms=1))
    write(queue_store, lambda tx: executions.cancel(tx, "cancelling", now_ms=1))
    write(queue_store, lambda tx: executions.release(tx, owner="worker"))
    states = {name: one(queue_store, name).state for name in ("running", "committing", "cancelling", "others")}
    assert states == {
        "running": State.QUEUED,
        "committing": State.RUNNING,
        "cancelling": State.CANCELLING,
        "others": State.RUNNING,
    }
    claims = write(queue_store, lambda tx: take(tx, limit=9))
    assert [claim.execution.execution_id for claim in claims] == ["committing", "cancelling", "running"]


def test_at_the_start_every_lease_ends(queue_store: Store) -> None:
    for name in ("a", "b"):
        write(queue_store, lambda tx, name=name: queue(tx, name))
    write(queue_store, lambda tx: take(tx, limit=2, lease_ms=10**9))
    write(queue_store, executions.expire_leases)
    assert len(write(queue_store, lambda tx: take(tx, owner="next", limit=9))) == 2


def test_active_executions_are_counted_by_account_and_region(queue_store: Store) -> None:
    for name in ("a", "b"):
        write(queue_store, lambda tx, name=name: queue(tx, name))
    write(queue_store, lambda tx: executions.cancel(tx, "a", now_ms=1))
    assert read(queue_store, lambda tx: executions.count_active(tx, ACCOUNT, REGION)) == 1
    assert read(queue_store, lambda tx: executions.count_active(tx, ACCOUNT, "eu-west-1")) == 0


@pytest.mark.parametrize(
    "statement, index",
    [
        (turns_sql.RAN_OUT, "executions_held"),
        (turns_sql.HELD, "executions_held"),
        (turns_sql.FLOWS, "executions_queued"),
        (turns_sql.OLDEST, "executions_queued"),
        (sql.REQUEUE, "executions_held"),
        (sql.RELEASE, "executions_held"),
        (sql.EXPIRE, "executions_held"),
        (sql.SELECT_ACTIVE, "executions_unfinished_of_flow"),
        (sql.SELECT_PAGE, "sqlite_autoindex_executions_2"),
        (sql.PRUNE, "sqlite_autoindex_executions_2"),
        (flows_sql.SELECT_START, "executions_unfinished_of_flow"),
    ],
)
def test_the_history_costs_the_queue_nothing(file_store: Store, statement: Statement, index: str) -> None:
    values = dict.fromkeys(re.findall(r":(\w+)", statement.sqlite), 1)
    plan = read(file_store, lambda tx: tx._session.rows("EXPLAIN QUERY PLAN " + statement.sqlite, values))
    assert re.search(rf"executions.* USING (COVERING )?INDEX {index}\b", json.dumps(plan)), plan
    assert 'SCAN executions"' not in json.dumps(plan)
