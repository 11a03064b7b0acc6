"""IAM-style policies."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace.errors import SettingsError
from headrace.wire.policy import Policy, parse_policy

FLOW = "arn:aws:appflow:us-east-1:000000000000:flow/sales"


def allow(**changed: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "appflow:StartFlow", "Resource": "*", **changed}


def policy(*statements: dict[str, Any]) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    "action, is_allowed",
    [
        ("appflow:StartFlow", True),
        ("APPFLOW:startflow", True),
        ("appflow:*", True),
        ("appflow:Start*", True),
        ("appflow:St?rtFl?w", True),
        ("*", True),
        ("appflow:StartFlo", False),
        ("appflow:StartFlow?", False),
        ("appflow:*Flows", False),
        ("s3:*", False),
    ],
)
def test_actions_match_in_any_case_with_wildcards(action: str, is_allowed: bool) -> None:
    decided = policy(allow(Action=action)).decide("appflow:StartFlow", FLOW)
    assert decided == ("allowed" if is_allowed else "unmentioned")


@pytest.mark.parametrize(
    "resource, is_allowed",
    [
        (FLOW, True),
        ("arn:aws:appflow:*:*:flow/sales", True),
        ("arn:aws:appflow:*:flow/s*s", True),
        (FLOW.upper().replace("ARN", "arn", 1), False),
        ("arn:aws:appflow:us-east-1:000000000000:flow/sale", False),
        ("arn:aws:appflow:us-east-1:000000000000:flow/sal.s", False),
    ],
)
def test_resources_match_in_their_case_with_wildcards(resource: str, is_allowed: bool) -> None:
    decided = policy(allow(Resource=[resource])).decide("appflow:StartFlow", FLOW)
    assert decided == ("allowed" if is_allowed else "unmentioned")


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    deny = allow(Effect="Deny")
    for statements in ((deny, allow()), (allow(), deny)):
        assert policy(*statements).decide("appflow:StartFlow", FLOW) == "denied"


def test_what_is_not_mentioned_is_not_allowed() -> None:
    assert policy(allow()).decide("appflow:StopFlow", FLOW) == "unmentioned"


def test_not_action_and_not_resource_mean_all_others() -> None:
    but = policy({"Effect": "Allow", "NotAction": ["appflow:Delete*"], "NotResource": "*flow/hr-*"})
    assert but.decide("appflow:StartFlow", FLOW) == "allowed"
    assert but.decide("appflow:DeleteFlow", FLOW) == "unmentioned"
    assert but.decide("appflow:StartFlow", FLOW.replace("sales", "hr-1")) == "unmentioned"


def test_one_statement_may_stand_without_a_list() -> None:
    assert parse_policy({"Statement": allow()}).decide("appflow:StartFlow", FLOW) == "allowed"


@pytest.mark.parametrize(
    "document, said",
    [
        ([], "must be a JSON object"),
        ({}, "no Statement"),
        ({"Statement": []}, "no Statement"),
        ({"Statement": ["x"]}, "Statement 1 must be a JSON object"),
        (
            {"Version": "2020-01-01", "Statement": allow()},
            "Version is '2020-01-01': allowed are 2012-10-17, 2008-10-17",
        ),
        ({"Statement": allow(), "Statements": 1}, "The policy has 'Statements'"),
        ({"Statement": allow(Effect="allow")}, "Effect is 'allow': allowed are Allow, Deny"),
        ({"Statement": allow(Condition={})}, "Condition, which headrace does not evaluate"),
        ({"Statement": allow(Principal="*")}, "Principal"),
        ({"Statement": allow(Actions="*")}, "has 'Actions'"),
        ({"Statement": allow(NotAction="*")}, "either Action or NotAction"),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, "either Resource or NotResource"),
        ({"Statement": allow(Action=[])}, "Action must be text or a list of texts"),
        ({"Statement": allow(Action=[5])}, "Action must be text or a list of texts"),
        ({"Statement": allow(Action="StartFlow")}, "'StartFlow' is not of the form appflow:StartFlow"),
        ({"Statement": allow(Resource="sales")}, "'sales' is neither an ARN nor *"),
        ({"Statement": allow(Resource="arn:${aws:username}")}, "policy variable"),
    ],
)
def test_a_faulty_policy_is_refused_in_words(document: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        parse_policy(document)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_policy({"Version": "1", "Statement": [allow(Effect="Maybe"), allow(Condition={}, Action="x")]})
    assert len(caught.value.message.splitlines()) == 4


def glob(pattern: str, text: str) -> bool:
    """The meaning of the wildcards, spelt out."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and glob(pattern[1:], text[1:])


@given(st.text("ab*?.\n", max_size=8), st.text("ab.\n", max_size=8))
@example("*a*b", "aab")
@settings(max_examples=500)
def test_wildcards_mean_what_they_mean(pattern: str, text: str) -> None:
    decided = policy(allow(Resource=f"arn:{pattern}")).decide("appflow:StartFlow", f"arn:{text}")
    assert (decided == "allowed") is glob(pattern, text)


def test_a_hostile_name_costs_no_time() -> None:
    many = policy(allow(Resource="arn:" + "*a" * 30 + "*b"))
    assert many.decide("appflow:StartFlow", "arn:" + "a" * 100_000) == "unmentioned"
