"""Lists page by page, and the end of an execution."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from headrace.client import ExecutionFailed, UnreadableAnswer, WaitTimedOut
from headrace.client.transport import Reply
from headrace.errors import ResourceNotFoundException
from tests.unit.client.rig import Rig, refusal, reply

RigOf = Callable[..., Rig]
# Of the clock that the rig turns.
A_WHILE_S = 30


def flows(*names: str, token: str | None = None) -> Reply:
    return reply({"flows": [{"flowName": name} for name in names], **({"nextToken": token} if token else {})})


def record(status: str, **members: Any) -> Reply:
    return reply({"flowExecutions": [{"executionId": "e-1", "executionStatus": status, **members}]})


def test_what_is_on_all_pages_comes_one_by_one(rig_of: RigOf) -> None:
    rig = rig_of(flows("a", "b", token="t1"), flows(token="t2"), flows("c"))
    found = rig.run(lambda client: client.list_flows().max_results(2).items())
    assert [flow.flow_name for flow in found] == ["a", "b", "c"]
    assert rig.network.bodies == [
        {"maxResults": 2},
        {"maxResults": 2, "nextToken": "t1"},
        {"maxResults": 2, "nextToken": "t2"},
    ]


def test_pages_come_with_their_request_ids(rig_of: RigOf) -> None:
    rig = rig_of(flows("a", token="t1"), flows("b"))
    found = rig.run(lambda client: client.list_flows().pages())
    assert [(page.request_id, page.next_token) for page in found] == [("r-1", "t1"), ("r-1", None)]


def test_the_next_page_is_asked_for_when_it_is_wanted() -> None:
    rig = Rig("threads", (flows("a", token="t1"), flows("b")), {})
    assert next(rig.client.list_flows().items()).flow_name == "a"
    assert len(rig.network.requests) == 1


def test_a_list_that_names_the_same_page_again_is_not_followed_for_ever(rig_of: RigOf) -> None:
    rig = rig_of(flows("a", token="again"))
    with pytest.raises(UnreadableAnswer, match="would list for ever"):
        rig.run(lambda client: client.list_flows().items())
    assert len(rig.network.requests) == 2


def test_entities_of_all_groups_come_one_by_one(rig_of: RigOf) -> None:
    rig = rig_of(reply({"connectorEntityMap": {"A": [{"name": "a"}, {"name": "b"}], "B": [{"name": "c"}], "C": None}}))
    found = rig.run(lambda client: client.list_connector_entities().connector_type("Salesforce").items())
    assert [entity.name for entity in found] == ["a", "b", "c"]


def test_a_list_without_its_member_is_empty(rig_of: RigOf) -> None:
    assert rig_of(reply({})).run(lambda client: client.list_flows().items()) == []


def test_an_execution_is_followed_to_its_end(rig_of: RigOf) -> None:
    going = record("InProgress", executionResult={"recordsProcessed": 5})
    rig = rig_of(reply({"flowExecutions": []}), going, record("Successful", executionResult={"recordsProcessed": 9}))
    seen: list[Any] = []
    done = rig.run(lambda client: client.wait_for_execution("orders", "e-1", on_progress=seen.append))
    assert [each.execution_result.records_processed for each in seen] == [5, 9]
    assert done == seen[-1]
    assert rig.waits == pytest.approx([0.2, 0.3])
    assert rig.network.bodies[0] == {"flowName": "orders", "maxResults": 100}


def test_an_execution_is_found_on_a_later_page(rig_of: RigOf) -> None:
    other = {"executionId": "e-0", "executionStatus": "Error"}
    rig = rig_of(reply({"flowExecutions": [other], "nextToken": "t"}), record("Successful"))
    assert rig.run(lambda client: client.wait_for_execution("orders", "e-1")).execution_id == "e-1"


@pytest.mark.parametrize("status", ["Error", "Canceled"])
def test_an_execution_that_ends_badly_is_an_error_with_its_record(rig_of: RigOf, status: str) -> None:
    rig = rig_of(record(status, executionResult={"errorInfo": {"executionMessage": "the bucket is gone"}}))
    with pytest.raises(ExecutionFailed, match=f"e-1 of orders ended as {status}: the bucket is gone") as raised:
        rig.run(lambda client: client.wait_for_execution("orders", "e-1"))
    assert raised.value.record.execution_status == status


def test_a_wait_ends_in_time(rig_of: RigOf) -> None:
    rig = rig_of(record("CancelStarted"))
    with pytest.raises(WaitTimedOut, match=re.escape("The execution e-1 of orders has not ended in 30 s; it goes on")):
        rig.run(lambda client: client.wait_for_execution("orders", "e-1", timeout_s=A_WHILE_S, longest_pause_s=4))
    assert max(rig.waits) == 4
    assert 30 <= sum(rig.waits) < 35


def test_an_execution_that_never_shows_is_not_waited_for(rig_of: RigOf) -> None:
    rig = rig_of(reply({}))
    with pytest.raises(WaitTimedOut, match=r"There is no execution e-1 of orders.*is the id right"):
        rig.run(lambda client: client.wait_for_execution("orders", "e-1"))


def test_a_flow_that_is_gone_ends_the_wait(rig_of: RigOf) -> None:
    rig = rig_of(record("InProgress"), refusal("ResourceNotFoundException", 404, "no such flow"))
    with pytest.raises(ResourceNotFoundException, match="no such flow"):
        rig.run(lambda client: client.wait_for_execution("orders", "e-1"))
