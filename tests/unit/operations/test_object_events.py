"""Notifications of object stores, in every form in which they are passed on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.errors import ValidationException
from headrace.operations.object_events import Created, read

RECORD: dict[str, Any] = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "eventName": "ObjectCreated:Put",
    "s3": {
        "bucket": {"name": "raw", "arn": "arn:aws:s3:::raw"},
        "object": {"key": "in/a+b%C3%A9%2B.csv", "size": 5, "eTag": "d41d", "sequencer": "0A1B"},
    },
}
S3 = {"Records": [RECORD]}
PLAIN = {
    "EventName": "s3:ObjectCreated:Put",
    "Key": "raw/in/x",
    "Records": [RECORD | {"eventName": "s3:ObjectCreated:Put"}],
}
SNS = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:…", "Message": json.dumps(S3)}
OF_LAMBDA = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(S3)}}]}
SQS = {"Records": [{"messageId": "1", "body": json.dumps(SNS)}]}
EVENT_BRIDGE = {
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {"bucket": {"name": "raw"}, "object": {"key": "in/a bé+.csv", "etag": "d41d", "sequencer": "0A1B"}},
}


@pytest.mark.parametrize("told", [S3, PLAIN, SNS, OF_LAMBDA, SQS, EVENT_BRIDGE])
def test_an_object_is_known_in_every_form(told: dict[str, Any]) -> None:
    (created,) = read(json.dumps(told))
    assert (created.bucket, created.key) == ("raw", "in/a bé+.csv")
    assert created.version is not None


@pytest.mark.parametrize(
    "told",
    [
        {"Event": "s3:TestEvent", "Service": "Amazon S3", "Bucket": "raw"},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example/", "Message": "You have chosen…"},
        {"Records": [RECORD | {"eventName": "ObjectRemoved:Delete"}]},
        EVENT_BRIDGE | {"detail-type": "Object Deleted"},
        {"Records": [RECORD | {"s3": {"bucket": {"name": "raw"}, "object": {"key": "in/"}}}]},
        {"Records": [RECORD | {"s3": {"bucket": {"name": "raw"}, "object": {"key": "../x"}}}]},
    ],
)
def test_what_is_no_new_object_is_passed_over(told: dict[str, Any]) -> None:
    assert list(read(json.dumps(told))) == []


def test_an_object_of_which_nothing_tells_the_version_has_none() -> None:
    told = {"Records": [RECORD | {"s3": {"bucket": {"name": "raw"}, "object": {"key": "x"}}}]}
    assert list(read(json.dumps(told))) == [Created("raw", "x", None)]


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "is no JSON"),
        ("[1]", "is no notification"),
        ("{}", "neither Records nor detail-type"),
        ('{"Records": [{"eventName": "ObjectCreated:Put"}]}', "lacks 's3'"),
        ('{"Records": [1]}', "lacks"),
        ('{"detail-type": "Object Created"}', "lacks 'detail'"),
        ('{"Type": "Notification", "Message": "hello"}', "is no JSON"),
    ],
)
def test_what_is_no_notification_is_refused_with_what_it_lacks(text: str, said: str) -> None:
    with pytest.raises(ValidationException, match=said):
        list(read(text))


def test_messages_within_messages_come_to_an_end() -> None:
    told: dict[str, Any] = S3
    for _ in range(9):
        told = {"Type": "Notification", "Message": json.dumps(told)}
    with pytest.raises(ValidationException, match="is no notification"):
        list(read(json.dumps(told)))
