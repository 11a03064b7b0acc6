"""Records of an entity set, page after page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from headrace.connector_sdk.records import Condition, Page
from headrace.errors import Denied, NotThere, Refused, Retry, Stop
from tests.standins import odata_metadata
from tests.standins.odata_service import HOST, at, connector
from tests.standins.rest_api import RestApi, answers, query

V2, V4 = odata_metadata.v2(), odata_metadata.v4()


def v2(*ids: object, link: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"results": [{"Id": str(each)} for each in ids]}
    return {"d": found if link is None else {**found, "__next": link}}


def v4(*ids: int, link: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"@odata.context": "$metadata#Things", "value": [{"Id": str(each)} for each in ids]}
    return found if link is None else {**found, "@odata.nextLink": link}


def read(application: RestApi, entity: str = "/svc/Things", **changes: Any) -> list[Page]:
    return list(connector(application).read(query(entity, **changes)))


def ids(pages: Sequence[Page]) -> list[str]:
    return [str(json.loads(record)["Id"]) for page in pages for record in page.records]


def asked(application: RestApi) -> list[str]:
    """Paths and queries of the reads, decoded."""
    return [unquote(path) for path in application.paths if "$metadata" not in path]


def test_version_4_is_told_the_size_of_pages_and_its_links_are_followed():
    application = at(V4, answers(v4(1, 2, link="Things?$skiptoken=2"), v4(3)))
    assert ids(read(application, page_size=2)) == ["1", "2", "3"]
    assert asked(application) == ["/svc/Things?sap-client=100", "/svc/Things?$skiptoken=2&sap-client=100"]
    assert [request.headers["prefer"] for request in application.asked[1:]] == ["odata.maxpagesize=2"] * 2
    assert "IEEE754Compatible=true" in application.asked[1].headers["accept"]


def test_version_2_is_asked_for_windows_in_the_order_of_its_keys():
    application = at(V2, answers(v2(1, 2), v2(3, 4), v2()))
    assert ids(read(application, page_size=2)) == ["1", "2", "3", "4"]
    assert asked(application) == [f"/svc/Things?$orderby=Id&$top=2&$skip={skip}&sap-client=100" for skip in (0, 2, 4)]


def test_links_of_version_2_are_followed_within_a_window():
    inner = "http://inner:8000/svc/Things?$top=4&$skiptoken=2"
    application = at(V2, answers(v2(1, 2, link=inner), v2(3, 4), v2(5)))
    assert ids(read(application, page_size=4)) == ["1", "2", "3", "4", "5"]
    assert asked(application)[1:] == [
        "/svc/Things?$top=4&$skiptoken=2&sap-client=100",
        "/svc/Things?$orderby=Id&$top=4&$skip=4&sap-client=100",
    ]
    assert {request.url.host for request in application.asked} == {"sap.example.com"}


def test_the_size_of_pages_is_the_flows_where_it_has_one():
    application = at(V2, answers(v2(1)))
    read(application, settings={"paginationConfig.maxPageSize": "7", "parallelismConfig.maxParallelism": "4"})
    assert "$top=7" in asked(application)[0]


def test_a_service_of_version_2_that_does_not_page_is_asked_once():
    application = at(odata_metadata.v2(attributes='sap:pageable="false"'), answers(v2(1, 2)))
    assert ids(read(application, page_size=2)) == ["1", "2"]
    assert asked(application) == ["/svc/Things?sap-client=100"]


@pytest.mark.parametrize("key", ['Name="Id" sap:sortable="false"', 'Name="Other"'], ids=["not sorted by", "not there"])
def test_a_service_of_version_2_that_can_not_sort_by_its_key_is_asked_in_its_own_order(key: str):
    metadata = V2.replace(b'Name="Id"', key.encode(), 2).replace(
        b'<PropertyRef Name="Id" sap:sortable="false"', b'<PropertyRef Name="Id"'
    )
    application = at(metadata.replace(b'<PropertyRef Name="Other"/>', b""), answers(v2(1)))
    read(application, page_size=2)
    assert asked(application) == ["/svc/Things?$top=2&$skip=0&sap-client=100"]


def test_more_records_than_were_asked_for_are_all_there_are():
    application = at(V2, answers(v2(1, 2, 3)))
    assert ids(read(application, page_size=2)) == ["1", "2", "3"]


def test_a_service_that_does_not_skip_is_told_instead_of_read_for_ever():
    application = at(V2, answers(v2(1, 2), v2(1, 2)))
    with pytest.raises(Stop, match=r"does not read \$skip"):
        read(application, page_size=2)


def test_an_older_service_answers_the_list_itself():
    application = at(V2, answers({"d": [{"Id": "1"}]}))
    assert ids(read(application)) == ["1"]


@pytest.mark.parametrize(
    "metadata,answered",
    [
        (V4, (v4(1, 2, link="Things?$skiptoken=a"), v4(3, 4, link="Things?$skiptoken=b"), v4(5))),
        (V2, (v2(1, 2), v2(3, 4), v2(5))),
        (V2, (v2(1, link="Things?$skiptoken=a"), v2(2), v2(3, 4), v2(5))),
    ],
    ids=["V4", "V2", "V2 with links"],
)
def test_reading_goes_on_at_the_position_of_any_page(metadata: bytes, answered: tuple[Any, ...]):
    whole = read(at(metadata, answers(*answered)), page_size=2)
    for number, page in enumerate(whole[:-1], start=1):
        rest = read(at(metadata, answers(*answered[number:])), page_size=2, after=page.position)
        assert rest == whole[number:]
    assert whole[-1].position is None


def test_fields_and_conditions_are_sent_along():
    application = at(V2, answers(v2(1)))
    conditions = (Condition("Id", "EQUAL_TO", ("it's",), "text"), Condition("Nope", "EQUAL_TO", ("a",), "text"))
    read(application, fields=("Price", "Id", "Nope"), conditions=conditions)
    assert asked(application) == [
        "/svc/Things?$select=Id,Price&$filter=Id eq 'it''s'&$orderby=Id&$top=1000&$skip=0&sap-client=100"
    ]
    assert "+" not in application.paths[-1]


def test_records_are_counted_where_no_field_of_theirs_is_wanted():
    application = at(V4, answers(v4(1, 2)))
    (page,) = read(application, fields=("Nope",))
    assert page.records == ("{}", "{}")
    assert asked(application) == ["/svc/Things?$select=Id&sap-client=100"]


def test_a_list_of_fields_that_no_url_has_room_for_is_left_out():
    many = b"".join(b'<Property Name="a_very_long_name_of_field_%d" Type="Edm.String"/>' % n for n in range(200))
    metadata = V2.replace(b'<Property Name="Count"', many + b'<Property Name="Count"')
    application = at(metadata, answers(v2(1)))
    read(application, fields=tuple(f"a_very_long_name_of_field_{n}" for n in range(199)))
    assert "$select" not in asked(application)[0]


def test_the_name_alone_is_an_entity_set_of_the_profiles_service():
    application = at(V4, answers(v4(1)))
    assert ids(read(application, "Things")) == ["1"]


def test_an_entity_set_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(NotThere, match=r"/svc has no entity set Nope: it has Things\."):
        read(at(V4, answers()), "/svc/Nope")


def test_a_link_to_another_host_is_not_followed():
    application = at(V4, answers(v4(1, link="https://elsewhere/svc/Things?$skiptoken=2")))
    with pytest.raises(Stop, match="another host, https://elsewhere/svc/Things"):
        read(application)
    assert {request.url.host for request in application.asked} == {"sap.example.com"}


def page_of(text: str, kind: str = "application/json", status: int = 200) -> httpx.Response:
    return httpx.Response(status, text=text, headers={"content-type": kind})


def refusing(status: int, said: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json={"error": {"code": "x", "message": said}})


@pytest.mark.parametrize(
    "answer,kind,reason",
    [
        (
            lambda _: page_of("<html><title>Log on</title></html>", "text/html"),
            Stop,
            "page titled 'Log on'.*disableSSO",
        ),
        (lambda _: page_of("<feed/>", "application/atom+xml"), Stop, "no JSON"),
        (lambda _: page_of('{"value": [{"Id": 1}'), Retry, "ends too early"),
        (lambda _: page_of("oops"), Stop, "no JSON"),
        (lambda _: page_of('{"value": {}}'), Stop, "no list of records in 'value'"),
        (lambda _: page_of("{}"), Stop, "no list of records in 'value'"),
        (lambda _: page_of('{"value": [7]}'), Stop, "no object: 7"),
        (refusing(400, "bad filter"), Stop, "status 400: bad filter"),
        (refusing(401, "who?"), Refused, "status 401: who?"),
        (refusing(403, "not you"), Denied, "status 403: not you"),
        (refusing(404, "gone"), NotThere, "status 404: gone"),
        (refusing(503, "later"), Retry, "status 503: later"),
    ],
)
def test_what_is_no_page_is_told(answer: Callable[[httpx.Request], httpx.Response], kind: type[Exception], reason: str):
    with pytest.raises(kind, match=reason) as raised:
        read(at(V4, answer))
    assert type(raised.value) is kind
    assert str(raised.value).startswith(f"GET {HOST}/svc/Things answered")


def test_metadata_that_is_a_page_to_log_in_with_is_told():
    application = RestApi(lambda _: page_of("<!DOCTYPE html><title>Log on</title>", "text/html"))
    application.properties = at(V4, answers()).properties
    application.credentials = {"username": "ann", "password": "planted-password"}
    with pytest.raises(Stop, match=r"'Log on', no data: .* disableSSO"):
        connector(application).check()


def test_a_password_is_in_no_message():
    application = at(V4, refusing(400, "you sent planted-password"))
    with pytest.raises(Stop) as raised:
        read(application)
    assert "planted" not in str(raised.value)
