"""Records to an application: what is sent, what is refused, and what happens when an answer is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.records import Batch, Rejection, WriteOperation
from headrace.connector_sdk.rest import Api, Bearer, Faults, Field, Resource, Results, Write
from headrace.errors import NotThere, Refused, Retry, Stop
from tests.standins.rest_api import RestApi, answers


def shop(*writes: Write, **members: Any) -> Api:
    resource = Resource(
        entity="orders/{kind}", path="/{kind}", writes=writes, fields=(Field("id", operations=("UPDATE",)), Field("n"))
    )
    return Api(name="Shop", base_url="{instanceUrl}", logins={"OAuth2": Bearer()}, resources=(resource,), **members)


def batch(
    *records: Any, operation: WriteOperation = "INSERT", all_or_none: bool = False, ids: tuple[str, ...] = ()
) -> Batch:
    return Batch(
        key="e-1-0",
        entity="orders/new",
        operation=operation,
        id_fields=ids,
        records=tuple(each if isinstance(each, str) else json.dumps(each) for each in records),
        flow_name="copy",
        execution_id="e-1",
        api_version=None,
        settings={},
        all_or_none=all_or_none,
    )


def created(_: httpx.Request) -> httpx.Response:
    return httpx.Response(201)


def refusing(is_bad: Callable[[dict[str, Any]], bool]) -> Callable[[httpx.Request], httpx.Response]:
    """Takes lists as wholes, and refuses those with a bad record."""

    def answer(request: httpx.Request) -> httpx.Response:
        bad = any(is_bad(record) for record in json.loads(request.content))
        return httpx.Response(422, json={"message": "there is a bad one"}) if bad else httpx.Response(201)

    return answer


def test_records_go_one_by_one_as_they_are():
    application = RestApi(created)
    connector = application.connector(shop(Write(operation="INSERT", path="/{kind}/orders")))
    assert connector.write(batch('{"n":12345678901234567890.10}', {"n": None})) == ()
    assert [request.content for request in application.asked] == [b'{"n":12345678901234567890.10}', b'{"n": null}']
    assert application.paths == ["/new/orders"] * 2
    assert application.asked[0].headers["content-type"] == "application/json"


def test_records_may_be_put_within_something_else():
    application = RestApi(created)
    api = shop(
        Write(operation="INSERT", path="/o", within="data.order"),
        Write(operation="UPSERT", path="/o", many=2, within="input", record_within="fields", body={"action": "merge"}),
    )
    application.connector(api).write(batch({"n": 1}))
    application.connector(api).write(batch({"n": 1}, {"n": 2}, {"n": 3}, operation="UPSERT"))
    assert [json.loads(request.content) for request in application.asked] == [
        {"data": {"order": {"n": 1}}},
        {"action": "merge", "input": [{"fields": {"n": 1}}, {"fields": {"n": 2}}]},
        {"action": "merge", "input": [{"fields": {"n": 3}}]},
    ]


def test_the_id_of_a_record_goes_into_the_path():
    application = RestApi(created)
    api = shop(
        Write(operation="UPDATE", method="PATCH", path="/o/{id_field}/{id}", drops_ids=True),
        Write(operation="DELETE", method="DELETE", path="/o/{id}"),
    )
    changed = batch({"id": "a/b", "n": 1.10}, {"n": 2}, {"id": 7}, operation="UPDATE", ids=("id",))
    assert application.connector(api).write(changed) == (
        Rejection(1, "The record has no 'id', which says what to update."),
    )
    application.connector(api).write(batch({"id": "x"}, operation="DELETE", ids=("id",)))
    assert application.paths == ["/o/id/a%2Fb", "/o/id/7", "/o/x"]
    assert [request.content for request in application.asked] == [b'{"n":1.1}', b"{}", b""]
    assert "content-type" not in application.asked[2].headers
    with pytest.raises(Stop, match="UPDATE needs an id field: name it in idFieldNames"):
        application.connector(api).write(batch({"id": 1}, operation="UPDATE"))


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_record_that_is_refused_does_not_take_the_others_with_it(status: int):
    response = httpx.Response(status, json={"code": "bad", "words": "no such id"})
    application = RestApi(answers({}, response, {}))
    api = shop(Write(operation="UPDATE", path="/o/{id}"), faults=Faults(code="code", words="words"))
    refused = application.connector(api).write(batch({"id": 1}, {"id": 2}, {"id": 3}, operation="UPDATE", ids=("id",)))
    assert refused == (Rejection(1, "bad: no such id"),)


def test_a_list_that_is_refused_is_halved_until_the_bad_records_are_found():
    application = RestApi(refusing(lambda record: record["n"] in {2, 5}))
    api = shop(Write(operation="INSERT", path="/o", many=8))
    refused = application.connector(api).write(batch(*({"n": number} for number in range(8))))
    assert [(each.place, each.reason) for each in refused] == [(2, "there is a bad one"), (5, "there is a bad one")]
    taken = [json.loads(request.content) for request in application.asked]
    assert sorted(record["n"] for sent in taken for record in sent if not {2, 5} & {each["n"] for each in sent}) == [
        *(0, 1, 3, 4, 6, 7),
    ]


@pytest.mark.parametrize("status, kind", [(401, Refused), (403, Stop), (404, NotThere), (429, Retry), (503, Retry)])
def test_what_is_no_fault_of_a_record_ends_the_writing(status: int, kind: type[Exception]):
    with pytest.raises(kind):
        RestApi(lambda _: httpx.Response(status)).connector(shop(Write(operation="INSERT", path="/o"))).write(batch({}))


ORDERED = Results(at="results", ok=("success", True), words="errors.0.message")
NUMBERED = Results(at="failures", words="why", place="index")


def test_results_name_the_records_that_are_refused():
    results = [{"success": True}, {"success": False, "errors": [{"message": "bad"}]}, {"success": False}]
    api = shop(Write(operation="INSERT", path="/o", many=3, results=ORDERED))
    refused = RestApi(answers({"results": results})).connector(api).write(batch({}, {}, {}))
    assert refused == (Rejection(1, "bad"), Rejection(2, "The application gave no reason."))
    api = shop(Write(operation="INSERT", path="/o", many=3, results=NUMBERED))
    refused = RestApi(answers({"failures": [{"index": 2, "why": "bad"}]})).connector(api).write(batch({}, {}, {}))
    assert refused == (Rejection(2, "bad"),)
    assert RestApi(answers({})).connector(api).write(batch({})) == ()


@pytest.mark.parametrize(
    "results, answer",
    [
        (ORDERED, {"results": [{"success": True}]}),
        (NUMBERED, {"failures": [{"index": 2, "why": "bad"}]}),
        (NUMBERED, {"failures": [{"why": "bad"}]}),
    ],
)
def test_results_that_can_not_be_told_apart_stop_the_writing(results: Results, answer: Any):
    api = shop(Write(operation="INSERT", path="/o", many=2, results=results))
    with pytest.raises(Stop, match="which were written is unknown"):
        RestApi(answers(answer)).connector(api).write(batch({}, {}))


def test_a_lost_answer_to_an_insert_is_told_and_other_requests_are_repeated():
    api = shop(Write(operation="INSERT", path="/o"), Write(operation="UPSERT", path="/o"))
    with pytest.raises(Stop, match="Whether the request was carried out is unknown"):
        RestApi(answers(httpx.Response(504))).connector(api).write(batch({}))
    application = RestApi(answers(httpx.Response(504), {}))
    assert application.connector(api).write(batch({}, operation="UPSERT")) == ()
    assert len(application.asked) == 2


@pytest.mark.parametrize("operation, kind", [("INSERT", Stop), ("UPSERT", Retry)])
def test_results_that_are_cut_short_do_not_make_an_insert_twice(operation: WriteOperation, kind: type[Exception]):
    api = shop(Write(operation=operation, path="/o", results=ORDERED))
    with pytest.raises(kind, match="ends too early"):
        RestApi(lambda _: httpx.Response(200, text='{"results": [')).connector(api).write(
            batch({}, operation=operation)
        )


def test_no_secret_shows_in_a_reason():
    api = shop(Write(operation="INSERT", path="/o"))
    echo = httpx.Response(400, json={"message": "you sent planted-token-1"})
    assert RestApi(answers(echo)).connector(api).write(batch({})) == (Rejection(0, "you sent [redacted]"),)


def test_a_key_makes_an_insert_repeatable():
    api = shop(Write(operation="INSERT", path="/o", key_header="idempotency-key", many=2))
    application = RestApi(answers(httpx.Response(504), {}, {}))
    application.connector(api).write(batch({}, {}, {}))
    keys = [request.headers["idempotency-key"] for request in application.asked]
    assert keys == ["e-1-0-0-2", "e-1-0-0-2", "e-1-0-2-1"]


def test_a_batch_holds_no_more_than_one_request_of_what_may_not_be_sent_twice():
    insert, upsert = Write(operation="INSERT", path="/o", many=50), Write(operation="UPSERT", path="/o")
    assert RestApi(answers()).connector(shop(insert, upsert)).batch_size == 50
    assert RestApi(answers()).connector(shop(upsert)).batch_size == 200


def test_what_can_not_be_written_is_said():
    connector = RestApi(answers()).connector(shop(Write(operation="INSERT", path="/o")))
    with pytest.raises(Stop, match=r"Shop can't take DELETE of 'orders/new'\. It takes INSERT\."):
        connector.write(batch({}, operation="DELETE"))
    with pytest.raises(Stop, match="as a whole"):
        connector.write(batch({}, all_or_none=True))


def test_fields_say_which_operations_take_them():
    api = shop(Write(operation="INSERT", path="/o"), Write(operation="UPDATE", path="/o/{id}"))
    number, amount = RestApi(answers()).connector(api).describe("orders/new")
    assert number["destinationProperties"]["supportedWriteOperations"] == ["UPDATE"]
    assert amount["destinationProperties"]["isCreatable"] is True
