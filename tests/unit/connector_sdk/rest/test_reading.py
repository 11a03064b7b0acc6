"""What an Api's description makes of reading, browsing and checking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.rest import (
    AfterId,
    Api,
    Basic,
    Bearer,
    Cursor,
    Fault,
    Faults,
    Field,
    Keys,
    LinkHeader,
    Listed,
    NextLink,
    Offset,
    PageNumber,
    PageSize,
    Resource,
)
from headrace.errors import NotThere, Refused, Retry, Stop
from tests.standins.rest_api import URL, RestApi, answers, decoded, query

CURSOR = Cursor("meta.next", "cursor")


def shop(**members: Any) -> Api:
    resource: dict[str, Any] = {"entity": "orders", "path": "/orders", "records": "items", **members}
    return Api(name="Shop", base_url="{instanceUrl}/v1", logins={"OAuth2": Bearer()}, resources=(Resource(**resource),))


def page(*ids: int, following: Any = None, **members: Any) -> dict[str, Any]:
    return {"items": [{"id": number} for number in ids], "meta": {"next": following}, **members}


def read(api: Api, application: RestApi, **changes: Any) -> list[tuple[list[int], str | None]]:
    pages = application.connector(api).read(query(**changes))
    return [([record["id"] for record in decoded(page.records)], page.position) for page in pages]


def test_a_cursor_is_followed_to_the_last_page_also_over_an_empty_one():
    application = RestApi(answers(page(1, 2, following="a"), page(following="b"), page(3, following="")))
    assert read(shop(paging=CURSOR), application) == [([1, 2], "a"), ([], "b"), ([3], None)]
    assert application.paths == ["/v1/orders", "/v1/orders?cursor=a", "/v1/orders?cursor=b"]


def test_reading_goes_on_at_a_position():
    application = RestApi(answers(page(3)))
    assert read(shop(paging=CURSOR), application, after="b") == [([3], None)]
    assert application.paths == ["/v1/orders?cursor=b"]


def test_a_cursor_that_comes_again_stops_the_reading():
    application = RestApi(answers(page(1, following="a"), page(2, following="a")))
    with pytest.raises(Stop, match="Shop answered the position 'a' again while 'orders' was read"):
        read(shop(paging=CURSOR), application)


def test_cursors_that_lead_in_a_circle_stop_the_reading():
    application = RestApi(answers(page(1, following="a"), page(2, following="b"), page(3, following="a")))
    with pytest.raises(Stop, match="the position 'a' again"):
        read(shop(paging=CURSOR), application)


def test_a_cursor_may_have_to_go_alone():
    application = RestApi(answers(page(1, following="a"), page(2)))
    api = shop(paging=Cursor("meta.next", "next-page-key", alone=True), params={"status": "open"})
    assert [ids for ids, _ in read(api, application)] == [[1], [2]]
    assert application.paths == ["/v1/orders?status=open", "/v1/orders?next-page-key=a"]


def test_pages_end_where_the_answer_says_that_no_more_follow():
    application = RestApi(answers(page(1, following="a", more=True), page(2, following="b", more=False)))
    assert read(shop(paging=Cursor("meta.next", "cursor", more="more")), application) == [([1], "a"), ([2], None)]


@pytest.mark.parametrize("link", ["/v1/orders?after=2", "?after=2", f"{URL}/v1/orders?after=2"])
def test_a_next_link_may_be_relative_or_absolute(link: str):
    application = RestApi(answers(page(1, following=link), page(2)))
    assert read(shop(paging=NextLink("meta.next")), application) == [([1], "/v1/orders?after=2"), ([2], None)]
    assert application.paths[1] == "/v1/orders?after=2"


def test_a_next_link_to_another_host_is_not_followed():
    application = RestApi(answers(page(1, following="https://elsewhere.example.com/v1/orders?after=2")))
    with pytest.raises(Stop, match=r"names another host for its next page: https://elsewhere\.example\.com"):
        read(shop(paging=NextLink("meta.next")), application)


def test_of_a_server_that_does_not_know_its_name_only_the_path_of_a_link_is_taken():
    application = RestApi(answers(page(1, following="http://internal:8080/v1/orders?after=2"), page(2)))
    assert len(read(shop(paging=NextLink("meta.next", any_host=True)), application)) == 2
    assert str(application.asked[1].url) == f"{URL}/v1/orders?after=2"


def test_a_name_with_a_dot_in_it_is_a_path_of_one_step():
    application = RestApi(answers({"items": [], "@odata.nextLink": "orders?$skip=1"}, page(1)))
    assert len(read(shop(paging=NextLink(("@odata.nextLink",))), application)) == 2
    assert application.paths[1] == "/v1/orders?$skip=1"


def test_the_link_header_is_followed():
    headers = {"link": f'<{URL}/v1/orders?page=0>; rel="prev", <{URL}/v1/orders?page=2,a>; rel="next"'}
    application = RestApi(answers(httpx.Response(200, json=page(1), headers=headers), page(2)))
    assert [ids for ids, _ in read(shop(paging=LinkHeader()), application)] == [[1], [2]]
    assert application.paths[1] == "/v1/orders?page=2,a"


def test_offsets_count_what_came_not_what_was_asked_for():
    application = RestApi(answers(page(1, 2), page(3), page()))
    api = shop(paging=Offset("offset"), page_size=PageSize("limit", 2))
    assert read(api, application) == [([1, 2], "2"), ([3], "3"), ([], None)]
    assert application.paths[1] == "/v1/orders?limit=2&offset=2"


def test_an_offset_at_the_total_is_the_end():
    application = RestApi(answers(page(1, 2, total=3), page(3, total=3)))
    assert read(shop(paging=Offset("offset", total="total")), application) == [([1, 2], "2"), ([3], None)]


def test_pages_are_numbered_from_the_first_to_the_last():
    application = RestApi(answers(page(1, pages=2), page(2, pages=2)))
    assert read(shop(paging=PageNumber("page", pages="pages")), application) == [([1], "2"), ([2], None)]
    assert application.paths == ["/v1/orders?page=1", "/v1/orders?page=2"]


def test_each_page_may_begin_after_the_last_id():
    application = RestApi(answers(page(1, 7), page(9), page()))
    assert read(shop(paging=AfterId("id", "since_id")), application) == [([1, 7], "7"), ([9], "9"), ([], None)]


def test_the_page_size_is_at_most_what_the_application_takes():
    application = RestApi(answers(page()))
    read(shop(page_size=PageSize("limit", 200)), application, page_size=1000)
    assert application.paths == ["/v1/orders?limit=200"]


def test_numbers_keep_their_digits_and_records_are_single_lines():
    text = '{"items": [{"id": 12345678901234567890.10,\n "name": "a\\nb"},\r\n {"id": 1e400}]}'
    application = RestApi(answers(httpx.Response(200, text=text)))
    [found] = application.connector(shop()).read(query())
    assert found.records == ('{"id":12345678901234567890.10,"name":"a\\nb"}', '{"id":1e400}')


def test_half_a_character_does_not_take_the_page_with_it():
    text = r'{"items": [{"id": "\ud83d"}, {"id": "\ud83d\ude00 \\ud83d"}]}'
    application = RestApi(answers(httpx.Response(200, text=text)))
    [found] = application.connector(shop()).read(query())
    assert decoded(found.records) == [{"id": "\ufffd"}, {"id": "\U0001f600 \\ud83d"}]


def test_the_record_may_lie_within_each_element():
    application = RestApi(answers({"data": {"edges": [{"node": {"id": 1}}, {"node": {"id": 2}}]}}))
    assert read(shop(records="data.edges", record="node"), application) == [([1, 2], None)]


def test_an_answer_without_its_list_stops_the_reading_and_names_what_is_there():
    application = RestApi(answers({"elements": [], "meta": {}}))
    with pytest.raises(Stop, match="answered no list of records in 'items': only elements, meta"):
        read(shop(), application)


def test_an_application_may_leave_an_empty_list_out():
    assert read(shop(is_optional=True), RestApi(answers({"meta": {}}))) == [([], None)]


@pytest.mark.parametrize(
    "response, kind, said",
    [
        (httpx.Response(200, html="<html><title>Log in</title></html>"), Stop, "no JSON but a page titled 'Log in'"),
        (httpx.Response(200, text='{"items": [{"id": 1}'), Retry, "ends too early, after 20 bytes"),
        (httpx.Response(200, text="OK"), Stop, "what is no JSON: OK"),
        (httpx.Response(200, text="[" * 5000 + "]" * 5000), Stop, "nested too deeply"),
        (httpx.Response(200, json={"items": "none"}), Stop, "answered no list of records in 'items': \"none\""),
    ],
)
def test_what_is_no_page_is_said(response: httpx.Response, kind: type[Exception], said: str):
    with pytest.raises(kind, match=said):
        read(shop(), RestApi(answers(response)))


def test_what_is_no_utf_8_does_not_take_the_page_with_it():
    application = RestApi(
        answers(httpx.Response(200, content=b'\xef\xbb\xbf{"items": [{"id": "a\xffb"}, {"id": "\xc3\xa9"}]}'))
    )
    [found] = application.connector(shop()).read(query())
    assert found.records == ('{"id": "a\ufffdb"}', '{"id": "é"}')


def test_another_charset_is_read_and_one_that_nobody_knows_is_told():
    latin = {"content-type": "application/json; charset=ISO-8859-1"}
    application = RestApi(answers(httpx.Response(200, content=b'{"items": [{"id": "\xe9"}]}', headers=latin)))
    assert read(shop(), application) == [(["é"], None)]
    application = RestApi(answers(httpx.Response(200, content=b"{}", headers={"content-type": "x; charset=nonsense"})))
    with pytest.raises(Stop, match="answered what is no text in its charset 'nonsense'"):
        read(shop(), application)


def test_where_json_is_broken_is_shown():
    text = '{"items": [' + '{"id": 1},' * 100 + '{"id": NaN}]}'
    with pytest.raises(Stop, match=r'what is no JSON at its byte 1018: ….*\{"id": NaN\}'):
        read(shop(), RestApi(answers(httpx.Response(200, text=text))))


def test_no_content_is_no_records():
    assert read(shop(), RestApi(answers(httpx.Response(204)))) == [([], None)]


def test_no_secret_of_an_answer_shows_in_an_error():
    echo = httpx.Response(200, text="you sent planted-token-1")
    with pytest.raises(Stop, match=r"what is no JSON: you sent \[redacted\]"):
        read(shop(), RestApi(answers(echo)))


def test_json_is_asked_for_unless_the_api_says_otherwise():
    application = RestApi(answers(page(), page()))
    read(shop(), application)
    read(replace(shop(), headers={"Accept": "application/vnd.shop+json"}), application)
    assert [request.headers.get_list("accept") for request in application.asked] == [
        ["application/json"],
        ["application/vnd.shop+json"],
    ]


def test_names_of_the_entity_and_settings_fill_path_and_parameters_quoted():
    application = RestApi(answers(page()))
    api = shop(entity="shops/{shop}", path="/shops/{shop}/orders", params={"view": "{view}"})
    read(api, application, entity="shops/a b&c", settings={"view": "x y"})
    assert application.paths == ["/v1/shops/a%20b%26c/orders?view=x%20y"]


def test_a_name_of_an_entity_does_not_lead_out_of_its_path():
    api = shop(entity="shops/{shop}", path="/shops/{shop}/orders")
    with pytest.raises(Stop, match="can't be a part of a path"):
        read(api, RestApi(answers()), entity="shops/..")


def test_what_a_template_lacks_is_named():
    with pytest.raises(Stop, match="needs view, which the connector profile does not have"):
        read(shop(params={"view": "{view}"}), RestApi(answers()))


def test_an_unknown_entity_is_not_there():
    with pytest.raises(NotThere, match=r"Shop has no entity 'order'\. It has: orders\."):
        read(shop(), RestApi(answers()), entity="order")


def test_a_token_that_is_refused_is_renewed_once():
    application = RestApi(answers(httpx.Response(401, json={"error": "expired"}), page(1)))

    def refresh() -> bool:
        application.credentials["accessToken"] = "planted-token-2"
        return True

    application.refresh = refresh
    assert read(shop(), application) == [([1], None)]
    sent = [request.headers["authorization"] for request in application.asked]
    assert sent == ["Bearer planted-token-1", "Bearer planted-token-2"]


def test_a_token_that_can_not_be_renewed_is_refused_without_being_told():
    application = RestApi(answers(httpx.Response(401, json={"message": "bad token planted-token-1"})))
    with pytest.raises(Refused, match=r"answered status 401: bad token \[redacted\]"):
        read(shop(), application)


def test_other_credentials_are_sent_as_described():
    api = Api(
        name="Shop",
        base_url=URL,
        logins={
            "BasicAuth": Basic("{username}/token", "{password}"),
            "ApiKey": Keys({"api-key": "{apiKey}", "api-version": "v1"}, {"key": "{apiSecretKey}"}),
        },
        resources=(Resource(entity="orders", path="/orders", params={"a": "b"}),),
    )
    basic = RestApi(answers([]), kind="BasicAuth", credentials={"username": "ann", "password": "pass"})
    assert read(api, basic) == [([], None)]
    assert basic.asked[0].headers["authorization"] == "Basic YW5uL3Rva2VuOnBhc3M="
    keys = RestApi(answers([]), kind="ApiKey", credentials={"apiKey": "k1", "apiSecretKey": "k 2"})
    assert read(api, keys) == [([], None)]
    assert (keys.asked[0].headers["api-key"], keys.asked[0].headers["api-version"]) == ("k1", "v1")
    assert keys.paths == ["/orders?a=b&key=k%202"]
    with pytest.raises(Stop, match="can't be reached with OAuth2 credentials, only with BasicAuth, ApiKey"):
        RestApi(answers()).connector(api)


FAULTS = Faults(
    failed=("ok", False),
    code="error",
    words="needed",
    known=(
        Fault("refused", codes=("invalid_auth",)),
        Fault("again", codes=("ratelimited",)),
        Fault("not there", codes=("no_such",)),
        Fault("again", statuses=(403,)),
    ),
)


@pytest.mark.parametrize(
    "status, error, kind",
    [
        (200, "invalid_auth", Refused),
        (200, "ratelimited", Retry),
        (200, "no_such", NotThere),
        (200, "other", Stop),
        (403, "other", Retry),
        (404, "invalid_auth", Refused),
        (404, "other", NotThere),
    ],
)
def test_faults_are_told_apart_by_code_then_by_status(status: int, error: str, kind: type[Exception]):
    answer = httpx.Response(status, json={"ok": False, "error": error, "needed": "more\nrights"})
    application = RestApi(lambda _: answer)
    api = Api(
        name="S", base_url=URL, logins={"OAuth2": Bearer()}, resources=(Resource(entity="o", path="/o"),), faults=FAULTS
    )
    with pytest.raises(kind, match=f"GET {URL}/o answered status {status}: {error}: more rights") as raised:
        read(api, application, entity="o")
    assert type(raised.value) is kind


def test_entities_are_listed_and_their_declared_fields_described():
    connector = RestApi(answers()).connector(
        shop(
            label="Orders",
            fields=(Field("id", "Integer", is_primary_key=True), Field("at", "DateTime", is_cursor=True)),
        )
    )
    assert connector.entities(None) == [{"name": "orders", "label": "Orders", "hasNestedEntities": False}]
    number, at = connector.describe("orders")
    assert (number["identifier"], number["isPrimaryKey"]) == ("id", True)
    assert number["supportedFieldTypeDetails"]["v1"]["fieldType"] == "Integer"
    assert at["sourceProperties"]["isTimestampFieldForIncrementalQueries"] is True


def test_fields_that_nobody_declared_are_inferred_from_the_first_page():
    items = [
        {"id": 1, "price": 1, "tags": []},
        {"id": 2, "price": 1.5, "name": None},
        {"id": 3, "tags": "x", "ok": True},
    ]
    described = RestApi(answers({"items": items})).connector(shop()).describe("orders")
    types = {each["identifier"]: each["supportedFieldTypeDetails"]["v1"]["fieldType"] for each in described}
    assert types == {"id": "Long", "price": "Double", "tags": "String", "name": "String", "ok": "Boolean"}


def test_a_check_asks_what_the_api_says_or_reads_a_page():
    application = RestApi(answers({"ok": True}, page()))
    api = shop()
    application.connector(replace(api, check="/me")).check()
    application.connector(api).check()
    assert application.paths == ["/v1/me", "/v1/orders"]


def test_where_there_are_families_only_a_check_reads_what_lists_one():
    application = RestApi(answers({"tables": []}))
    listed = Listed(by=Resource(entity="tables", path="/tables", records="tables"), names={"table": "key"})
    application.connector(shop(entity="tables/{table}", listed=listed, page_size=PageSize("n", 5))).check()
    assert application.paths == ["/v1/tables"]
