"""Backfills as the store keeps them; in what order they come to their end is tests/property/test_backfills.py."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from headrace.model.states import State
from headrace.store import backfills, executions, flows, schedules
from headrace.store.backfills import Backfill, Phase, SliceState
from headrace.store.executions import Execution
from headrace.store.sql import backfills as sql
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.property.test_backfills import DAY_MS, FLOW, begin
from tests.standins.stores import StorePlace
from tests.unit.store.rows import ACCOUNT, REGION, add_flow, done, queue, read, take, write


def found(store: Store, number: int = 1) -> Backfill:
    backfill = read(store, lambda tx: backfills.find(tx, FLOW, number))
    assert backfill is not None
    return backfill


def end(store: Store, state: State = State.DONE, *, limit: int = 1) -> list[Execution]:
    """Take executions and end them; what was taken."""
    claims = write(store, lambda tx: take(tx, limit=limit))
    for claim in claims:
        execution = claim.execution
        assert write(
            store,
            lambda tx, one=execution: executions.settle(
                tx, one.execution_id, one.fence, state=state, counts=None, message="why", now_ms=4000
            ),
        )
    return [claim.execution for claim in claims]


def cancel(store: Store) -> None:
    def work(tx: Tx) -> None:
        held = backfills.find_held(tx, FLOW, 1)
        assert held is not None
        for execution_id in backfills.cancel(tx, held, now_ms=5000):
            executions.cancel(tx, execution_id, now_ms=5000)

    write(store, work)


def resume(store: Store) -> int:
    def work(tx: Tx) -> int:
        held = backfills.find_held(tx, FLOW, 1)
        assert held is not None
        return backfills.resume(tx, held, now_ms=6000)

    return write(store, work)


def states(store: Store) -> dict[str, int]:
    told = read(store, lambda tx: backfills.sums(tx, found(store)))
    return {state.value: each.slices for state, each in told.items()}


def test_no_more_slices_are_queued_than_may_run_at_a_time(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=1000, parallel=2))
    assert len(read(queue_store, executions.unfinished)) == 2

    (first,) = end(queue_store)

    assert len(read(queue_store, executions.unfinished)) == 2
    assert (first.window_from_ms, first.window_to_ms) == (0, DAY_MS)
    assert (first.trigger, first.overrides) == ("ondemand", {"filters": [], "backfill": 1, "slice": 0})
    assert found(queue_store).begun == 3


def test_slices_leave_what_the_flow_keeps_for_its_own_runs_alone(store: Store) -> None:
    write(store, lambda tx: add_flow(tx, trigger_type="Scheduled", threshold=1))
    write(store, lambda tx: schedules.schedule(tx, FLOW, grid_start_ms=0, next_fire_ms=1000))
    write(store, lambda tx: begin(tx, "b", days=3, parallel=1))

    (due,) = write(store, lambda tx: schedules.due(tx, now_ms=1000, limit=9))
    start = read(store, lambda tx: flows.start_view(tx, ACCOUNT, REGION, "orders"))
    end(store, State.FAILED)
    end(store)

    head = read(store, lambda tx: flows.head(tx, ACCOUNT, REGION, "orders"))
    assert start is not None
    assert head is not None
    assert (due.name, start.is_running) == ("orders", 0)
    assert read(store, lambda tx: (executions.has_run(tx, FLOW), executions.has_active(tx, FLOW))) == (False, True)
    assert (head.status, head.failures_in_a_row) == ("Active", 0)
    assert read(store, lambda tx: schedules.read_until_ms(tx, FLOW)) is None


def test_a_run_of_its_own_is_told_from_slices(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "own"))
    assert read(queue_store, lambda tx: executions.has_run(tx, FLOW))


def test_others_go_on_where_a_slice_fails(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=3, parallel=1))
    end(queue_store, State.FAILED)
    end(queue_store)
    end(queue_store)

    (failure,) = read(queue_store, lambda tx: backfills.failures(tx, found(queue_store), limit=9))
    assert (failure.number, failure.state, failure.runs, failure.message) == (0, "failed", 1, "why")
    assert (found(queue_store).phase, found(queue_store).finished_ms) == (Phase.FINISHED, 4000)
    assert states(queue_store) == {"done": 2, "failed": 1}


def test_one_that_is_to_stop_does_so_at_the_first_failure_and_lets_the_rest_end(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=9, parallel=2, stops_on_failure=True))
    end(queue_store, State.FAILED)
    assert (found(queue_store).phase, found(queue_store).finished_ms) == (Phase.STOPPED, None)
    end(queue_store)
    assert (found(queue_store).phase, found(queue_store).finished_ms) == (Phase.STOPPED, 4000)
    assert states(queue_store) == {"done": 1, "failed": 1}
    assert resume(queue_store) == 8
    assert states(queue_store) == {"done": 1, "active": 2}


def test_one_that_is_cancelled_ends_with_its_running_slices(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=9, parallel=2))
    (claim,) = write(queue_store, take)
    cancel(queue_store)
    assert (found(queue_store).phase, found(queue_store).finished_ms) == (Phase.CANCELLED, None)
    assert states(queue_store) == {"active": 1, "cancelled": 1}

    execution = claim.execution
    write(
        queue_store,
        lambda tx: executions.settle(
            tx,
            execution.execution_id,
            execution.fence,
            state=State.CANCELLED,
            counts=None,
            message=None,
            now_ms=7000,
        ),
    )
    assert (found(queue_store).finished_ms, states(queue_store)) == (7000, {"cancelled": 2})
    assert resume(queue_store) == 9
    assert states(queue_store) == {"active": 2}


def test_only_what_was_not_done_is_run_again_as_another_execution(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=3, parallel=3))
    (failed,) = end(queue_store, State.FAILED)
    end(queue_store, limit=2)

    assert resume(queue_store) == 1
    (again,) = end(queue_store)

    assert again.execution_id != failed.execution_id
    assert (again.window_from_ms, again.overrides) == (failed.window_from_ms, failed.overrides)
    assert (found(queue_store).phase, states(queue_store)) == (Phase.FINISHED, {"done": 3})
    recent = read(queue_store, lambda tx: backfills.sums(tx, found(queue_store)))[SliceState.DONE].recent
    # The others ended before it was taken up again.
    assert recent == 0


def test_slices_queued_later_run_the_document_as_it_is_then(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=2, parallel=1))

    def update(tx: Tx) -> bool:
        head = flows.head(tx, ACCOUNT, REGION, "orders")
        assert head is not None
        return flows.update(
            tx,
            head,
            trigger_type="OnDemand",
            failure_threshold=None,
            status="Active",
            status_message=None,
            schema_version=1,
            document={"flowName": "orders", "tasks": []},
            by="someone",
            now_ms=3000,
        )

    assert write(queue_store, update)
    assert [execution.revision for execution in (*end(queue_store), *end(queue_store))] == [1, 2]


def test_a_deleted_flow_takes_its_backfills_with_it(queue_store: Store) -> None:
    write(queue_store, lambda tx: begin(tx, "b", days=2, parallel=1))
    assert write(queue_store, lambda tx: flows.delete_flow(tx, FLOW))
    write(queue_store, add_flow)
    assert read(queue_store, lambda tx: backfills.find(tx, FLOW, 1)) is None
    # Nothing of the old slices stands in the way of the new ones.
    assert write(queue_store, lambda tx: begin(tx, "b", days=2, parallel=1)) == 1


def test_backfills_are_listed_newest_first_by_flow_account_and_region(queue_store: Store) -> None:
    write(queue_store, lambda tx: add_flow(tx, "others", flow_id="o", region="elsewhere"))
    for at_ms, name in enumerate("abc"):
        write(queue_store, lambda tx, name=name, at_ms=at_ms: begin(tx, name, days=1, parallel=1, now_ms=at_ms))

    def page(region: str = REGION, before: tuple[int, str] | None = None, flow_id: str | None = None) -> list[str]:
        listed = read(
            queue_store,
            lambda tx: backfills.page(tx, ACCOUNT, region, flow_id=flow_id, before=before, limit=2),
        )
        assert all(each.flow_name == "orders" for each in listed)
        return [each.backfill_id for each in listed]

    assert (page(), page(before=(1, "b")), page(flow_id=FLOW)) == (["c", "b"], ["a"], ["c", "b"])
    assert (page("elsewhere"), page(flow_id="o")) == ([], [])
    assert [each.number for each in write(queue_store, lambda tx: backfills.hold_running(tx, FLOW))] == [1, 2, 3]


@pytest.mark.parametrize("statement", [sql.ACTIVE, sql.END_SLICE, sql.TAKE_WAITING])
def test_what_ends_a_slice_looks_at_few_of_its_fellows(file_store: Store, statement: Statement) -> None:
    values = dict.fromkeys(re.findall(r":(\w+)", statement.sqlite), 0)
    plan = read(file_store, lambda tx: tx._session.rows("EXPLAIN QUERY PLAN " + statement.sqlite, values))
    assert "backfill_slices_by_state" in " ".join(str(row) for row in plan)


def test_nodes_that_end_slices_at_once_queue_each_next_one_once(shared_place: StorePlace) -> None:
    with closing(shared_place.open()) as one, closing(shared_place.open(data="other")) as other:
        write(one, add_flow)
        write(one, lambda tx: begin(tx, "b", days=40, parallel=6))
        ended = 0
        while claims := write(one, lambda tx: take(tx, limit=6)):
            settling = [
                store.write(
                    lambda tx, claim=claim: (
                        backfills.hold(tx, "b"),
                        executions.settle(
                            tx,
                            claim.execution.execution_id,
                            claim.execution.fence,
                            state=State.DONE,
                            counts=None,
                            message=None,
                            now_ms=4000,
                        ),
                    )
                )
                for store, claim in zip((one, other) * 3, claims, strict=False)
            ]
            assert all(done(future)[1] for future in settling)
            ended += len(settling)
        assert (ended, states(one)) == (40, {"done": 40})
        assert found(one).phase is Phase.FINISHED
