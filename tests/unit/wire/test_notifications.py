"""Who may tell of objects, and how they are answered."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from headrace.errors import ThrottlingException
from headrace.operations import object_events
from headrace.wire.callers import AccessKey
from headrace.wire.policy import parse_policy
from tests.unit.wire.rig import ACCOUNT, Rig, StandInDispatcher

PATH = "/headrace/v1/events/s3"
ARN = f"arn:aws:iam::{ACCOUNT}:user/minio"


def policy(action: str) -> Any:
    return parse_policy({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


KEYS = (
    AccessKey("AKIDALL", "the secret", ACCOUNT, ARN),
    AccessKey("AKIDTELL", "the secret", ACCOUNT, ARN, policy("headrace:PutObjectEvents")),
    AccessKey("AKIDREAD", "the secret", ACCOUNT, ARN, policy("appflow:Describe*")),
)


def basic(key_id: str, secret: str = "the secret") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()}


def bearer(key_id: str, secret: str = "the secret") -> dict[str, str]:
    return {"authorization": f"Bearer {key_id}:{secret}"}


@pytest.mark.parametrize("headers", [basic("AKIDALL"), bearer("AKIDALL"), basic("AKIDTELL"), bearer("AKIDTELL")])
def test_a_key_is_shown_by_those_who_cannot_sign(headers: dict[str, str]) -> None:
    rig = Rig(auth="sigv4", keys=KEYS, dispatcher=StandInDispatcher({"objects": 1, "events": 1}))
    reply = rig.ask(PATH, b"{}", headers=headers)
    assert (reply.status, reply.json) == (200, {"objects": 1, "events": 1})
    ((name, caller, request),) = rig.dispatcher.calls
    assert (name, caller.account, caller.arn, request) == (object_events.PUT, ACCOUNT, ARN, {"notification": "{}"})


@pytest.mark.parametrize(
    "headers, error",
    [
        ({}, "MissingAuthenticationToken"),
        (basic("AKIDALL", "wrong"), "UnrecognizedClient"),
        (bearer("AKIDNONE"), "UnrecognizedClient"),
        (bearer("", ""), "UnrecognizedClient"),
        ({"authorization": "Basic !"}, "UnrecognizedClient"),
        (basic("AKIDREAD"), "AccessDenied"),
    ],
)
def test_others_are_refused(headers: dict[str, str], error: str) -> None:
    rig = Rig(auth="sigv4", keys=KEYS)
    reply = rig.ask(PATH, b"{}", headers=headers)
    assert (reply.status, rig.dispatcher.calls) == (403, [])
    assert (reply.error or "").startswith(error)
    assert "the secret" not in reply.message + rig.log_text.getvalue()


@pytest.mark.parametrize("headers", [{}, bearer("whoever")])
def test_where_nobody_shows_keys_anybody_may_tell(headers: dict[str, str]) -> None:
    assert Rig().ask(PATH, b"{}", headers=headers).status == 200


def test_a_sender_is_asked_to_wait_while_a_flow_is_far_behind() -> None:
    reply = Rig(dispatcher=StandInDispatcher(ThrottlingException("later"))).ask(PATH, b"{}")
    assert (reply.status, reply.headers["retry-after"]) == (429, "30")


def test_notifications_are_posted() -> None:
    assert Rig().ask(PATH, method="GET").status == 405
