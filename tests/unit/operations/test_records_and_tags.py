from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from headrace.engine.results import Counts
from headrace.errors import ResourceNotFoundException, ServiceError, ValidationException
from headrace.model.api import OPERATIONS
from headrace.model.check import violations
from headrace.model.states import State
from headrace.operations import dispatch, pages
from headrace.operations.context import Context
from headrace.settings import Settings
from headrace.store import executions
from headrace.store.secrets import Sealer
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import ALICE, Calls, flow, numbered_ids

ARN = "arn:aws:appflow:us-east-1:123456789012:flow/orders"
PARALLEL = {"headrace:parallel-runs": "true"}


def test_a_finished_run_shows_its_counts_and_instants(call: Calls) -> None:
    call("CreateFlow", flow())
    started = call("StartFlow", flowName="orders")
    call.clock.turn(timedelta(seconds=1))
    claim = call.claim()
    call.clock.turn(timedelta(seconds=2))
    call.settle(claim, counts=Counts(7, 7, bytes_read=70, bytes_written=60).to_document())
    (record,) = call.records()
    assert record == {
        "executionId": started["executionId"],
        "executionStatus": "Successful",
        "executionResult": {"bytesProcessed": 70, "bytesWritten": 60, "recordsProcessed": 7},
        "startedAt": 1767323046.678,
        "lastUpdatedAt": 1767323048.678,
    }


def test_rejected_records_are_told_in_words_that_the_model_allows(call: Calls) -> None:
    call("CreateFlow", flow())
    call("StartFlow", flowName="orders")
    call.settle(call.claim(), counts=Counts(7, 5, {0: 2}).to_document(), message="2 of 7: «kept» at /x" + "y" * 3000)
    (record,) = call.records()
    error = record["executionResult"]["errorInfo"]
    assert error["putFailuresCount"] == 2
    assert error["executionMessage"].startswith("2 of 7 kept at /xyyy")
    assert record["executionStatus"] == "Successful"
    assert violations("ErrorInfo", error, limits="aws") == ()


def test_a_failed_run_has_error_info_even_without_rejects(call: Calls) -> None:
    call("CreateFlow", flow())
    call("StartFlow", flowName="orders")
    call.settle(call.claim(), State.FAILED, message="Out of disk")
    assert call.records()[0]["executionResult"]["errorInfo"] == {
        "putFailuresCount": 0,
        "executionMessage": "Out of disk",
    }


def test_a_pull_window_is_shown(call: Calls) -> None:
    call("CreateFlow", flow())
    call("StartFlow", flowName="orders")
    call.store.write(
        lambda tx: tx._session.rows("UPDATE executions SET window_from_ms = 1000, window_to_ms = 2500")
    ).result(timeout=PATIENCE_S)
    assert (call.records()[0]["dataPullStartTime"], call.records()[0]["dataPullEndTime"]) == (1.0, 2.5)


def test_records_are_newest_first_and_come_in_pages(call: Calls) -> None:
    call("CreateFlow", flow(tags=PARALLEL))
    ids = [call("StartFlow", flowName="orders")["executionId"] for _ in range(5)]
    first = call("DescribeFlowExecutionRecords", flowName="orders", maxResults=3)
    # One that is started meanwhile moves nothing.
    call("StartFlow", flowName="orders")
    second = call("DescribeFlowExecutionRecords", flowName="orders", maxResults=3, nextToken=first["nextToken"])
    shown = [record["executionId"] for page in (first, second) for record in page["flowExecutions"]]
    assert shown == ids[::-1]
    assert "nextToken" not in second


def test_records_of_an_unknown_flow_are_not_found(call: Calls) -> None:
    with pytest.raises(ResourceNotFoundException, match=r"^Flow orders not found\.$"):
        call.records()


def token(call: Calls) -> str:
    for name in ("a1", "b1", "c1"):
        call("CreateFlow", flow(name, tags=PARALLEL))
    for _ in range(2):
        call("StartFlow", flowName="a1")
    return call("DescribeFlowExecutionRecords", flowName="a1", maxResults=1)["nextToken"]


def refused_token(call: Calls, name: str, **members: object) -> str:
    with pytest.raises(ValidationException) as raised:
        call(name, members)
    return str(raised.value)


def test_a_next_token_serves_its_own_request_only(call: Calls) -> None:
    given = token(call)
    assert len(given) < 2048
    listing = call("ListFlows", maxResults=1)["nextToken"]
    assert "not valid" in refused_token(call, "DescribeFlowExecutionRecords", flowName="b1", nextToken=given)
    assert "not valid" in refused_token(call, "ListFlows", nextToken=given)
    for other in (call.by(account="999999999999"), call.by(region="eu-west-1")):
        assert "not valid" in refused_token(other, "ListFlows", nextToken=listing)
    assert len(call.records("a1", nextToken=given)) == 1
    assert len(call("ListFlows", nextToken=listing)["flows"]) == 2


def test_a_next_token_serves_the_operation_that_gave_it_only(tmp_path: Path) -> None:
    context = Context(ALICE, Settings(data=tmp_path), 1000, numbered_ids(), Sealer.open_folder(tmp_path))
    _, more = pages.split(context, "One", {"maxResults": 1}, ["a", "b"], lambda element: element)
    assert pages.position(context, "One", more) == "a"
    with pytest.raises(ValidationException, match="not valid"):
        pages.position(context, "Another", more)


@pytest.mark.parametrize("wrong", ["x", "gAAAAA==", "é"])
def test_a_made_up_next_token_is_refused(call: Calls, wrong: str) -> None:
    assert "leave it out to start with the first page" in refused_token(call, "ListFlows", nextToken=wrong)


