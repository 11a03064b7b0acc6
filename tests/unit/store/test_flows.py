from __future__ import annotations

import pytest

from headrace.model.states import State
from headrace.store import executions, flows
from headrace.store.flows import FlowHead, FlowRow, StartView
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.stores import CONSTRAINT_BROKEN
from tests.unit.store.rows import ACCOUNT, DOCUMENT, REGION, add_flow, queue, read, take, write


def whole(store: Store, name: str = "orders") -> FlowRow:
    found = read(store, lambda tx: flows.get(tx, ACCOUNT, REGION, name))
    assert found is not None
    return found


def change(tx: Tx, flow: FlowHead, document: dict[str, object]) -> bool:
    return flows.update(
        tx,
        flow,
        trigger_type=flow.trigger_type,
        failure_threshold=None,
        status=flow.status,
        status_message=None,
        schema_version=2,
        document=document,
        by="another",
        now_ms=5000,
    )


def test_a_flow_is_read_as_it_was_inserted_with_its_keys_in_order(store: Store) -> None:
    write(store, lambda tx: add_flow(tx, kms_arn="arn:aws:kms:x", threshold=3, trigger_type="Scheduled"))
    flow = whole(store)
    assert flow.document == DOCUMENT
    assert list(flow.document["tasks"][0]) == ["z", "a"]
    assert (flow.kms_arn, flow.failure_threshold, flow.trigger_type) == ("arn:aws:kms:x", 3, "Scheduled")
    assert (flow.revision, flow.schema_version, flow.created_ms, flow.updated_by) == (1, 1, 1000, "someone")
    assert flow.last_run is None


def test_a_flow_of_another_account_or_region_is_not_seen(queue_store: Store) -> None:
    assert read(queue_store, lambda tx: flows.get(tx, "111111111111", REGION, "orders")) is None
    assert read(queue_store, lambda tx: flows.head(tx, ACCOUNT, "eu-west-1", "orders")) is None
    assert read(queue_store, lambda tx: flows.start_view(tx, ACCOUNT, REGION, "nothing")) is None
    assert read(queue_store, lambda tx: flows.count(tx, ACCOUNT, "eu-west-1")) == 0


def test_two_flows_of_one_name_do_not_fit(queue_store: Store) -> None:
    with pytest.raises(CONSTRAINT_BROKEN):
        write(queue_store, lambda tx: add_flow(tx, flow_id="another"))


def page_after(store: Store, name: str) -> list[str]:
    return [flow.name for flow in read(store, lambda tx: flows.list_page(tx, ACCOUNT, REGION, after=name, limit=2))]


def test_pages_of_flows_go_by_name_and_leave_none_out(store: Store) -> None:
    names = ["b", "a", "C", "aa", "_1"]
    for name in names:
        write(store, lambda tx, name=name: add_flow(tx, name))
    found: list[str] = []
    while page := page_after(store, found[-1] if found else ""):
        found += page
    assert found == sorted(names)
    assert read(store, lambda tx: flows.count(tx, ACCOUNT, REGION)) == 5


def test_an_update_makes_a_revision_and_an_execution_keeps_the_one_it_was_started_with(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "first"))
    assert write(queue_store, lambda tx: change(tx, whole_in(tx), {"flowName": "orders", "v": 2}))
    write(queue_store, lambda tx: queue(tx, "second"))
    first, second = write(queue_store, lambda tx: take(tx, limit=2))
    assert (first.document, first.schema_version) == (DOCUMENT, 1)
    assert (second.document, second.schema_version) == ({"flowName": "orders", "v": 2}, 2)
    flow = whole(queue_store)
    assert (flow.revision, flow.schema_version, flow.updated_ms, flow.updated_by) == (2, 2, 5000, "another")


def whole_in(tx: Tx) -> FlowRow:
    found = flows.get(tx, ACCOUNT, REGION, "orders")
    assert found is not None
    return found


def test_an_update_of_a_flow_that_changed_meanwhile_changes_nothing(queue_store: Store) -> None:
    stale = whole(queue_store)
    assert write(queue_store, lambda tx: change(tx, stale, {"v": 2}))
    assert not write(queue_store, lambda tx: change(tx, stale, {"v": 3}))
    assert whole(queue_store).document == {"v": 2}


def test_the_newest_run_is_shown_and_is_running_only_until_it_ends(queue_store: Store) -> None:
    def view() -> StartView:
        found = read(queue_store, lambda tx: flows.start_view(tx, ACCOUNT, REGION, "orders"))
        assert found is not None
        return found

    assert view().is_running == 0
    write(queue_store, lambda tx: queue(tx, "first", now_ms=2000))
    assert view().is_running == 1
    last = whole(queue_store).last_run
    assert last is not None
    assert (last.execution_id, last.started_ms, last.state) == ("first", 2000, State.QUEUED)
    (claim,) = write(queue_store, lambda tx: take(tx, now_ms=3000))
    write(
        queue_store,
        lambda tx: executions.settle(
            tx, "first", claim.execution.fence, state=State.FAILED, counts=None, message="why", now_ms=4000
        ),
    )
    last = whole(queue_store).last_run
    assert last is not None
    assert (last.started_ms, last.state, last.message) == (3000, State.FAILED, "why")
    assert view().is_running == 0


def test_a_deleted_flow_takes_its_executions_and_splits_along(queue_store: Store) -> None:
    write(queue_store, lambda tx: queue(tx, "first"))
    (claim,) = write(queue_store, take)
    write(queue_store, lambda tx: executions.record_splits(tx, "first", claim.execution.fence, [{"a": 1}]))
    assert write(queue_store, lambda tx: flows.delete_flow(tx, "id of orders"))
    assert not write(queue_store, lambda tx: flows.delete_flow(tx, "id of orders"))
    assert read(queue_store, lambda tx: executions.get(tx, "first")) is None
    assert read(queue_store, lambda tx: executions.splits(tx, "first")) == ()
    held = write(queue_store, lambda tx: executions.renew(tx, ["first"], owner="worker", now_ms=1, lease_until_ms=2))
    assert held == {}


def test_a_status_comes_with_its_message_and_can_forget_failures(queue_store: Store) -> None:
    write(queue_store, lambda tx: flows.set_status(tx, "id of orders", status="Suspended", message="why"))
    assert (whole(queue_store).status, whole(queue_store).status_message) == ("Suspended", "why")
    write(queue_store, lambda tx: flows.set_status(tx, "id of orders", status="Active", forget_failures=True))
    assert (whole(queue_store).status, whole(queue_store).status_message) == ("Active", None)
