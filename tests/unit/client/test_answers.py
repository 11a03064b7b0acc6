"""Answers that are errors, and answers that are none of the API's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headrace import errors
from headrace.client import CallError, CredentialsRefused, UnmodelledError, UnreadableAnswer
from headrace.client.transport import Reply
from headrace.errors import ServiceError, ThrottlingException
from headrace.model.api import ERROR_STATUS
from tests.unit.client.rig import Rig, refusal, reply

RigOf = Callable[..., Rig]
HTML = Reply(200, {"content-type": "text/html"}, b"<html><h1>Sign in to the network</h1>")


def describe(rig: Rig) -> object:
    # One try is enough here; what is tried again is tested elsewhere.
    return rig.run(lambda client: client.describe_flow(flow_name="orders"))


@pytest.mark.parametrize("name", sorted(ERROR_STATUS))
def test_each_modelled_error_is_raised_as_its_class(rig_of: RigOf, name: str) -> None:
    rig = rig_of(refusal(name, ERROR_STATUS[name], "because"))
    with pytest.raises(ServiceError, match="because") as raised:
        describe(rig)
    assert type(raised.value) is getattr(errors, name)
    assert (raised.value.request_id, raised.value.status) == ("r-1", ERROR_STATUS[name])
    assert raised.value.is_retryable == (name in {"InternalServerException", "ThrottlingException"})


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ns#ConflictException:http://x/", 409),
        reply({"__type": "com.amazonaws.appflow#ConflictException", "Message": "no"}, 409),
        reply({"code": "ConflictException", "message": "no"}, 409),
    ],
)
def test_the_name_of_an_error_is_found_wherever_services_put_it(rig_of: RigOf, answer: Reply) -> None:
    with pytest.raises(errors.ConflictException, match="no"):
        describe(rig_of(answer))


def test_an_error_that_the_model_lacks_keeps_its_name(rig_of: RigOf) -> None:
    with pytest.raises(UnmodelledError) as raised:
        describe(rig_of(refusal("OptInRequired", 403, "ask for it")))
    error = raised.value
    assert (error.code, error.status, error.request_id, error.is_retryable) == ("OptInRequired", 403, "r-1", False)
    assert str(error) == "OptInRequired: ask for it"


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "MissingAuthenticationTokenException"])
def test_credentials_that_are_not_taken_have_a_class_of_their_own(rig_of: RigOf, code: str) -> None:
    with pytest.raises(CredentialsRefused, match=code):
        describe(rig_of(refusal(code, 403)))


def test_throttling_by_a_proxy_is_throttling(rig_of: RigOf) -> None:
    with pytest.raises(ThrottlingException):
        describe(rig_of(Reply(429, {}, b"slow down")))


@pytest.mark.parametrize(
    "answer, says",
    [
        (HTML, r"status 200, text/html\) does not speak AppFlow's API.*Is the endpoint right.*Sign in to the network"),
        (Reply(200, {"content-type": "application/json"}, b'{"flowArn": "arn'), "Unterminated string"),
        (Reply(200, {"content-type": "application/json"}, b"[1]"), "there is a list where an object belongs"),
        (Reply(200, {}, b'{"tasks": "none"}'), "there is a str where a list belongs"),
        (Reply(200, {}, b'{"tags": []}'), "there is a list where an object belongs"),
        (Reply(200, {}, b'{"createdAt": "yesterday"}'), "'yesterday' is no instant"),
        (Reply(200, {}, b'{"createdAt": 1e300}'), "is no instant"),
        (Reply(200, {}, b"[" * 100_000), "recursion"),
        (Reply(404, {"content-type": "text/html"}, b"<html>no such page"), "status 404 without the name of an error"),
        (Reply(301, {}, b""), "status 301 without the name of an error"),
    ],
    ids=range(10),
)
def test_an_answer_that_is_none_of_the_apis_is_said_to_be_so(rig_of: RigOf, answer: Reply, says: str) -> None:
    with pytest.raises(UnreadableAnswer, match=says) as raised:
        describe(rig_of(answer))
    assert (raised.value.status, raised.value.is_retryable) == (answer.status, False)


def test_a_web_page_of_a_broken_gateway_may_pass(rig_of: RigOf) -> None:
    with pytest.raises(UnreadableAnswer) as raised:
        describe(rig_of(Reply(503, {"content-type": "text/html"}, b"<html>")))
    assert raised.value.is_retryable


def test_a_null_answer_is_an_empty_one(rig_of: RigOf) -> None:
    rig = rig_of(Reply(200, {}, b"null"))
    assert repr(describe(rig)) == "DescribeFlowOutput()"


def test_every_error_of_the_client_has_what_a_caller_asks_for() -> None:
    error = CallError("what")
    assert (error.message, error.request_id, error.status, error.is_retryable, error.retry_after_s) == (
        *("what", None, None),
        *(False, None),
    )