def test_a_changed_next_token_is_refused(call: Calls) -> None:
    given = token(call)
    changed = given[:50] + ("A" if given[50] != "A" else "B") + given[51:]
    assert "not valid" in refused_token(call, "DescribeFlowExecutionRecords", flowName="a1", nextToken=changed)


def test_a_next_token_lives_a_day(call: Calls) -> None:
    given = token(call)
    call.clock.turn(timedelta(hours=24) - timedelta(milliseconds=1))
    assert len(call.records("a1", nextToken=given)) == 1
    call.clock.turn(timedelta(milliseconds=1))
    assert "has expired" in refused_token(call, "DescribeFlowExecutionRecords", flowName="a1", nextToken=given)


def test_cancelling_names_what_could_not_be_cancelled(call: Calls) -> None:
    call("CreateFlow", flow(tags=PARALLEL))
    call("CreateFlow", flow("others"))
    finished, committing, running, queued = (call("StartFlow", flowName="orders")["executionId"] for _ in range(4))
    call.settle(call.claim())
    fence = call.claim().execution.fence
    assert call.store.write(lambda tx: executions.begin_commit(tx, committing, fence, now_ms=1)).result(
        timeout=PATIENCE_S
    )
    call.claim()
    foreign = call("StartFlow", flowName="others")["executionId"]
    wanted = [finished, committing, running, queued, queued, foreign, "unknown"]
    answer = call("CancelFlowExecutions", flowName="orders", executionIds=wanted)
    assert answer == {"invalidExecutions": [finished, committing, foreign, "unknown"]}
    statuses = {record["executionId"]: record["executionStatus"] for record in call.records()}
    assert statuses == {
        finished: "Successful",
        committing: "InProgress",
        running: "CancelStarted",
        queued: "Canceled",
    }
    assert call.records("others")[0]["executionStatus"] == "InProgress"


def test_cancelling_without_ids_cancels_every_run_of_the_flow(call: Calls) -> None:
    call("CreateFlow", flow(tags=PARALLEL))
    for _ in range(3):
        call("StartFlow", flowName="orders")
    call.claim()
    assert call("CancelFlowExecutions", flowName="orders") == {"invalidExecutions": []}
    assert [record["executionStatus"] for record in call.records()] == ["Canceled", "Canceled", "CancelStarted"]
    assert call("CancelFlowExecutions", flowName="orders", executionIds=[]) == {"invalidExecutions": []}


def test_tags_are_added_changed_removed_and_shown_with_the_flow(call: Calls) -> None:
    call("CreateFlow", flow(tags={"a": "1"}))
    assert call("TagResource", resourceArn=ARN, tags={"a": "2", "b": ""}) == {}
    assert call("ListTagsForResource", resourceArn=ARN) == {"tags": {"a": "2", "b": ""}}
    assert call.describe()["tags"] == call("ListFlows")["flows"][0]["tags"] == {"a": "2", "b": ""}
    assert call("UntagResource", resourceArn=ARN, tagKeys=["a", "unknown"]) == {}
    assert call("ListTagsForResource", resourceArn=ARN) == {"tags": {"b": ""}}


def test_a_resource_takes_fifty_tags_and_no_more(call: Calls) -> None:
    call("CreateFlow", flow(tags={f"a.{chr(65 + number // 26)}{chr(65 + number % 26)}": "" for number in range(49)}))
    call("TagResource", resourceArn=ARN, tags={"last": ""})
    with pytest.raises(ValidationException, match="would have 51 tags; at most 50 are allowed"):
        call("TagResource", resourceArn=ARN, tags={"more": "", "last": "again"})
    assert call("ListTagsForResource", resourceArn=ARN)["tags"]["last"] == ""


@pytest.mark.parametrize(
    "arn",
    [
        ARN + "s",
        ARN.replace("123456789012", "999999999999"),
        ARN.replace("us-east-1", "eu-west-1"),
        "arn:aws:appflow:us-east-1:123456789012:connectorprofile/orders",
        "arn:aws:s3:::123:x",
    ],
)
@pytest.mark.parametrize("name", ["TagResource", "UntagResource", "ListTagsForResource"])
def test_a_resource_that_is_not_there_has_no_tags(call: Calls, name: str, arn: str) -> None:
    call("CreateFlow", flow())
    members = {"TagResource": {"tags": {"a": "b"}}, "UntagResource": {"tagKeys": ["a"]}}.get(name, {})
    with pytest.raises(ResourceNotFoundException) as raised:
        call.dispatcher.call(name, ALICE, {"resourceArn": arn} | members).result(timeout=PATIENCE_S)
    assert str(raised.value) == f"Resource {arn} not found."


def test_one_table_has_every_operation_of_the_model_once() -> None:
    tables = (
        dispatch.READING,
        dispatch.WRITING,
        dispatch.PREPARED,
        dispatch.PREPARED_PROFILES,
        dispatch.PREPARED_CONNECTORS,
        dispatch.ASKING,
    )
    names = [name for table in tables for name in table]
    assert sorted(names) == sorted(OPERATIONS)


def test_a_name_that_is_no_operation_is_a_mistake_of_the_caller(call: Calls) -> None:
    with pytest.raises(KeyError):
        call.dispatcher.call("NoSuchOperation", ALICE, {})


def test_a_closed_service_refuses_in_words(call: Calls) -> None:
    call.dispatcher.close()
    with pytest.raises(ServiceError, match="headrace is stopping"):
        call("CreateFlow", flow())
