"""Records that are posted to flows: which flows take them, from whom, and how often."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import pytest

from headrace.errors import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ServiceError,
    ThrottlingException,
    ValidationException,
)
from headrace.operations import record_events
from headrace.store import events, flows
from headrace.store.sql import events as events_sql
from headrace.store.tx import Tx
from tests.standins.described import check_answer
from tests.standins.hooks import webhook_profile
from tests.unit.operations.calls import ALICE, EVENT, Calls, flow

SECRET = "a-secret-that-senders-know"
ALL = [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}]
BODY = b'{"n": 1}\n{"n": 2}'


def from_webhook(name: str = "orders") -> dict[str, Any]:
    source = {
        "connectorType": "CustomConnector",
        "connectorProfileName": "shop",
        "sourceConnectorProperties": {"CustomConnector": {"entityName": "order"}},
    }
    return flow(name, triggerConfig=EVENT, sourceFlowConfig=source, tasks=ALL)


@pytest.fixture
def active(call: Calls) -> Calls:
    call("CreateConnectorProfile", webhook_profile())
    call("CreateFlow", from_webhook())
    call("StartFlow", flowName="orders")
    return call


def post(
    call: Calls, headers: Mapping[str, str] | None = None, body: bytes = BODY, trust: str = "open", name: str = "orders"
) -> dict[str, Any]:
    asked = {"flowName": name, "body": body, "headers": headers or {}, "trust": trust}
    found = call.dispatcher.call(record_events.PUT, ALICE, asked).result()
    check_answer(record_events.PUT, found)
    return found


def kept(call: Calls, name: str = "orders") -> list[str]:
    def work(tx: Tx) -> list[str]:
        found = flows.head(tx, ALICE.account, ALICE.region, name)
        assert found is not None
        return [event.body for event in events.waiting(tx, found.flow_id, limit=99)]

    return call.store.read(work).result()


def signed(secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"}


def test_the_records_of_a_post_are_kept_as_one_event(active: Calls) -> None:
    assert post(active) == {"records": 2, "taken": 2}
    assert kept(active) == ['{"n": 1}\n{"n": 2}']


@pytest.mark.parametrize("header", record_events.DELIVERY_IDS)
def test_a_delivery_that_comes_again_is_kept_once(active: Calls, header: str) -> None:
    assert [post(active, {header: "7"})["taken"] for _ in range(3)] == [2, 0, 0]
    assert post(active, {header: "8"})["taken"] == 2
    assert len(kept(active)) == 2


def test_without_an_id_each_post_is_another_one(active: Calls) -> None:
    assert [post(active)["taken"] for _ in range(2)] == [2, 2]


def test_an_array_of_nothing_is_taken_and_leaves_nothing(active: Calls) -> None:
    assert post(active, body=b"[]") == {"records": 0, "taken": 0}
    assert kept(active) == []


def test_a_malformed_body_is_refused_whole(active: Calls) -> None:
    with pytest.raises(ValidationException, match="Line 2"):
        post(active, body=b'{"n": 1}\n{"n": ')
    with pytest.raises(ValidationException, match="Content-Encoding is br"):
        post(active, {"content-encoding": "br"})
    with pytest.raises(ValidationException, match="more than 255 characters"):
        post(active, {"webhook-id": "x" * 256})
    assert kept(active) == []


def test_only_an_active_flow_takes_records(call: Calls) -> None:
    call("CreateConnectorProfile", webhook_profile())
    with pytest.raises(ResourceNotFoundException):
        post(call)
    call("CreateFlow", from_webhook())
    with pytest.raises(ConflictException, match="Flow orders is Draft"):
        post(call)
    call("StartFlow", flowName="orders")
    call("StopFlow", flowName="orders")
    with pytest.raises(ConflictException, match="Flow orders is Suspended"):
        post(call)
    call("DeleteFlow", flowName="orders")
    with pytest.raises(ResourceNotFoundException):
        post(call)


def test_a_flow_from_elsewhere_takes_none(call: Calls) -> None:
    call("CreateFlow", flow("files", triggerConfig=EVENT, tasks=ALL))
    call("StartFlow", flowName="files")
    with pytest.raises(ValidationException, match="its source is not the connector Webhook"):
        post(call, name="files")


def test_a_flow_that_is_far_behind_asks_to_wait(active: Calls) -> None:
    def work(tx: Tx) -> None:
        found = flows.head(tx, ALICE.account, ALICE.region, "orders")
        assert found is not None
        tx.rows(events_sql.ADD, id=found.flow_id, events=0, bytes=events.MOST_WAITING_BYTES)

    active.store.write(work).result()
    with pytest.raises(ThrottlingException, match="too many records"):
        post(active)


@pytest.mark.parametrize(
    "trust, headers, is_taken",
    [
        ("open", {}, False),
        ("open", signed(), True),
        ("open", signed("another"), False),
        ("signature", signed(), True),
        ("signature", signed(body=b"{}"), False),
        ("key", {}, True),
        ("key", signed(), True),
        ("key", signed("another"), False),
    ],
)
def test_a_profile_with_a_secret_asks_for_a_signature_or_a_key(
    call: Calls, trust: str, headers: dict[str, str], is_taken: bool
) -> None:
    call("CreateConnectorProfile", webhook_profile(secret=SECRET))
    call("CreateFlow", from_webhook())
    call("StartFlow", flowName="orders")
    if is_taken:
        assert post(call, headers, trust=trust)["taken"] == 2
        return
    with pytest.raises(AccessDeniedException) as refused:
        post(call, headers, trust=trust)
    assert SECRET not in refused.value.message
    assert kept(call) == []


def test_who_has_shown_nothing_learns_of_no_flow(active: Calls) -> None:
    def refusal(name: str) -> ServiceError:
        with pytest.raises(AccessDeniedException) as refused:
            post(active, signed(), trust="signature", name=name)
        return refused.value

    active("CreateFlow", flow("files"))
    texts = {refusal(name).message.replace(name, "…") for name in ("orders", "files", "nowhere")}
    assert len(texts) == 1
