from __future__ import annotations

from typing import Any

import pytest

from headrace.connector_sdk.hosts import Host, Request
from headrace.connector_sdk.hosts.handed import Handed
from headrace.connector_sdk.hosts.hiding import HidingHosts
from headrace.errors import Retry


class Saying:
    """A host that answers or raises what it is told to."""

    def __init__(self, said: Any) -> None:
        self.said = said
        self.is_closed = False
        self.batch_key: str | None = None

    def host(self, lambda_arn: str) -> Host:
        return self

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        self.batch_key = batch_key
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def close(self) -> None:
        self.is_closed = True


def handed(*values: str) -> Handed:
    known = Handed()
    known.add(values)
    return known


def answered(said: Any) -> Any:
    return HidingHosts(Saying(said), handed("planted", "planted-longer").hide).host("arn").invoke({})


def test_the_key_of_a_batch_is_passed_on() -> None:
    saying = Saying({})
    HidingHosts(saying, str).host("arn").invoke({}, batch_key="run/7")
    assert saying.batch_key == "run/7"


def test_the_longest_value_is_hidden_first_and_short_ones_are_words() -> None:
    known = handed("planted")
    known.add(["planted-longer", "id", "planted"])
    assert known.hide("planted-longer, planted, id") == "[redacted], [redacted], id"


def test_values_are_hidden_in_the_forms_that_requests_carry() -> None:
    known = handed("plan ted&")
    assert known.hide("cGxhbiB0ZWQm, plan%20ted%26, plan+ted%26") == "[redacted], [redacted], [redacted]"


def renewed(clock: list[float], times: int, *, every_s: float) -> Handed:
    """What is known after so many tokens of one profile, and two passwords that were handed out at the start."""
    known = Handed(lambda: clock[0])
    known.add(["password-of-one"], "one")
    known.add(["password-of-two", "token-of-two"], "two")
    for number in range(times):
        clock[0] += every_s
        known.add(["client-secret", f"token-{number:06d}"], "one")
    return known


def test_tokens_that_were_replaced_long_ago_are_forgotten() -> None:
    known = renewed([0.0], 5000, every_s=3600)
    assert len(known._values) < 26 * 5
    assert known.hide("token-004999 token-004976 token-004974") == "[redacted] [redacted] token-004974"
    assert known.hide("client-secret") == "[redacted]"


def test_the_last_that_was_handed_out_is_hidden_for_as_long_as_a_run_may_take() -> None:
    known = renewed([0.0], 20, every_s=24 * 3600)
    assert known.hide("password-of-two token-of-two") == "[redacted] [redacted]"
    assert known.hide("token-000012 token-000011") == "[redacted] token-000011"


def test_a_token_that_is_young_is_hidden_however_often_it_was_replaced() -> None:
    known = renewed([0.0], 500, every_s=60)
    assert known.hide("token-000000 password-of-one") == "[redacted] [redacted]"


def test_profiles_that_are_gone_are_forgotten() -> None:
    clock = [0.0]
    known = Handed(lambda: clock[0])
    for number in range(1000):
        clock[0] += 24 * 3600
        known.add([f"password-{number:04d}"], f"profile {number}")
    assert len(known._values) <= 31 * 2
    assert known.hide("password-0999 password-0970 password-0900") == "[redacted] [redacted] password-0900"


def test_what_is_handed_out_again_stays_hidden() -> None:
    clock = [0.0]
    known = Handed(lambda: clock[0])
    for number in range(100):
        clock[0] += 24 * 3600
        known.add(["the-password"], "one")
        known.add([f"other-{number}"], "other")
    assert known.hide("the-password") == "[redacted]"


def test_an_error_keeps_its_kind_and_loses_the_secret() -> None:
    with pytest.raises(Retry, match=r"^no \[redacted\] today$") as raised:
        answered(Retry("no planted-longer today", after_s=3))
    assert raised.value.after_s == 3


def test_what_is_said_is_hidden_and_data_is_not() -> None:
    answer = {
        "isSuccess": False,
        "errorDetails": {"errorMessage": "planted", "retryAfterSeconds": 3, "more": ["planted", None]},
        "errorsByInputField": {"token": "planted"},
        "writeRecordResults": [{"isSuccess": False, "recordId": None, "errorMessage": "planted"}],
        "records": ['{"name": "planted"}'],
    }
    assert answered(answer) == {
        "isSuccess": False,
        "errorDetails": {"errorMessage": "[redacted]", "retryAfterSeconds": 3, "more": ["[redacted]", None]},
        "errorsByInputField": {"token": "[redacted]"},
        "writeRecordResults": [{"isSuccess": False, "recordId": None, "errorMessage": "[redacted]"}],
        "records": ['{"name": "planted"}'],
    }
    assert answered(["planted"]) == ["planted"]
    assert answered({"errorDetails": None}) == {"errorDetails": None}


def test_a_host_is_closed_through() -> None:
    saying = Saying(None)
    HidingHosts(saying, str).host("arn").close()
    assert saying.is_closed
