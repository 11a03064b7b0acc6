"""What applications do in ways of their own: sessions, waits, empty answers that look like failures."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.rest import (
    AfterId,
    Api,
    Fault,
    Faults,
    Keys,
    LinkHeader,
    Listed,
    NextLink,
    Offset,
    PageSize,
    Paging,
    Resource,
    SignIn,
    Wait,
)
from headrace.errors import NotThere, Refused, Retry, Stop
from tests.standins.rest_api import URL, RestApi, answers, query

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
SIGN_IN = SignIn(
    "{instanceUrl}/auth",
    session="data.id",
    headers={"authorization": "{session}"},
    form={"user": "{username}", "pass": "{password}"},
)


def vault(login: SignIn = SIGN_IN, **members: Any) -> Api:
    orders = Resource(entity="orders", path="/orders", records="items")
    return Api(name="Vault", base_url="{instanceUrl}", logins={"BasicAuth": login}, resources=(orders,), **members)


def member(**members: Any) -> RestApi:
    return RestApi(kind="BasicAuth", credentials={"username": "ann", "password": "planted-pass"}, **members)


class Sessions:
    """Grants s-1, s-2, …; only the last one granted is good."""

    def __init__(self) -> None:
        self.granted = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth":
            self.granted += 1
            return httpx.Response(200, json={"data": {"id": f"planted-session-{self.granted}"}})
        if request.headers["authorization"] != f"planted-session-{self.granted}":
            return httpx.Response(401, json={"message": f"bad session {request.headers['authorization']}"})
        return httpx.Response(200, json={"items": []})


def test_a_session_is_begun_once_and_again_when_it_has_ended():
    sessions = Sessions()
    application = member(answer=sessions)
    connector = application.connector(vault())
    list(connector.read(query()))
    list(connector.read(query()))
    assert application.paths == ["/auth", "/orders", "/orders"]
    assert application.asked[0].content == b"user=ann&pass=planted-pass"
    sessions.granted += 1
    list(connector.read(query()))
    assert application.paths[3:] == ["/orders", "/auth", "/orders"]


def test_a_session_that_is_refused_anew_is_told_without_its_id():
    def refuse(request: httpx.Request) -> httpx.Response:
        answer = Sessions()(request)
        return (
            answer
            if request.url.path == "/auth"
            else httpx.Response(401, text=f"bad {request.headers['authorization']}")
        )

    application = member(answer=refuse)
    with pytest.raises(Refused, match=r"bad \[redacted\]"):
        list(application.connector(vault()).read(query()))
    assert application.paths == ["/auth", "/orders", "/auth", "/orders"]


def test_a_sign_in_may_be_json_and_fail():
    login = SignIn("{instanceUrl}/auth", session="id", headers={"x": "{session}"}, json={"p": "{password}"})
    application = member(answer=answers(httpx.Response(401, json={"message": "no planted-pass"})))
    with pytest.raises(Refused, match=r"POST https://api.example.com/auth answered status 401: no \[redacted\]"):
        application.connector(vault(login)).check()
    assert json.loads(application.asked[0].content) == {"p": "planted-pass"}
    for body in ({"id": None}, {"other": 1}, [], "text"):
        with pytest.raises(Stop, match="answered no session 'id'"):
            member(answer=answers(body)).connector(vault(login)).check()


@pytest.mark.parametrize(
    "wait, headers, body, after_s",
    [
        (Wait(header="x-reset"), {"x-reset": "40"}, {}, 40),
        (Wait(header="x-reset", form="epoch_s"), {"x-reset": "1795341660", "date": DATE}, {}, 60),
        (Wait(header="x-reset", form="epoch_ms"), {"x-reset": "1795341660500", "date": DATE}, {}, 60.5),
        (Wait(header="x-reset", form="epoch_s"), {"x-reset": "1795341660"}, {}, None),
        (Wait(at="retry.in"), {}, {"retry": {"in": 7.5}}, 7.5),
        (Wait(at="retry.in"), {"retry-after": "9"}, {}, 9),
        (Wait(header="x-reset"), {"x-reset": "soon"}, {}, None),
    ],
)
def test_an_application_may_say_in_its_own_way_how_long_to_wait(
    wait: Wait, headers: dict[str, str], body: Any, after_s: float | None
):
    application = member(answer=lambda request: Sessions()(request) if request.url.path == "/auth" else busy)
    busy = httpx.Response(429, json=body, headers=headers)
    with pytest.raises(Retry) as raised:
        list(application.connector(vault(faults=Faults(wait=wait))).read(query()))
    assert raised.value.after_s == after_s


def test_a_failure_may_mean_that_there_is_nothing():
    faults = Faults(code="code", known=(Fault("nothing", codes=("no_data",)),))
    api = Api(
        name="S", base_url=URL, logins={"OAuth2": Keys()}, resources=(Resource(entity="o", path="/o"),), faults=faults
    )
    connector = RestApi(answers(httpx.Response(404, json={"code": "no_data"}), httpx.Response(404))).connector(api)
    assert [page.records for page in connector.read(query("o"))] == [()]
    with pytest.raises(NotThere):
        list(connector.read(query("o")))


@pytest.mark.parametrize("paging", [NextLink("next"), LinkHeader()])
def test_a_key_in_a_link_is_not_kept_in_a_position(paging: Paging):
    link = f"{URL}/o?api_key=planted-key&after=2"
    headers = {"link": f'<{link}>; rel="next"'}
    first = httpx.Response(200, json={"items": [], "next": link}, headers=headers)
    api = Api(
        name="S",
        base_url=URL,
        logins={"ApiKey": Keys(params={"api_key": "{apiKey}"})},
        resources=(Resource(entity="o", path="/o", records="items", paging=paging),),
    )
    application = RestApi(answers(first, {"items": []}), kind="ApiKey", credentials={"apiKey": "planted-key"})
    assert [page.position for page in application.connector(api).read(query("o"))] == ["/o?after=2", None]
    assert application.paths == ["/o?api_key=planted-key", "/o?after=2&api_key=planted-key"]


def test_an_application_may_answer_at_another_url_below_its_usual_path():
    api = Api(
        name="S", base_url="{instanceUrl}/v1", logins={"OAuth2": Keys()}, resources=(Resource(entity="o", path="/o"),)
    )
    application = RestApi(answers([]), base_url="http://127.0.0.1:9/sand/")
    list(application.connector(api).read(query("o")))
    assert str(application.asked[0].url) == "http://127.0.0.1:9/sand/v1/o"
    with pytest.raises(Stop, match=r"'shop.example.com/v1' is no URL: write it with https:// at its beginning"):
        RestApi(answers(), properties={"instanceUrl": "shop.example.com"}).connector(api)


def test_there_is_nothing_below_what_is_no_folder():
    listed = Listed(by=Resource(entity="l", path="/l"), names={"t": "id"}, under="tables")
    api = Api(
        name="S",
        base_url=URL,
        logins={"OAuth2": Keys()},
        resources=(Resource(entity="t/{t}", path="/o", listed=listed),),
    )
    connector = RestApi(answers([{"id": "a"}])).connector(api)
    assert [each["name"] for each in connector.entities("tables")] == ["t/a"]
    with pytest.raises(NotThere, match="S has no entities below 'table'"):
        connector.entities("table")


def test_parameters_may_be_json_of_any_depth():
    criteria = [{"field": "ID", "test": "greater-than"}]
    resource = Resource(
        entity="o",
        method="POST",
        path="/search",
        send="json",
        params={"criteria": criteria, "deep": True, "team": "{team}"},
        records="items",
        paging=AfterId("id", "criteria.0.value"),
        page_size=PageSize("page.limit", 50),
    )
    api = Api(name="S", base_url=URL, logins={"OAuth2": Keys()}, resources=(resource,))
    application = RestApi(answers({"items": [{"id": 7}]}, {"items": []}), properties={"team": "t"})
    list(application.connector(api).read(query("o")))
    first, second = (json.loads(request.content) for request in application.asked)
    assert first == {"criteria": criteria, "deep": True, "team": "t", "page": {"limit": 50}}
    assert second == {**first, "criteria": [{**criteria[0], "value": "7"}]}
    assert criteria == [{"field": "ID", "test": "greater-than"}]


@pytest.mark.parametrize(
    "send, sent",
    [("query", b""), ("form", b"deep=true&limit=50&offset=0"), ("json", b'{"deep": true, "limit": 50, "offset": 0}')],
)
def test_numbers_and_booleans_go_where_parameters_go(send: Any, sent: bytes):
    resource = Resource(
        entity="o",
        method="POST",
        path="/o",
        send=send,
        params={"deep": True},
        paging=Offset(),
        page_size=PageSize("limit", 50),
    )
    api = Api(name="S", base_url=URL, logins={"OAuth2": Keys()}, resources=(resource,))
    application = RestApi(answers([]))
    list(application.connector(api).read(query("o")))
    assert application.asked[0].content == sent
    assert application.paths == ["/o?deep=true&limit=50&offset=0" if send == "query" else "/o"]
