from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from headrace.errors import ConflictException, ResourceNotFoundException
from headrace.operations.idempotency import fingerprint
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import SCHEDULED, Calls, events_flow, flow

LIFETIME = timedelta(hours=8)


def start(call: Calls, token: str | None = "t", name: str = "orders") -> Any:
    return call("StartFlow", {"flowName": name} | ({} if token is None else {"clientToken": token}))


def test_a_retried_start_gets_the_first_answer_and_starts_no_second_run(call: Calls) -> None:
    call("CreateFlow", flow())
    first = start(call)
    assert start(call) == first
    assert len(call.records()) == 1
    call.settle(call.claim())
    assert start(call) == first
    assert len(call.records()) == 1


def test_fifty_concurrent_starts_with_one_token_start_one_run(call: Calls) -> None:
    call("CreateFlow", flow())
    together = threading.Barrier(50)

    def one(_: int) -> Any:
        together.wait(PATIENCE_S)
        return start(call)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    assert len({answer["executionId"] for answer in answers}) == 1
    assert [record["executionId"] for record in call.records()] == [answers[0]["executionId"]]


def test_a_token_lives_eight_hours(call: Calls) -> None:
    call("CreateFlow", flow())
    first = start(call)
    call.settle(call.claim())
    call.clock.turn(LIFETIME - timedelta(milliseconds=1))
    assert start(call) == first
    call.clock.turn(timedelta(milliseconds=1))
    second = start(call)
    assert second["executionId"] != first["executionId"]
    assert start(call) == second


def test_another_token_or_none_is_a_new_call(call: Calls) -> None:
    call("CreateFlow", flow(tags={"headrace:parallel-runs": "true"}))
    assert len({start(call, token)["executionId"] for token in ("a", "b", None, None)}) == 4


def test_an_on_demand_flow_takes_a_token_that_another_flow_used_and_both_keep_their_answer(call: Calls) -> None:
    call("CreateFlow", flow())
    call("CreateFlow", flow("others"))
    first, second = start(call), start(call, name="others")
    assert first["executionId"] != second["executionId"]
    assert (start(call), start(call, name="others")) == (first, second)
    assert len(call.records()) == len(call.records("others")) == 1


@pytest.mark.parametrize("kind", ["Scheduled", "Event"])
def test_a_flow_with_a_trigger_refuses_a_token_that_another_flow_used(call: Calls, kind: str) -> None:
    call("CreateFlow", flow())
    make = {"Scheduled": flow("others", triggerConfig=SCHEDULED), "Event": events_flow("others")}
    call("CreateFlow", make[kind])
    start(call)
    with pytest.raises(ConflictException, match="The clientToken t was used for a StartFlow request"):
        start(call, name="others")
    assert call.describe("others")["flowStatus"] == "Draft"
    assert start(call, "u", "others") == start(call, "u", "others")


def test_a_start_that_failed_is_not_remembered(call: Calls) -> None:
    with pytest.raises(ResourceNotFoundException):
        start(call)
    call("CreateFlow", flow())
    assert "executionId" in start(call)
    with pytest.raises(ConflictException, match="already running"):
        start(call, "second")
    call.settle(call.claim())
    assert "executionId" in start(call, "second")


def test_a_retried_create_answers_as_before_and_asks_the_source_no_more(call: Calls) -> None:
    first = call("CreateFlow", flow(clientToken="t"))
    call.sources.is_empty = True
    assert call("CreateFlow", dict(reversed(flow(clientToken="t").items()))) == first
    assert call.sources.asked == ["orders"]


def test_a_token_of_another_create_is_a_conflict(call: Calls) -> None:
    call("CreateFlow", flow(clientToken="t"))
    with pytest.raises(ConflictException, match="The clientToken t was used for a CreateFlow request"):
        call("CreateFlow", flow("others", clientToken="t"))
    with pytest.raises(ConflictException, match="already exists"):
        call("CreateFlow", flow(clientToken="u"))


def test_a_retried_update_is_done_once(call: Calls) -> None:
    call("CreateFlow", flow())
    call("UpdateFlow", flow(description="one", clientToken="t"))
    call("UpdateFlow", flow(description="two", clientToken="u"))
    assert call("UpdateFlow", flow(description="one", clientToken="t")) == {"flowStatus": "Active"}
    assert call.describe()["description"] == "two"
    with pytest.raises(ConflictException, match="UpdateFlow request with other parameters"):
        call("UpdateFlow", flow(description="three", clientToken="t"))


def test_concurrent_creates_with_one_token_make_one_flow(call: Calls) -> None:
    futures = [call.later("CreateFlow", flow(clientToken="t")) for _ in range(20)]
    assert len({str(future.result(timeout=PATIENCE_S)) for future in futures}) == 1
    rivals = [call.later("CreateFlow", flow("others", clientToken=f"u{number}")) for number in range(10)]
    assert sorted(type(future.exception(timeout=PATIENCE_S)).__name__ for future in rivals) == (
        ["ConflictException"] * 9 + ["NoneType"]
    )


def test_a_token_counts_in_its_account_region_and_operation_only(call: Calls) -> None:
    call("CreateFlow", flow(clientToken="t"))
    for other in (call.by(account="999999999999"), call.by(region="eu-west-1")):
        other("CreateFlow", flow("others", clientToken="t"))
    start(call)


def test_a_fingerprint_ignores_the_token_and_the_order_of_keys_and_nothing_else() -> None:
    one = fingerprint({"a": {"x": 1, "y": [1, 2]}, "clientToken": "t"})
    assert one == fingerprint({"clientToken": "u", "a": {"y": [1, 2], "x": 1}})
    assert one != fingerprint({"a": {"x": 1, "y": [2, 1]}})
