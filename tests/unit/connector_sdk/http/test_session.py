"""What a session does about answers, failures, credentials and hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.http.limits import Limits
from headrace.connector_sdk.http.logins import Bearer
from headrace.connector_sdk.http.messages import Request
from headrace.connector_sdk.http.network import Bounds
from headrace.connector_sdk.http.redaction import Hider
from headrace.connector_sdk.http.session import Account, Session
from headrace.errors import ConnectorError, Denied, NotThere, Refused, Retry, Stop
from tests.standins.rest_api import URL, RestApi, answers

GET = Request("GET", f"{URL}/orders?page=1")
POST = Request("POST", f"{URL}/orders", body=b"{}", is_repeatable=False)


def session(application: RestApi, **changes: Any) -> Session:
    return application.http().session(Account(application.connection, application.refresh), Bearer(), **changes)


def status(code: int, said: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, text=said, headers=named)


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    "code, kind",
    [(400, Stop), (401, Refused), (403, Denied), (404, NotThere), (410, NotThere), (422, Stop), (501, Stop)],
)
def test_a_status_that_will_not_change_is_told_at_once(code: int, kind: type[ConnectorError]):
    application = RestApi(answers(status(code, "no such order")))
    with pytest.raises(kind, match=f"GET {URL}/orders answered status {code}: no such order") as raised:
        session(application).send(GET)
    assert type(raised.value) is kind
    assert application.waits == []


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_status_that_may_pass_is_asked_again_soon(code: int):
    application = RestApi(answers(status(code), status(code), status(200, "fine")))
    assert session(application).send(GET).body == b"fine"
    assert application.waits == [0.25, 0.5]


def test_retries_of_a_session_add_to_the_runners_and_do_not_multiply_them():
    application = RestApi(lambda _: status(503))
    asked = session(application)
    for _ in range(5):
        with pytest.raises(Retry):
            asked.send(GET)
    assert len(application.asked) == 5 + 2
    application.answer = answers(status(200), status(503), status(200))
    asked.send(GET)
    asked.send(GET)


def test_a_short_retry_after_is_waited_for_and_a_long_one_is_the_runners():
    application = RestApi(answers(status(429, Retry_After="2"), status(429, "slow down", Retry_After="30")))
    with pytest.raises(Retry, match="slow down") as raised:
        session(application).send(GET)
    assert (application.waits, raised.value.after_s) == ([2.0], 30.0)


@pytest.mark.parametrize(
    "given, after_s",
    [
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        ("9999999", 86_400.0),
        ("1.5", 1.5),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_retry_after_may_be_a_date_by_the_servers_clock(given: str, after_s: float | None):
    application = RestApi(lambda _: status(503, Retry_After=given, Date="Sun, 22 Nov 2026 10:00:00 GMT"))
    with pytest.raises(Retry) as raised:
        session(application).send(GET)
    assert raised.value.after_s == after_s


def test_of_a_request_that_is_not_repeatable_a_lost_answer_is_told():
    application = RestApi(answers(status(504)))
    with pytest.raises(Stop, match="Whether the request was carried out is unknown"):
        session(application).send(POST)
    application = RestApi(failing(httpx.ReadTimeout("")))
    with pytest.raises(Stop, match=r"did not answer within 60 s\. Whether the request was carried out is unknown"):
        session(application).send(POST)
    application = RestApi(answers(status(429), status(503), status(201)))
    assert session(application).send(POST).status == 201


@pytest.mark.parametrize(
    "error, kind, said",
    [
        (httpx.ConnectError("no route"), Retry, "can't be reached: no route"),
        (httpx.ConnectTimeout(""), Retry, "could not be connected within 10 s"),
        (httpx.ReadTimeout(""), Retry, "did not answer within 60 s"),
        (httpx.RemoteProtocolError("peer closed"), Retry, "broke the connection: peer closed"),
        (httpx.DecodingError("bad gzip"), Retry, "answered what its content-encoding can't be: bad gzip"),
        (httpx.UnsupportedProtocol("no scheme"), Stop, "is no URL that can be asked"),
    ],
)
def test_what_goes_wrong_on_the_way_is_said(error: Exception, kind: type[ConnectorError], said: str):
    with pytest.raises(kind, match=f"GET {URL}/orders {said}"):
        session(RestApi(failing(error))).send(GET)


def test_an_answer_beyond_the_bounds_is_not_read_on():
    application = RestApi(answers(status(200, "x" * 1001)))
    with pytest.raises(Stop, match="answered more than the 1000 bytes that are allowed"):
        session(application, bounds=Bounds(answer_bytes=1000)).send(GET)


def test_redirects_within_the_host_are_followed_with_credentials():
    application = RestApi(answers(status(302, Location="/v2/orders"), status(200, "fine")))
    assert session(application).send(GET).body == b"fine"
    assert [request.headers["authorization"] for request in application.asked] == ["Bearer planted-token-1"] * 2


@pytest.mark.parametrize("place", ["https://evil.example.com/", "http://api.example.com/", "//evil.example.com/"])
def test_credentials_do_not_follow_redirects_to_other_hosts(place: str):
    application = RestApi(answers(status(302, Location=place)))
    with pytest.raises(Stop, match=r"redirects to another host, .* where credentials are not sent"):
        session(application).send(GET)
    assert len(application.asked) == 1


def test_a_circle_of_redirects_and_one_of_a_request_that_writes_are_refused():
    with pytest.raises(Stop, match="redirects more than 5 times"):
        session(RestApi(lambda _: status(302, Location="/orders"))).send(GET)
    with pytest.raises(Stop, match="redirects, which only reading follows"):
        session(RestApi(answers(status(307, Location="/v2")))).send(POST)


@pytest.mark.parametrize(
    "said",
    [
        "token planted/token+1 is bad",
        "token planted%2Ftoken%2B1 is bad",
        'header "Authorization: Bearer planted/token+1"',
        "cGxhbnRlZC90b2tlbisx",
    ],
)
def test_no_form_of_a_secret_shows_in_an_error(said: str):
    application = RestApi(answers(status(400, said)), credentials={"accessToken": "planted/token+1"})
    with pytest.raises(Stop) as raised:
        session(application).send(GET)
    assert "planted" not in raised.value.message
    assert "cGxhbnRlZC" not in raised.value.message
    assert "[redacted]" in raised.value.message


@pytest.mark.parametrize("name", ["userName", "userId"])
def test_a_credential_that_may_be_a_secret_is_hidden_as_one(name: str):
    application = RestApi(answers(status(400, "no planted")), credentials={"accessToken": "token-1", name: "planted"})
    with pytest.raises(Stop, match=r"no \[redacted\]"):
        session(application).send(GET)


def test_a_refusal_stays_the_applications_where_there_is_nothing_to_renew_it_with():
    def refresh() -> bool:
        raise Refused("there is no refresh token")

    application = RestApi(answers(status(401, '{"message": "it was revoked"}')), refresh=refresh)
    with pytest.raises(Refused, match="it was revoked"):
        session(application).send(GET)


@pytest.mark.parametrize("token", ["planted-token\n", "planted-tökén", "planted\x00token"])
def test_a_credential_that_no_header_can_hold_is_told_without_its_value(token: str):
    application = RestApi(answers(), credentials={"accessToken": token})
    with pytest.raises(Stop, match="can't be asked: authorization would hold a line end") as raised:
        session(application).send(GET)
    assert "planted" not in raised.value.message


def test_a_secret_that_is_no_text_is_hidden_like_any_other():
    assert Hider(["half \ud83d of it"])("half \ud83d of it") == "[redacted]"


def test_a_long_text_of_an_application_is_cut():
    with pytest.raises(Stop) as raised:
        session(RestApi(answers(status(400, '{"message": "' + "x" * 10_000 + '"}')))).send(GET)
    assert len(raised.value.message) < 600


@pytest.mark.parametrize(
    "body, said",
    [
        ('{"error": {"code": 7, "message": "bad\\nfilter"}}', "bad filter: 7"),
        ('{"errors": [{"detail": "no field x"}]}', "no field x"),
        ('[{"errorCode": "E1", "message": "no"}]', "no"),
        ('{"error": "invalid", "error_description": "gone"}', "gone: invalid"),
        ("<html><head><title>Down for\n repairs</title>", "a page titled 'Down for repairs'"),
        ("<?xml version='1.0'?><a/>", "a page of HTML or XML"),
        ('{"unheard": "of"}', '{"unheard": "of"}'),
        ("", "nothing"),
    ],
)
def test_the_applications_own_words_are_found(body: str, said: str):
    with pytest.raises(Stop) as raised:
        session(RestApi(answers(status(400, body)))).send(GET)
    assert raised.value.message.endswith(f"answered status 400: {said}")


def test_cookies_stay_with_their_session():
    application = RestApi(lambda _: status(200, Set_Cookie="sid=1; Path=/"))
    http = application.http()
    first, second = (http.session(Account(application.connection), Bearer()) for _ in range(2))
    first.send(GET)
    first.send(GET)
    second.send(GET)
    assert [request.headers.get("cookie") for request in application.asked] == [None, "sid=1", None]


def test_requests_of_all_sessions_to_a_host_keep_its_rate():
    application = RestApi(lambda _: status(200))
    http = application.http()
    limits = Limits(per_s=0.5)
    sessions = [http.session(Account(application.connection), Bearer(), limits=limits) for _ in range(2)]
    sessions[0].send(GET)
    sessions[1].send(GET)
    assert [round(wait) for wait in application.waits] == [2]
