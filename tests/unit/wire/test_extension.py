"""What is asked for under /headrace/v1, on its way to the operations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.errors import ConflictException, Stop, ValidationException
from headrace.model.json_text import SerializationError
from headrace.wire.callers import AccessKey
from headrace.wire.extension import Beyond
from headrace.wire.extension_table import Asked, Row
from headrace.wire.policy import parse_policy
from tests.unit.wire.rig import ACCOUNT, Rig, StandInDispatcher
from tests.unit.wire.test_sigv4 import ARN, HOST, KEY_ID, SECRET, send, signed

PATH = "/headrace/v1/flows/orders/executions"
TASK = {"taskType": "Filter", "sourceFields": ["id"], "taskProperties": {"VALUE": "1"}}


def called(rig: Rig) -> tuple[str, dict[str, Any]]:
    ((name, _, request),) = rig.dispatcher.calls
    return name, request


def test_a_run_is_started_with_what_the_body_asks_for() -> None:
    rig = Rig(dispatcher=StandInDispatcher({"executionId": "e1"}))
    body = {
        "from": "2026-01-01T00:00:00Z",
        "to": 1767312000.5,
        "fullRefresh": False,
        "filters": [TASK],
        "clientToken": "t",
    }

    reply = rig.ask(PATH, json.dumps(body).encode())

    assert (reply.status, reply.json) == (200, {"executionId": "e1"})
    assert reply.headers["x-amzn-requestid"]
    expected = {"from": 1767225600, "to": 1767312000.5, "fullRefresh": False, "filters": [TASK], "clientToken": "t"}
    assert called(rig) == ("headrace:StartExecution", expected | {"flowName": "orders"})


def test_a_run_needs_no_body_and_null_is_nothing() -> None:
    for body in (b"", b"{}", b'{"from": null}'):
        rig = Rig()
        assert rig.ask(PATH, body).status == 200
        assert called(rig) == ("headrace:StartExecution", {"flowName": "orders"})


def test_runs_are_listed_by_what_the_query_asks_for() -> None:
    rig = Rig()
    query = "from=1767225600&to=2026-01-02T00:00:00Z&ids=a,b&ids=c&statuses=Error,Successful&maxResults=5&nextToken=n"

    assert rig.ask(PATH, method="GET", query=query).status == 200

    assert called(rig) == (
        "headrace:ListExecutions",
        {
            "flowName": "orders",
            "from": 1767225600,
            "to": 1767312000,
            "ids": ["a", "b", "c"],
            "statuses": ["Error", "Successful"],
            "maxResults": 5,
            "nextToken": "n",
        },
    )


def test_the_name_of_a_flow_may_hold_what_a_path_escapes() -> None:
    rig = Rig()
    rig.ask("/headrace/v1/flows/a%40b/executions")
    assert called(rig)[1]["flowName"] == "a@b"


@pytest.mark.parametrize(
    "body, error, words",
    [
        (b'{"form": 5}', "ValidationException", "There is no member form: allowed are from, to, fullRefresh"),
        (b'{"from": "yesterday"}', "SerializationException", "timestamp at 'from'"),
        (b'{"fullRefresh": "yes"}', "SerializationException", "Boolean"),
        (
            b'{"filters": [{"taskType": "Nope", "sourceFields": []}]}',
            "ValidationException",
            "'filters.1.member.taskType'",
        ),
        (b'{"clientToken": ""}', "ValidationException", "at 'clientToken'"),
        (b"[]", "SerializationException", "no JSON object"),
        (b"{", "SerializationException", "not valid JSON"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_in_words(body: bytes, error: str, words: str) -> None:
    rig = Rig()
    reply = rig.ask(PATH, body)
    assert (reply.status, reply.error) == (400, error)
    assert words in reply.message
    assert rig.dispatcher.calls == []


@pytest.mark.parametrize(
    "query, error, words",
    [
        ("status=Error", "ValidationException", "There is no member status: allowed are from, to, ids, statuses"),
        ("statuses=Fine", "ValidationException", "at 'statuses'"),
        ("maxResults=1000", "ValidationException", "at 'maxResults'"),
        ("maxResults=all", "SerializationException", "Integer"),
        ("from=x", "SerializationException", "timestamp at 'from'"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_in_words(query: str, error: str, words: str) -> None:
    reply = Rig().ask(PATH, method="GET", query=query)
    assert (reply.status, reply.error) == (400, error)
    assert words in reply.message


@pytest.mark.parametrize(
    "path, method, body, status, error",
    [
        ("/headrace/v1/", "GET", b"", 404, "UnknownOperationException"),
        ("/headrace/v1/flows//executions", "GET", b"", 404, "UnknownOperationException"),
        ("/headrace/v1/flows/%ff/executions", "GET", b"", 400, "SerializationException"),
        ("/headrace/v1/flows/a/b/executions", "POST", b"", 404, "UnknownOperationException"),
        (PATH, "DELETE", b"", 405, "MethodNotAllowedException"),
        (PATH, "GET", b"{}", 400, "SerializationException"),
        ("/headrace/v1/flows/a b/executions", "POST", b"", 400, "ValidationException"),
    ],
)
def test_what_is_not_there_is_told(path: str, method: str, body: bytes, status: int, error: str) -> None:
    reply = Rig().ask(path, body, method=method)
    assert (reply.status, reply.error) == (status, error)


def test_a_method_that_is_none_of_a_path_is_answered_with_those_that_are() -> None:
    assert Rig().ask(PATH, method="PUT").message == f"PUT is no method of {PATH}: use GET, POST"


def test_a_row_says_what_it_must_be_given_and_reads_numbers_and_switches_of_a_query() -> None:
    members = {"count": Asked("MaxResults", "How many.", is_required=True), "all": Asked("Boolean", "Everything.")}
    beyond = Beyond(Row("headrace:Odd", "GET", "/odd", None, "Odd.", "OpenApi", members), {})
    assert beyond.request({"count": ["5"], "all": ["true"]}, b"", "none") == {"count": 5, "all": True}
    with pytest.raises(ValidationException, match=r"count must be given: How many\."):
        beyond.request({}, b"", "none")
    with pytest.raises(SerializationError):
        beyond.request({"count": ["5"], "all": ["perhaps"]}, b"", "none")


def test_what_the_operation_refuses_is_told_as_in_the_api() -> None:
    reply = Rig(dispatcher=StandInDispatcher(ConflictException("still running"))).ask(PATH)
    assert (reply.status, reply.error, reply.message) == (409, "ConflictException", "still running")


@pytest.mark.parametrize("method, action", [("POST", "StartFlow"), ("GET", "DescribeFlowExecutionRecords")])
def test_a_policy_decides_as_for_the_operation_that_is_most_like_it(method: str, action: str) -> None:
    for allowed, status in ((action, 200), ("ListFlows", 403)):
        resource = f"arn:aws:appflow:*:{ACCOUNT}:flow/orders"
        statement = {"Effect": "Allow", "Action": f"appflow:{allowed}", "Resource": resource}
        policy = parse_policy({"Version": "2012-10-17", "Statement": [statement]})
        rig = Rig(auth="sigv4", keys=[AccessKey(KEY_ID, SECRET, ACCOUNT, ARN, policy)])
        assert send(rig, signed(HOST + PATH, method=method)).status == status
    assert Rig(auth="sigv4", keys=[]).ask(PATH).status == 403


def test_a_long_answer_goes_out_block_by_block() -> None:
    rig = Rig(dispatcher=StandInDispatcher({"blocks": iter([b"a", b"", b"b"])}))
    reply = rig.ask(f"{PATH}/e1/rejects/file", method="GET")
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/jsonl", b"ab")
    assert called(rig) == ("headrace:DownloadRejects", {"flowName": "orders", "executionId": "e1"})


def test_a_long_answer_that_breaks_off_has_no_end() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a"
        raise Stop("the disk is gone")

    rig = Rig(dispatcher=StandInDispatcher({"blocks": blocks()}))
    with pytest.raises(AssertionError):
        rig.ask(f"{PATH}/e1/rejects/file", method="GET")
    assert rig.log_lines()[0]["reason"] == "the disk is gone"


@pytest.mark.parametrize(
    "path, actions, status",
    [
        ("plan", ["CreateFlow"], 200),
        ("explain", ["StartFlow", "CreateFlow"], 200),
        ("explain", ["StartFlow"], 403),
        ("preview", ["StartFlow", "CreateFlow"], 200),
        ("preview", ["StartFlow"], 403),
    ],
)
def test_a_policy_decides_by_the_flow_that_the_body_is_about(path: str, actions: list[str], status: int) -> None:
    """A document of the caller's own may name any connector profile, which only who creates flows may use."""
    allowed = [f"appflow:{action}" for action in actions]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": f"arn:aws:appflow:*:{ACCOUNT}:flow/mine"}
    policy = parse_policy({"Version": "2012-10-17", "Statement": [statement]})
    rig = Rig(auth="sigv4", keys=[AccessKey(KEY_ID, SECRET, ACCOUNT, ARN, policy)])
    about = (
        {"flowName": "mine"},
        {"flow": {"flowName": "mine"}},
        {"flowName": "other"},
        {"flow": {"flowName": "other"}},
    )
    bodies = [*about, {"flow": {}}, {"flow": []}, {"flow": {"flowName": "other"}, "flowName": "mine"}]

    sent = [json.dumps(body).encode() for body in bodies]
    statuses = [send(rig, signed(f"{HOST}/headrace/v1/{path}", body), body).status for body in sent]

    assert statuses == [200, status, 403, 403, 403, 403, 403]
