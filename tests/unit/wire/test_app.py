"""The steps of a request, and what each of them refuses."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from threading import Thread
from typing import Any

import pytest

from headrace import errors
from headrace.errors import HeadraceError, SettingsError
from headrace.model.api import ERROR_STATUS
from headrace.wire.app import LARGE_BODY_BYTES
from tests.unit.wire.rig import HASTY, REQUEST_ID, Rig, StandInDispatcher

START = b'{"flowName":"one","clientToken":"t"}'
ARN = "arn:aws:appflow:us-east-1:000000000000:flow/one"


def test_an_answer_is_json_with_a_request_id() -> None:
    rig = Rig(dispatcher=StandInDispatcher({"flowArn": ARN, "executionId": None}))
    reply = rig.ask("/start-flow", START)
    assert (reply.status, reply.json) == (200, {"flowArn": ARN})
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-amzn-requestid"] == REQUEST_ID
    assert reply.headers["content-length"] == str(len(reply.body))
    name, caller, request = rig.dispatcher.calls[0]
    assert (name, request) == ("StartFlow", {"flowName": "one", "clientToken": "t"})
    assert (caller.account, caller.region) == ("000000000000", "us-east-1")


def test_an_empty_body_counts_as_an_empty_object() -> None:
    rig = Rig()
    assert rig.ask("/list-flows").status == 200
    assert rig.dispatcher.calls[0][2] == {}


@pytest.mark.parametrize("path", [f"/tags/{ARN}", f"/tags/{ARN.replace(':', '%3A').replace('/', '%2F')}"])
def test_an_arn_stands_in_the_path_encoded_or_not(path: str) -> None:
    rig = Rig(dispatcher=StandInDispatcher({"tags": {}}))
    reply = rig.ask(path, method="GET")
    assert (reply.status, reply.json) == (200, {"tags": {}})
    assert rig.dispatcher.calls[0][2] == {"resourceArn": ARN}


def test_tag_changes_answer_204_without_a_body() -> None:
    rig = Rig()
    tagged = rig.ask(f"/tags/{ARN}", b'{"tags":{"a":"b"}}')
    untagged = rig.ask(f"/tags/{ARN}", method="DELETE", query="tagKeys=a&tagKeys=b%20c&tagKeys=")
    assert [(one.status, one.body, "content-type" in one.headers) for one in (tagged, untagged)] == [
        (204, b"", False)
    ] * 1 + [(400, untagged.body, True)]
    assert untagged.error == "ValidationException"
    assert rig.ask(f"/tags/{ARN}", method="DELETE", query="tagKeys=a&tagKeys=b").status == 204
    assert rig.dispatcher.calls[-1][2] == {"resourceArn": ARN, "tagKeys": ["a", "b"]}


def test_untagging_without_keys_is_told_in_aws_words() -> None:
    reply = Rig().ask(f"/tags/{ARN}", method="DELETE")
    assert reply.message == (
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize("path", ["/", "/no-such-flow", "/tags/", "/tags", "/start-flow/", "/START-FLOW", "/%ff\x00"])
def test_an_unknown_path_is_an_unknown_operation(path: str) -> None:
    reply = Rig().ask(path)
    assert (reply.status, reply.error) == (404, "UnknownOperationException")
    assert reply.headers["x-amzn-requestid"] == REQUEST_ID


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "BREW"])
def test_a_wrong_method_is_told_which_is_right(method: str) -> None:
    reply = Rig().ask("/start-flow", method=method)
    assert (reply.status, reply.error) == (405, "MethodNotAllowedException")
    assert reply.message == f"{method} is no method of /start-flow: use POST"


def test_a_path_that_is_no_utf8_is_refused() -> None:
    reply = Rig().ask("/tags/%ff", method="GET")
    assert (reply.status, reply.error) == (400, "SerializationException")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"flowName":5}',
        b'{"flowName":NaN}',
        b'{"flowName":"\\ud800"}',
        b"[" * 900,
        b'{"flowName":[[[[[[]]]]]]}',
        b"9" * 900,
    ],
)
def test_a_body_that_can_not_be_read_is_a_serialization_exception(body: bytes) -> None:
    rig = Rig()
    reply = rig.ask("/start-flow", body)
    assert (reply.status, reply.error) == (400, "SerializationException")
    assert reply.message
    assert rig.dispatcher.calls == []


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"x":' * 200_000, b'{"flowName":' + b"9" * 100_000 + b"}"])
def test_a_bomb_is_a_serialization_exception(body: bytes) -> None:
    reply = Rig(body_limit_bytes=2_000_000).ask("/start-flow", body)
    assert (reply.status, reply.error) == (400, "SerializationException")


def test_violated_constraints_reach_no_operation() -> None:
    rig = Rig()
    reply = rig.ask("/start-flow", b'{"flowName":"a b"}')
    assert (reply.status, reply.error) == (400, "ValidationException")
    assert reply.message.startswith("1 validation error detected: Value 'a b' at 'flowName' failed")
    assert rig.dispatcher.calls == []


def test_aws_limits_refuse_what_only_headrace_takes() -> None:
    properties = {"bucketName": "abc", "s3InputFormatConfig": {"s3InputFileType": "PARQUET"}}
    body = json.dumps({"sourceFlowConfig": {"sourceConnectorProperties": {"S3": properties}}}).encode()
    assert "s3InputFileType" in Rig(limits="aws").ask("/create-flow", body).message
    assert "s3InputFileType" not in Rig().ask("/create-flow", body).message


@pytest.mark.parametrize("kind", errors.ServiceError.__subclasses__())
def test_each_modelled_error_has_its_name_and_status(kind: type[errors.ServiceError]) -> None:
    reply = Rig(dispatcher=StandInDispatcher(kind("Flow one ü not found."))).ask("/start-flow", START)
    assert (reply.status, reply.error) == (ERROR_STATUS[kind.__name__], kind.__name__)
    assert reply.json == {"message": "Flow one ü not found."}


def test_an_error_of_a_finer_class_goes_by_the_models_name() -> None:
    class FinerError(errors.ConflictException):
        pass

    reply = Rig(dispatcher=StandInDispatcher(FinerError("x"))).ask("/start-flow", START)
    assert (reply.status, reply.error) == (409, "ConflictException")


def test_any_other_error_on_purpose_is_an_internal_one() -> None:
    reply = Rig(dispatcher=StandInDispatcher(HeadraceError("x"))).ask("/start-flow", START)
    assert (reply.status, reply.error) == (500, "InternalServerException")


def test_an_unexpected_fault_is_told_by_its_request_id_only() -> None:
    rig = Rig(dispatcher=StandInDispatcher(ZeroDivisionError("the reason")))
    reply = rig.ask("/start-flow", START)
    assert (reply.status, reply.error) == (500, "InternalServerException")
    assert REQUEST_ID in reply.message
    assert "reason" not in reply.message
    failure = next(line for line in rig.log_lines() if "traceback" in line)
    assert failure["request_id"] == REQUEST_ID
    assert "ZeroDivisionError: the reason" in failure["traceback"]


class RaisingDispatcher(StandInDispatcher):
    """Raises before there is a future."""

    def call(self, name: str, caller: Any, request: dict[str, Any], /) -> Future[dict[str, Any]]:
        raise KeyError(name)


def test_a_fault_before_the_future_is_answered_too() -> None:
    assert Rig(dispatcher=RaisingDispatcher()).ask("/start-flow", START).error == "InternalServerException"


class ThreadedDispatcher(StandInDispatcher):
    """Answers from another thread."""

    def call(self, name: str, caller: Any, request: dict[str, Any], /) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()
        Thread(target=future.set_result, args=({"executionId": "e"},)).start()
        return future


def test_an_answer_may_come_from_another_thread() -> None:
    assert Rig(dispatcher=ThreadedDispatcher()).ask("/start-flow", START).json == {"executionId": "e"}


def test_a_large_request_is_read_like_a_small_one() -> None:
    rig = Rig(body_limit_bytes=LARGE_BODY_BYTES * 4)
    body = json.dumps({"tasks": [{"taskType": "Map", "sourceFields": ["f"]}] * 3000}).encode()
    assert len(body) > LARGE_BODY_BYTES
    assert "4 validation errors" in rig.ask("/update-flow", body).message


@pytest.mark.parametrize("over", [1, 10**6, 10**30])
def test_a_declared_body_over_the_limit_is_refused_before_it_is_read(over: int) -> None:
    rig = Rig(body_limit_bytes=1000)
    reply = rig.ask("/start-flow", declared=1000 + over, parts=[b""])
    assert (reply.status, reply.error) == (413, "RequestEntityTooLargeException")
    assert reply.headers["connection"] == "close"


def test_a_chunked_body_over_the_limit_is_not_read_to_its_end() -> None:
    chunks = [b"x" * 400 for _ in range(100)]
    reply = Rig(body_limit_bytes=1000).ask("/start-flow", parts=chunks, headers={"transfer-encoding": "chunked"})
    assert (reply.status, reply.error) == (413, "RequestEntityTooLargeException")
    assert reply.headers["connection"] == "close"


def test_a_body_at_the_limit_is_read() -> None:
    body = START + b" " * (1000 - len(START))
    assert Rig(body_limit_bytes=1000).ask("/start-flow", body).status == 200
    halves = [body[:500], body[500:]]
    assert Rig(body_limit_bytes=1000).ask("/start-flow", parts=halves, declared=1000).status == 200
    assert Rig(body_limit_bytes=999).ask("/start-flow", body).status == 413


@pytest.mark.parametrize("parts", [[], [b"{..."], [b'{"flow...', b"Name..."]])
def test_a_body_that_never_comes_is_a_timeout(parts: list[bytes]) -> None:
    reply = Rig(patience=HASTY).ask("/start-flow", declared=500, parts=parts)
    assert (reply.status, reply.error) == (408, "RequestTimeoutException")
    assert reply.headers["connection"] == "close"


def test_a_client_that_hangs_up_is_not_answered() -> None:
    rig = Rig()
    assert rig.ask("/start-flow", declared=500, parts=[b"{", None]).status == 0
    assert rig.ask("/start-flow", declared=500, parts=[None]).status == 0
    assert [line.get("gone") for line in rig.log_lines()] == [True, True]
    assert rig.dispatcher.calls == []


def test_an_answer_before_the_body_was_read_closes_the_connection() -> None:
    reply = Rig().ask("/no-such-flow", b"{}")
    assert (reply.status, reply.headers["connection"]) == (404, "close")
    assert "connection" not in Rig().ask("/no-such-flow").headers


def test_a_content_length_that_is_no_number_is_refused() -> None:
    reply = Rig().ask("/start-flow", headers={"content-length": "many"})
    assert (reply.status, reply.error) == (400, "SerializationException")


def test_one_log_line_a_call_says_who_did_what_and_no_content() -> None:
    rig = Rig(dispatcher=StandInDispatcher(errors.ConflictException("busy")))
    rig.ask("/start-flow", b'{"flowName":"hidden-name"}')
    (line,) = rig.log_lines()
    assert (line["event"], line["status"], line["error"]) == ("StartFlow", 409, "ConflictException")
    assert line["request_id"] == REQUEST_ID
    assert line["caller"] == "arn:aws:iam::000000000000:user/anonymous"
    assert line["ms"] >= 0
    assert "hidden-name" not in rig.log_text.getvalue()


def test_health_is_told_without_credentials() -> None:
    rig = Rig(auth="sigv4")
    assert (rig.ask("/healthz", method="GET").status, rig.ask("/healthz", method="GET").json) == (200, {"status": "ok"})
    assert rig.ask("/healthz", method="POST").status == 405


def test_verifying_without_keys_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="HEADRACE_AUTH=sigv4"):
        Rig(auth="sigv4", keys=None)  # type: ignore[arg-type]


def test_the_servers_life_is_followed_and_web_sockets_are_closed() -> None:
    async def lives(kind: str, *messages: str) -> list[str]:
        left, sent = list(messages), []

        async def receive() -> dict[str, Any]:
            return {"type": left.pop(0)}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await Rig().app({"type": kind}, receive, send)
        return sent

    life = asyncio.run(lives("lifespan", "lifespan.startup", "lifespan.shutdown"))
    assert life == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert asyncio.run(lives("websocket", "websocket.connect")) == ["websocket.close"]
