"""What failures mean beside their kind: what credentials may not do, and what to do about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.connector_sdk.http.messages import Answer
from headrace.connector_sdk.rest import Fault, Faults
from headrace.errors import ConnectorError, Denied, Stop

FAULTS = Faults(
    failed=("ok", False),
    code="error",
    known=(
        Fault("denied", ("missing_scope",), advice="Give it the scope {needed}, beside {provided.0}."),
        Fault("stop", ("gone",)),
    ),
)


def judged(status: int = 200, **members: Any) -> ConnectorError:
    body = json.dumps({"ok": False, **members}).encode()
    error = FAULTS.judge(Answer(status, {}, body, "https://api.example.com/o", "GET https://api.example.com/o"))
    assert error is not None
    return error


def test_advice_is_told_with_what_the_answer_says() -> None:
    error = judged(error="missing_scope", needed="a:read", provided=["b:read"])
    assert type(error) is Denied
    assert error.message.endswith("missing_scope. Give it the scope a:read, beside b:read.")


def test_advice_does_without_what_the_answer_lacks() -> None:
    assert judged(error="missing_scope").message.endswith("Give it the scope ?, beside ?.")


@pytest.mark.parametrize("status,kind", [(200, Stop), (403, Denied)])
def test_no_advice_no_words(status: int, kind: type[ConnectorError]) -> None:
    error = judged(status, error="other")
    assert type(error) is kind
    assert error.message.endswith(": other")
    assert judged(status, error="gone").message.endswith(": gone")
