from __future__ import annotations

import hashlib
import hmac
import json
import resource
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from headrace.connector_sdk.aws_credentials import AwsKeys
from headrace.errors import Retry, Stop
from headrace.runner.receivers import EventBus, FileReceiver, Webhook, receivers_of
from headrace.settings import Settings
from headrace.store.outbox import Report
from tests.standins.told import Told, is_signed

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = b"planted-secret-of-24-bytes!"
KEYS = AwsKeys("AKID", "planted-key", None)
HOOK = "https://hooks.example/planted-token?key=planted-key"
Answer = Callable[[httpx.Request], httpx.Response]


def report(number: int = 1, flow: str = "orders") -> Report:
    event = {
        "version": "0",
        "id": f"id-{number}",
        "detail-type": "AppFlow End Flow Run Report",
        "source": "aws.appflow",
        "account": "000000000000",
        "time": "2026-01-02T03:04:05Z",
        "region": "us-east-1",
        "resources": [f"arn:{flow}"],
        "detail": {"flow-name": flow, "status": "Execution Successful"},
    }
    return Report(number, flow, event)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def hook(answer: Answer, secret: bytes | None = SECRET) -> Webhook:
    return Webhook(HOOK, secret, lambda: NOW, httpx.MockTransport(answer))


def bus(answer: Answer, keys: AwsKeys | None = KEYS) -> EventBus:
    return EventBus(
        "default",
        endpoint="http://events.test:1",
        region="eu-west-1",
        keys=lambda: keys,
        now=lambda: NOW,
        transport=httpx.MockTransport(answer),
    )


def test_a_file_gets_a_line_an_event_after_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "made" / "it's.jsonl"
    receiver = FileReceiver(f"file://{tmp_path}/made/it%27s.jsonl")

    assert receiver.deliver([report(1), report(2)]) == {}
    assert receiver.deliver([report(3)]) == {}

    assert lines(path) == [report(number).event for number in (1, 2, 3)]


def test_half_a_line_that_is_in_the_file_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    path.write_text('{"half')

    FileReceiver(path.as_uri()).deliver([report()])

    first, second = path.read_text().splitlines()
    assert (first, json.loads(second)) == ('{"half', report().event)


def test_a_disk_that_is_full_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    receiver = FileReceiver(path.as_uri())
    receiver.deliver([report(1)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            receiver.deliver([report(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert lines(path) == [report(1).event]


def test_a_webhook_gets_a_cloud_event_with_a_signature() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    assert hook(answer).deliver([report()]) == {}

    (request,) = asked
    assert str(request.url) == HOOK
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert json.loads(request.content) == {
        "specversion": "1.0",
        "id": "id-1",
        "source": "arn:orders",
        "type": "AppFlow End Flow Run Report",
        "subject": "orders",
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "data": report().event,
    }
    stamp = request.headers["webhook-timestamp"]
    assert (request.headers["webhook-id"], stamp) == ("id-1", str(int(NOW.timestamp())))
    version, _, signature = request.headers["webhook-signature"].partition(",")
    signed = b".".join([b"id-1", stamp.encode(), request.content])
    assert (version, b64decode(signature)) == ("v1", hmac.new(SECRET, signed, hashlib.sha256).digest())


def test_without_a_secret_a_webhook_gets_no_signature() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    hook(answer, secret=None).deliver([report()])

    assert "webhook-signature" not in asked[0].headers


@pytest.mark.parametrize("status", [302, 400, 410, 413, 422])
def test_a_webhook_that_takes_no_such_report_has_refused_it(status: int) -> None:
    refused = hook(lambda _: httpx.Response(status, headers={"location": "http://elsewhere"})).deliver([report()])

    assert refused == {"id-1": f"answered {status}"}


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
def test_a_webhook_that_takes_nothing_is_asked_again(status: int) -> None:
    with pytest.raises(Retry) as caught:
        hook(lambda _: httpx.Response(status)).deliver([report()])

    assert caught.value.message == f"The webhook at hooks.example answered {status}."


def test_a_webhook_that_hangs_is_named_without_what_is_secret() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout(f"{request.url} took too long")

    with pytest.raises(Retry) as caught:
        hook(answer).deliver([report()])

    assert "webhook at hooks.example" in caught.value.message
    assert "planted" not in caught.value.message
    assert "planted" not in hook(answer).key


def test_an_event_bus_gets_signed_entries() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"FailedEntryCount": 0, "Entries": [{"EventId": "1"}, {"EventId": "2"}]})

    assert bus(answer).deliver([report(1, "a"), report(2, "b")]) == {}

    (request,) = asked
    told = Told(dict(request.headers), request.content)
    assert is_signed(told, "http://events.test:1/", access_key="AKID", secret_key="planted-key", region="eu-west-1")
    assert request.headers["x-amz-target"] == "AWSEvents.PutEvents"
    first, second = json.loads(request.content)["Entries"]
    assert first == {
        "Time": NOW.timestamp(),
        "Source": "headrace.appflow",
        "Resources": ["arn:a"],
        "DetailType": "AppFlow End Flow Run Report",
        "Detail": first["Detail"],
        "EventBusName": "default",
    }
    assert json.loads(first["Detail"]) == report(1, "a").event["detail"]
    assert second["Resources"] == ["arn:b"]


def test_an_entry_that_the_bus_refuses_is_told_from_the_others() -> None:
    entries = [{"EventId": "1"}, {"ErrorCode": "InternalFailure", "ErrorMessage": "x"}]

    refused = bus(lambda _: httpx.Response(200, json={"Entries": entries})).deliver([report(1, "a"), report(2, "b")])

    assert refused == {"id-2": "InternalFailure"}


@pytest.mark.parametrize(
    "response, said",
    [
        (httpx.Response(400, json={"__type": "com.amazonaws#AccessDeniedException"}), "400: AccessDeniedException"),
        (httpx.Response(503, text="<html>"), "503: without a reason"),
        (httpx.Response(200, json={"Entries": []}), "did not say what became"),
        (httpx.Response(200, text="[]"), "did not say what became"),
    ],
)
def test_a_bus_that_answers_otherwise_is_asked_again(response: httpx.Response, said: str) -> None:
    with pytest.raises(Retry, match=said):
        bus(lambda _: response).deliver([report()])


def test_without_keys_nothing_is_put_on_a_bus() -> None:
    with pytest.raises(Stop, match="Set AWS_ACCESS_KEY_ID"):
        bus(lambda _: httpx.Response(200), keys=None).deliver([report()])


def test_each_place_has_a_receiver_and_a_key_of_its_own() -> None:
    given = {"HEADRACE_NOTIFY": f"file:///a/b, {HOOK},eventbridge:default,eventbridge:arn:aws:events:r:1:event-bus/x"}
    receivers = receivers_of(Settings.from_environment(given), {}, lambda: NOW)

    assert [each.name for each in receivers] == [
        "file:///a/b",
        "webhook at hooks.example",
        "event bus default",
        "event bus arn:aws:events:r:1:event-bus/x",
    ]
    assert len({each.key for each in receivers}) == 4
    for each in receivers:
        each.close()
