"""Who may post records, and how they are answered."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import ThrottlingException
from headrace.operations import record_events
from headrace.wire.callers import AccessKey
from headrace.wire.policy import parse_policy
from tests.unit.wire.rig import ACCOUNT, Rig, StandInDispatcher
from tests.unit.wire.test_notifications import ARN, basic, bearer

PATH = "/headrace/v1/events/webhook/or%C3%A9"
FLOW = f"arn:aws:appflow:us-east-1:{ACCOUNT}:flow/oré"
FOUND = {"records": 1, "taken": 1}


def policy(action: str, resource: str) -> Any:
    return parse_policy({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


KEYS = (
    AccessKey("AKIDALL", "the secret", ACCOUNT, ARN),
    AccessKey("AKIDPUT", "the secret", ACCOUNT, ARN, policy("headrace:PutRecords", FLOW)),
    AccessKey("AKIDELSE", "the secret", ACCOUNT, ARN, policy("headrace:PutRecords", f"{FLOW}-else")),
    AccessKey("AKIDREAD", "the secret", ACCOUNT, ARN, policy("appflow:*", "*")),
)


@pytest.mark.parametrize("headers", [basic("AKIDALL"), bearer("AKIDALL"), basic("AKIDPUT")])
def test_a_key_that_may_put_records_is_enough(headers: dict[str, str]) -> None:
    rig = Rig(auth="sigv4", keys=KEYS, dispatcher=StandInDispatcher(FOUND))
    reply = rig.ask(PATH, b"{}", headers={**headers, "x-delivery-id": "7", "x-other": "8"})
    assert (reply.status, reply.json) == (202, FOUND)
    ((name, caller, request),) = rig.dispatcher.calls
    assert (name, caller.account, caller.arn) == (record_events.PUT, ACCOUNT, ARN)
    assert request == {"flowName": "oré", "body": b"{}", "headers": {"x-delivery-id": "7"}, "trust": "key"}


@pytest.mark.parametrize(
    "headers, error",
    [
        ({}, "MissingAuthenticationToken"),
        (basic("AKIDALL", "wrong"), "UnrecognizedClient"),
        (basic("AKIDREAD"), "AccessDenied"),
        (basic("AKIDELSE"), "AccessDenied"),
        # A key that is wrong is not made good by a signature, which nobody has looked at.
        ({**basic("AKIDNONE"), "x-hub-signature-256": "sha256=00"}, "UnrecognizedClient"),
    ],
)
def test_others_are_refused(headers: dict[str, str], error: str) -> None:
    rig = Rig(auth="sigv4", keys=KEYS)
    reply = rig.ask(PATH, b"{}", headers=headers)
    assert (reply.status, rig.dispatcher.calls) == (403, [])
    assert (reply.error or "").startswith(error)


def test_a_signature_alone_is_left_to_be_looked_at() -> None:
    rig = Rig(auth="sigv4", keys=KEYS, dispatcher=StandInDispatcher(FOUND))
    assert rig.ask(PATH, b"{}", headers={"x-hub-signature-256": "sha256=00"}).status == 202
    ((_, caller, request),) = rig.dispatcher.calls
    assert (caller.access_key_id, request["trust"]) == ("anonymous", "signature")


def test_where_nobody_shows_keys_anybody_may_post() -> None:
    rig = Rig(dispatcher=StandInDispatcher(FOUND))
    assert rig.ask(PATH, b"{}").status == 202
    assert rig.dispatcher.calls[0][2]["trust"] == "open"


def test_a_sender_is_asked_to_wait_while_the_flow_is_far_behind() -> None:
    reply = Rig(dispatcher=StandInDispatcher(ThrottlingException("later"))).ask(PATH, b"{}")
    assert (reply.status, reply.headers["retry-after"]) == (429, "30")


def test_a_body_over_the_limit_is_refused() -> None:
    rig = Rig(body_limit_bytes=10)
    assert rig.ask(PATH, b" " * 11).status == 413
    assert rig.dispatcher.calls == []


def test_records_are_posted() -> None:
    assert Rig().ask(PATH, method="GET").status == 405
