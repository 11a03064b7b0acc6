"""Twelve operations against the model: every answer fits its shape, every modelled error that can occur does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.engine.results import Counts
from headrace.model.api import OPERATIONS
from headrace.model.states import State
from tests.contract.promises import Case, assert_fits, assert_needs_the_store, assert_raises
from tests.standins.stores import StorePlace
from tests.unit.operations.calls import SCHEDULED, Calls, Json, flow, serving

ARN = "arn:aws:appflow:us-east-1:123456789012:flow/orders"


@pytest.fixture(name="call")
def operations(store_place: StorePlace) -> Iterator[Calls]:
    with serving(store_place.data, database_url=store_place.url) as calls:
        yield calls


def made(call: Calls, **members: Any) -> Calls:
    call("CreateFlow", flow(**members))
    return call


def run(call: Calls) -> Calls:
    made(call, tags={"headrace:parallel-runs": "true"})
    for state in (State.DONE, State.FAILED):
        call("StartFlow", flowName="orders")
        call.settle(call.claim(), state, Counts(3, 2, {0: 1}).to_document(), "1 of 3: «why» (see log)")
    call("StartFlow", flowName="orders")
    return call


HAPPY: dict[str, Case] = {
    "CancelFlowExecutions": lambda call: run(call)("CancelFlowExecutions", flowName="orders", executionIds=["x"]),
    "CreateFlow": lambda call: call("CreateFlow", flow(clientToken="t", description="d", tags={"a": "b"})),
    "DeleteFlow": lambda call: made(call)("DeleteFlow", flowName="orders"),
    "DescribeFlow": lambda call: run(call).describe(),
    "DescribeFlowExecutionRecords": lambda call: run(call)(
        "DescribeFlowExecutionRecords", flowName="orders", maxResults=2
    ),
    "ListFlows": lambda call: run(call)("ListFlows"),
    "ListTagsForResource": lambda call: made(call, tags={"a": "b"})("ListTagsForResource", resourceArn=ARN),
    "StartFlow": lambda call: made(call)("StartFlow", flowName="orders", clientToken="t"),
    "StopFlow": lambda call: made(call, triggerConfig=SCHEDULED)("StopFlow", flowName="orders"),
    "TagResource": lambda call: made(call)("TagResource", resourceArn=ARN, tags={"a": "b"}),
    "UntagResource": lambda call: made(call)("UntagResource", resourceArn=ARN, tagKeys=["a"]),
    "UpdateFlow": lambda call: made(call)("UpdateFlow", flow(description="new", clientToken="t")),
}
# tests/contract/test_profiles.py and test_connectors.py
OF_CONNECTORS = {name for name in OPERATIONS if "Connector" in name}

ABSENT = {"flowName": "orders"}
UNKNOWN = {"resourceArn": ARN}
BAD_TOKEN = {"nextToken": "made-up"}
BAD_TASK = {"taskType": "Filter", "sourceFields": ["a"], "connectorOperator": {"S3": "NO_OP"}}


def reused(name: str) -> Case:
    def case(call: Calls) -> Any:
        made(call)(
            name, flow(clientToken="t", description="one") | ({"flowName": "one"} if name == "CreateFlow" else {})
        )
        call(name, flow(clientToken="t", description="two"))

    return case


def empty_source(name: str) -> Case:
    def case(call: Calls) -> Any:
        made(call)
        call.sources.is_empty = True
        call(name, flow("orders" if name == "UpdateFlow" else "others"))

    return case


FAILING: list[tuple[str, str, Case]] = [
    ("CancelFlowExecutions", "ResourceNotFoundException", lambda call: call("CancelFlowExecutions", ABSENT)),
    ("CreateFlow", "ValidationException", lambda call: call("CreateFlow", flow(tasks=[BAD_TASK]))),
    ("CreateFlow", "ConflictException", lambda call: made(call)("CreateFlow", flow())),
    ("CreateFlow", "ConflictException", reused("CreateFlow")),
    ("CreateFlow", "ConnectorServerException", empty_source("CreateFlow")),
    ("DeleteFlow", "ResourceNotFoundException", lambda call: call("DeleteFlow", ABSENT)),
    ("DeleteFlow", "ConflictException", lambda call: run(call)("DeleteFlow", ABSENT)),
    ("DescribeFlow", "ResourceNotFoundException", lambda call: call("DescribeFlow", ABSENT)),
    (
        "DescribeFlowExecutionRecords",
        "ResourceNotFoundException",
        lambda call: call("DescribeFlowExecutionRecords", ABSENT),
    ),
    (
        "DescribeFlowExecutionRecords",
        "ValidationException",
        lambda call: made(call)("DescribeFlowExecutionRecords", ABSENT | BAD_TOKEN),
    ),
    ("ListFlows", "ValidationException", lambda call: call("ListFlows", BAD_TOKEN)),
    ("ListTagsForResource", "ResourceNotFoundException", lambda call: call("ListTagsForResource", UNKNOWN)),
    ("StartFlow", "ResourceNotFoundException", lambda call: call("StartFlow", ABSENT)),
    ("StartFlow", "ConflictException", lambda call: [made(call)("StartFlow", ABSENT), call("StartFlow", ABSENT)]),
    ("StopFlow", "ResourceNotFoundException", lambda call: call("StopFlow", ABSENT)),
    ("StopFlow", "UnsupportedOperationException", lambda call: made(call)("StopFlow", ABSENT)),
    ("TagResource", "ResourceNotFoundException", lambda call: call("TagResource", UNKNOWN, tags={"a": "b"})),
    (
        "TagResource",
        "ValidationException",
        lambda call: made(call, tags=fifty())("TagResource", UNKNOWN, tags={"more": ""}),
    ),
    ("UntagResource", "ResourceNotFoundException", lambda call: call("UntagResource", UNKNOWN, tagKeys=["a"])),
    ("UpdateFlow", "ResourceNotFoundException", lambda call: call("UpdateFlow", flow())),
    ("UpdateFlow", "ValidationException", lambda call: made(call)("UpdateFlow", flow(tasks=[BAD_TASK]))),
    ("UpdateFlow", "ConflictException", reused("UpdateFlow")),
    ("UpdateFlow", "ConnectorServerException", empty_source("UpdateFlow")),
]

# Modelled, and never answered by these operations; the wire's and the quotas' have tests of their own.
ELSEWHERE: dict[str, str] = {
    "AccessDeniedException": "the wire, before an operation is called",
    "ConnectorAuthenticationException": "S3 has no profile to authenticate with",
    "InternalServerException": "below, for all",
    "ServiceQuotaExceededException": "tests/unit/operations, with HEADRACE_LIMITS=aws",
    "ThrottlingException": "headrace doesn't throttle",
}
NEVER: dict[tuple[str, str], str] = {
    ("CancelFlowExecutions", "ValidationException"): "the wire checks the constraints",
    ("CreateFlow", "ResourceNotFoundException"): "a flow from S3 to S3 names no profile",
    ("ListTagsForResource", "ValidationException"): "the wire checks the constraints",
    ("StopFlow", "ConflictException"): "stopping conflicts with nothing",
    ("UntagResource", "ValidationException"): "the wire checks the constraints",
}


@pytest.mark.parametrize("name", sorted(HAPPY))
def test_an_answer_fits_its_shape_even_with_appflows_limits(call: Calls, name: str) -> None:
    assert_fits(name, HAPPY[name](call))


@pytest.mark.parametrize("name, error, case", FAILING, ids=[f"{name}-{error}" for name, error, _ in FAILING])
def test_a_modelled_error_is_raised_as_such_and_changes_nothing(call: Calls, name: str, error: str, case: Case) -> None:
    assert_raises(name, error, lambda: case(call))


def test_every_modelled_error_of_the_twelve_is_tried_or_its_absence_explained() -> None:
    tried = {(name, error) for name, error, _ in FAILING}
    modelled = {(name, error) for name in HAPPY for error in OPERATIONS[name].errors if error not in ELSEWHERE}
    assert modelled == tried | set(NEVER)
    assert not tried & set(NEVER)


def test_the_twelve_and_those_of_connectors_are_all_there_are() -> None:
    assert set(HAPPY) | OF_CONNECTORS == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(HAPPY))
def test_a_store_that_is_closed_is_an_internal_failure_in_words(call: Calls, name: str) -> None:
    requests: dict[str, Json] = {
        "CreateFlow": flow(clientToken="t"),
        "UpdateFlow": flow(clientToken="t"),
        "ListFlows": {},
        "TagResource": UNKNOWN | {"tags": {"a": "b"}},
        "UntagResource": UNKNOWN | {"tagKeys": ["a"]},
        "ListTagsForResource": UNKNOWN,
    }
    assert_needs_the_store(call, name, requests.get(name, ABSENT))


def fifty() -> dict[str, str]:
    return {f"a.{chr(65 + number // 26)}{chr(65 + number % 26)}": "" for number in range(50)}
