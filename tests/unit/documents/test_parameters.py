from __future__ import annotations

import pytest

from headrace.documents import BadDocument, read

TEMPLATE = """
Parameters:
  P: {%s}
Resources:
  Orders:
    Type: AWS::AppFlow::Connector
    Properties: {ConnectorLabel: !Sub "x-${P}", ConnectorProvisioningType: LAMBDA, ConnectorProvisioningConfig: {}}
"""


def label(declared: str, value: str) -> str:
    (document,) = read("t.yaml", (TEMPLATE % declared).encode(), {"P": value})
    return document.name


@pytest.mark.parametrize(
    "declared, value",
    [
        ("Type: Number", "-1.5"),
        ("Type: Number, MinValue: 1, MaxValue: 3", "3"),
        ("Type: String, MinLength: 2, MaxLength: '3'", "abc"),
        ("Type: String, AllowedPattern: '[a-z]+'", "abc"),
        ("Type: String, AllowedValues: [a, 'true', 1]", "1"),
        ("Type: String, AllowedPattern: '\\p{L}+'", "left to AWS"),
    ],
)
def test_a_value_that_the_template_allows_is_taken(declared: str, value: str) -> None:
    assert label(declared, value) == f"x-{value}"


@pytest.mark.parametrize(
    "declared, value, told",
    [
        ("Type: Number", "abc", "parameter P is 'abc'; it has to be a number"),
        ("Type: Number", "NaN", "it has to be a number"),
        ("Type: Number, MinValue: 1", "0", "it has to be 1 at least"),
        ("Type: Number, MaxValue: 3", "3.5", "it has to be 3 at most"),
        ("Type: List<Number>", "1,x", "it has to be a number"),
        ("Type: String, MinLength: 2", "a", "it has to have 2 characters at least"),
        ("Type: String, MaxLength: 2", "abc", "it has to have 2 characters at most"),
        ("Type: String, AllowedPattern: '[a-z]+'", "X9", "parameter P is 'X9'; it has to match \\[a-z\\]\\+"),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "a,c", "parameter P is 'a,c'; allowed are a, b"),
    ],
)
def test_a_value_that_the_template_does_not_allow_is_refused(declared: str, value: str, told: str) -> None:
    with pytest.raises(BadDocument, match=told):
        label(declared, value)


def test_a_secret_that_is_not_allowed_is_not_told() -> None:
    told = "parameter P is a value that is not allowed; it has to be a number"
    with pytest.raises(BadDocument, match=told) as caught:
        label("Type: Number, NoEcho: true", "hunter2")
    assert "hunter2" not in str(caught.value)
