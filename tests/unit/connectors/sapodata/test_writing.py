"""Records into an entity set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from headrace.connector_sdk.records import Batch, Rejection, WriteOperation
from headrace.errors import Refused, Retry, Stop
from tests.standins import odata_metadata
from tests.standins.odata_gateway import Gateway
from tests.standins.odata_service import at, connector
from tests.standins.rest_api import RestApi, answers

V2, V4 = odata_metadata.v2(), odata_metadata.v4()
CREATED = httpx.Response(201, json={"d": {}})
CHANGED = httpx.Response(204)
NO_TOKEN = httpx.Response(200, json={"d": {"EntitySets": []}})


def batch(
    *records: Any, operation: WriteOperation = "INSERT", id_fields: Sequence[str] = ("Id",), **changes: Any
) -> Batch:
    given: dict[str, Any] = {
        "key": "e-1-0",
        "entity": "/svc/Things",
        "operation": operation,
        "id_fields": () if operation == "INSERT" else tuple(id_fields),
        "records": tuple(each if isinstance(each, str) else json.dumps(each) for each in records),
        "flow_name": "f",
        "execution_id": "e-1",
        "api_version": None,
        "settings": {},
        "all_or_none": False,
    }
    return Batch(**{**given, **changes})


def refusal(status: int, said: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": "x", "message": {"lang": "en", "value": said}}})


def write(application: RestApi, asked: Batch) -> Sequence[Rejection]:
    return connector(application).write(asked)


def sent(application: RestApi) -> list[str]:
    """Method, path and body of every write."""
    return [
        f"{each.method} {unquote(each.url.path)} {each.content.decode()}"
        for each in application.asked
        if each.method != "GET"
    ]


def test_an_insert_is_a_post_of_each_record():
    application = at(V2, answers(NO_TOKEN, CREATED, CREATED))
    assert write(application, batch({"Id": 1, "Count": "2"}, {"Id": "2"})) == ()
    assert sent(application) == ['POST /svc/Things {"Id":"1","Count":2}', 'POST /svc/Things {"Id":"2"}']


@pytest.mark.parametrize("metadata,method,literal", [(V2, "MERGE", "'a/1'"), (V4, "PATCH", "7")], ids=["V2", "V4"])
def test_an_update_goes_to_the_record_in_whatever_state_it_is(metadata: bytes, method: str, literal: str):
    application = at(metadata, answers(NO_TOKEN, CHANGED))
    assert write(application, batch({"Id": literal.strip("'"), "Place": None}, operation="UPDATE")) == ()
    assert sent(application) == [f'{method} /svc/Things({literal}) {{"Place":null}}']
    assert application.asked[-1].headers["if-match"] == "*"


@pytest.mark.parametrize("status", [404, 412])
def test_an_upsert_inserts_what_can_not_be_updated(status: int):
    application = at(V4, answers(NO_TOKEN, CHANGED, refusal(status, "no such thing"), CREATED))
    assert write(application, batch({"Id": 1}, {"Id": 2, "Name": "b"}, operation="UPSERT")) == ()
    assert sent(application) == [
        "PATCH /svc/Things(1) {}",
        'PATCH /svc/Things(2) {"Name":"b"}',
        'POST /svc/Things {"Id":2,"Name":"b"}',
    ]


def test_records_that_are_refused_are_named_with_the_services_words_and_the_others_are_written():
    application = at(
        V2,
        answers(
            NO_TOKEN,
            refusal(400, "Count is bad"),
            CREATED,
            refusal(409, "is there"),
            refusal(500, "Plant 1000 is locked"),
            refusal(403, "not in this plant"),
        ),
    )
    assert write(application, batch(*({"Id": n} for n in range(5)))) == (
        Rejection(0, "status 400: Count is bad"),
        Rejection(2, "status 409: is there"),
        Rejection(3, "status 500: Plant 1000 is locked"),
        Rejection(4, "status 403: not in this plant"),
    )


@pytest.mark.parametrize("operation", ["UPDATE", "UPSERT"])
def test_a_record_without_its_key_is_refused_without_being_sent(operation: WriteOperation):
    application = at(V2, answers(CHANGED))
    assert write(application, batch({"Count": 1}, {"Id": None}, operation=operation)) == (
        Rejection(0, "The record lacks a value of its key, Id."),
        Rejection(1, "The record lacks a value of its key, Id."),
    )
    assert sent(application) == []


def test_what_is_no_record_is_refused():
    assert write(at(V2, answers()), batch("[1]")) == (Rejection(0, "The record is no JSON object."),)


def test_a_token_is_fetched_once_and_sent_with_every_write():
    gateway = Gateway(lambda _: CREATED)
    application = at(V2, gateway)
    opened = connector(application)
    assert opened.write(batch({"Id": 1}, {"Id": 2})) == opened.write(batch({"Id": 3})) == ()
    assert gateway.fetched == 1
    assert [each.headers["x-csrf-token"] for each in application.asked if each.method == "POST"] == [
        "planted-token-1=="
    ] * 3


def test_a_token_that_is_too_old_is_fetched_anew():
    gateway = Gateway(lambda _: CREATED)
    opened = connector(at(V2, gateway))
    assert opened.write(batch({"Id": 1})) == ()
    gateway.sessions.clear()
    assert opened.write(batch({"Id": 2})) == ()
    assert gateway.fetched == 2


def test_a_token_that_is_never_taken_refuses_the_record():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return NO_TOKEN
        return httpx.Response(403, text="CSRF token validation failed", headers={"x-csrf-token": "Required"})

    (refused,) = write(at(V2, answer), batch({"Id": 1}))
    assert refused == Rejection(0, "status 403: CSRF token validation failed")


@pytest.mark.parametrize("status", [404, 405, 406])
def test_a_service_without_a_document_of_its_own_has_no_token(status: int):
    application = at(V2, answers(httpx.Response(status), CREATED))
    assert write(application, batch({"Id": 1})) == ()
    assert "x-csrf-token" not in application.asked[-1].headers


def test_an_insert_whose_answer_is_lost_ends_the_run_and_an_update_is_sent_again():
    lost = httpx.Response(502)
    with pytest.raises(Stop, match="unknown") as raised:
        write(at(V2, answers(NO_TOKEN, lost)), batch({"Id": 1}))
    assert type(raised.value) is Stop
    application = at(V2, answers(NO_TOKEN, lost, CHANGED))
    assert write(application, batch({"Id": 1}, operation="UPDATE")) == ()
    assert len(sent(application)) == 2


@pytest.mark.parametrize("status,kind", [(401, Refused), (429, Retry), (503, Retry)])
def test_what_is_no_records_fault_is_no_rejection(status: int, kind: type[Exception]):
    with pytest.raises(kind):
        write(at(V2, lambda each: NO_TOKEN if each.method == "GET" else refusal(status, "x")), batch({"Id": 1}))


@pytest.mark.parametrize(
    "asked,reason",
    [
        (batch({"Id": 1}, operation="DELETE"), "can't take DELETE: it takes INSERT, UPDATE, UPSERT"),
        (batch({"Id": 1}, all_or_none=True), "can't take INSERT as a whole"),
        (batch({"Id": 1}, operation="UPDATE", id_fields=("Count",)), "found by their whole key, Id"),
        (batch({"Id": 1}, entity="/svc/Nope"), "no entity set Nope"),
    ],
)
def test_what_can_not_be_written_is_told_before_anything_is(asked: Batch, reason: str):
    application = at(V2, answers())
    with pytest.raises(Stop, match=reason):
        write(application, asked)
    assert sent(application) == []


def test_answers_to_be_kept_in_a_bucket_are_not_promised():
    opened = connector(at(V2, answers()))
    with pytest.raises(Stop, match="successResponseHandlingConfig"):
        opened.check_settings("DESTINATION", {"successResponseHandlingConfig.bucketName": "kept"})
    opened.check_settings("SOURCE", {"paginationConfig.maxPageSize": "100"})
