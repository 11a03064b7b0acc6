"""What is sent again, when, and with what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from headrace.client import (
    CallError,
    ClockSkewed,
    ConnectionFailed,
    Credentials,
    CredentialsExpired,
    CredentialsRefused,
    Retrying,
    TimedOut,
)
from headrace.client.transport import Reply, Request
from headrace.errors import ConflictException, InternalServerException, ServiceError, ThrottlingException
from tests.unit.client.rig import HTTP_DATE, NOW, Outcome, Rig, refusal, reply

RigOf = Callable[..., Rig]
STARTED = reply({"flowStatus": "Active"})
BROKEN = ConnectionFailed("broken", was_sent=True)
NOBODY = ConnectionFailed("nobody there", was_sent=False)
FAULT = refusal("InternalServerException", 500)
THROTTLED = refusal("ThrottlingException", 429)
BAD_GATEWAY = Reply(502, {"content-type": "text/html"}, b"<html>bad gateway")


def start(rig: Rig) -> object:
    return rig.run(lambda client: client.start_flow(flow_name="orders"))


def stop(rig: Rig) -> object:
    return rig.run(lambda client: client.stop_flow(flow_name="orders"))


@pytest.mark.parametrize("outcome", [BROKEN, NOBODY, TimedOut("slow", was_sent=True), FAULT, THROTTLED, BAD_GATEWAY])
def test_a_call_with_a_token_is_sent_again_with_the_same_one(rig_of: RigOf, outcome: Outcome) -> None:
    rig = rig_of(outcome, outcome, STARTED)
    start(rig)
    first, *others = (body["clientToken"] for body in rig.network.bodies)
    assert others == [first, first]


@pytest.mark.parametrize("outcome", [BROKEN, FAULT, BAD_GATEWAY, refusal("ServiceUnavailable", 503)])
def test_what_may_have_been_done_is_not_sent_again_without_a_token(rig_of: RigOf, outcome: Outcome) -> None:
    rig = rig_of(outcome, STARTED)
    with pytest.raises((ServiceError, CallError)) as raised:
        stop(rig)
    assert raised.value.is_retryable
    assert len(rig.network.requests) == 1


@pytest.mark.parametrize("outcome", [NOBODY, THROTTLED, refusal("TooManyRequestsException", 429)])
def test_what_can_not_have_been_done_is_always_sent_again(rig_of: RigOf, outcome: Outcome) -> None:
    rig = rig_of(outcome, STARTED)
    stop(rig)
    assert len(rig.network.requests) == 2


def test_a_refusal_is_final(rig_of: RigOf) -> None:
    rig = rig_of(refusal("ConflictException", 409, "it is running"))
    with pytest.raises(ConflictException, match="it is running") as raised:
        start(rig)
    assert (len(rig.network.requests), rig.waits) == (1, [])
    assert not raised.value.is_retryable


def test_the_third_failure_is_raised_with_how_often_it_was_tried(rig_of: RigOf) -> None:
    rig = rig_of(refusal("InternalServerException", 500, "it broke"))
    with pytest.raises(InternalServerException, match="it broke") as raised:
        start(rig)
    assert len(rig.network.requests) == 3
    assert raised.value.__notes__ == ["Sent 3 times."]
    assert (raised.value.is_retryable, raised.value.request_id, raised.value.status) == (True, "r-1", 500)


def test_waits_double_and_are_drawn(rig_of: RigOf) -> None:
    rig = rig_of(FAULT, retrying=Retrying(attempts=8, longest_s=10), random=lambda: 0.5)
    with pytest.raises(InternalServerException):
        start(rig)
    assert rig.waits == [0.5, 1, 2, 4, 8, 10, 10]


def test_how_often_is_a_parameter(rig_of: RigOf) -> None:
    rig = rig_of(FAULT, retrying=Retrying(attempts=1))
    with pytest.raises(InternalServerException) as raised:
        start(rig)
    assert not hasattr(raised.value, "__notes__")


@pytest.mark.parametrize("given", ["7", (NOW + timedelta(seconds=7)).strftime(HTTP_DATE)])
def test_the_service_is_left_alone_as_long_as_it_asks_for(rig_of: RigOf, given: str) -> None:
    rig = rig_of(refusal("ThrottlingException", 429, retry_after=given), STARTED)
    start(rig)
    assert rig.waits == [7]


def test_a_service_that_asks_for_too_much_patience_gets_no_second_call(rig_of: RigOf) -> None:
    rig = rig_of(refusal("ThrottlingException", 429, retry_after="3600"), STARTED)
    with pytest.raises(ThrottlingException) as raised:
        start(rig)
    assert raised.value.retry_after_s == 3600
    assert len(rig.network.requests) == 1


def test_nonsense_in_retry_after_counts_for_nothing(rig_of: RigOf) -> None:
    rig = rig_of(refusal("ThrottlingException", 429, retry_after="soon"), STARTED)
    start(rig)
    assert rig.waits == [0.5]


def dated(request: Request) -> str:
    return request.headers["x-amz-date"]


def skewed(rig_of: RigOf, by: timedelta, *outcomes: Outcome) -> Rig:
    theirs = (NOW + by).strftime(HTTP_DATE)
    late = refusal("InvalidSignatureException", 403, "Signature expired: too old", date=theirs)
    return rig_of(late, *(outcomes or (late,)))


@pytest.mark.parametrize("by", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_wrong_clock_is_corrected_once_and_for_all_later_calls(rig_of: RigOf, by: timedelta) -> None:
    rig = skewed(rig_of, by, STARTED)
    start(rig)
    stop(rig)
    stamp = (NOW + by).strftime("%Y%m%dT%H%M%SZ")
    assert [dated(each) for each in rig.network.requests] == [NOW.strftime("%Y%m%dT%H%M%SZ"), stamp, stamp]
    assert rig.waits == []


def test_a_clock_that_stays_wrong_is_said_to_be_so(rig_of: RigOf) -> None:
    rig = skewed(rig_of, timedelta(hours=2))
    with pytest.raises(ClockSkewed, match="Set this machine's clock") as raised:
        start(rig)
    assert len(rig.network.requests) == 2
    assert (raised.value.code, raised.value.status) == ("InvalidSignatureException", 403)


def test_a_clock_that_runs_away_is_followed_once(rig_of: RigOf) -> None:
    hours = iter(range(2, 100, 2))

    def refuse(_: Request) -> Reply:
        theirs = (NOW + timedelta(hours=next(hours))).strftime(HTTP_DATE)
        return refusal("RequestTimeTooSkewed", 403, "too far apart", date=theirs)

    rig = rig_of(refuse)
    with pytest.raises(ClockSkewed):
        start(rig)
    assert len(rig.network.requests) == 2


def test_a_wrong_secret_is_not_put_down_to_the_clock(rig_of: RigOf) -> None:
    date = NOW.strftime(HTTP_DATE)
    rig = rig_of(refusal("InvalidSignatureException", 403, "it does not match", date=date))
    with pytest.raises(CredentialsRefused, match="it does not match") as raised:
        start(rig)
    assert type(raised.value) is CredentialsRefused
    assert len(rig.network.requests) == 1


def test_expired_credentials_that_were_renewed_meanwhile_are_used(rig_of: RigOf) -> None:
    held = [Credentials("AKID", "secret", "old")]

    def expire(_: Request) -> Reply:
        held[0] = Credentials("AKID", "secret", "new")
        return refusal("ExpiredTokenException", 400)

    rig = rig_of(expire, STARTED, credentials=lambda: held[0])
    start(rig)
    assert [each.headers["x-amz-security-token"] for each in rig.network.requests] == ["old", "new"]


def test_expired_credentials_without_new_ones_are_said_to_be_so(rig_of: RigOf) -> None:
    rig = rig_of(refusal("ExpiredTokenException", 400), credentials=Credentials("AKID", "secret", "old"))
    with pytest.raises(CredentialsExpired, match="Get new credentials") as raised:
        start(rig)
    assert len(rig.network.requests) == 1
    assert not raised.value.is_retryable
