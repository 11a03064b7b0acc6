from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from headrace.connector_sdk.lambda_secrets import SecretValues, read_secret
from headrace.connector_sdk.records import Connection, Credentials
from headrace.connector_sdk.secret_text import secret_text
from headrace.errors import NotThere, Retry, Stop

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:appflow!x-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_SESSION_TOKEN": "held"}


def values(document: object) -> dict[str, str]:
    return dict(SecretValues(ARN, lambda _: json.dumps(document)))


def test_what_either_sdk_of_aws_spells_is_read_under_the_names_of_the_api() -> None:
    assert values({"userName": "ann", "password": "p"}) == {"username": "ann", "password": "p"}
    assert values({"username": "ann", "password": "p"}) == {"username": "ann", "password": "p"}
    assert values({"apiKey": "k", "secretKey": "s"}) == {"apiKey": "k", "apiSecretKey": "s"}
    assert values({"apiKey": "k", "apiSecretKey": None}) == {"apiKey": "k"}
    assert values({"accessToken": "a", "refreshToken": "r"}) == {"accessToken": "a", "refreshToken": "r"}
    custom = {"authenticationType": "Handshake", "customCredentials": {"word": "w"}}
    assert values(custom) == {"customAuthenticationType": "Handshake", "word": "w"}


@pytest.mark.parametrize(
    "kind, held",
    [
        ("BasicAuth", {"username": "ann", "password": "p"}),
        ("ApiKey", {"apiKey": "k", "apiSecretKey": "s"}),
        ("OAuth2", {"accessToken": "a", "refreshToken": "r"}),
        ("CustomAuth", {"customAuthenticationType": "Handshake", "word": "w"}),
    ],
)
def test_what_headrace_hands_out_is_read_back(kind: Any, held: dict[str, str]) -> None:
    connection = Connection("0", "eu-west-1", "p", "CustomConnector", "L", {}, Credentials(kind, held), ARN)
    assert dict(SecretValues(ARN, lambda _: secret_text(connection))) == held


def test_a_secret_is_fetched_once_and_only_when_it_is_looked_at() -> None:
    asked: list[str] = []

    def read(arn: str) -> str:
        asked.append(arn)
        return '{"apiKey": "k"}'

    secret = SecretValues(ARN, read)
    assert (repr(secret), asked) == (f"SecretValues({ARN!r})", [])
    assert (secret["apiKey"], len(secret), asked) == ("k", 1, [ARN])


def test_a_secret_that_holds_no_credentials_is_not_quoted() -> None:
    with pytest.raises(NotThere, match="no JSON object") as raised:
        dict(SecretValues(ARN, lambda _: '"planted"'))
    assert "planted" not in str(raised.value)


def fetched(environment: Mapping[str, str], status: int = 200, body: bytes = b'{"SecretString": "{}"}') -> Any:
    seen: list[Any] = []

    def post(url: str, sent: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        seen.append((url, json.loads(sent), dict(headers)))
        return status, body

    assert read_secret(ARN, environment=environment, post=post) == "{}"
    return seen[0]


def test_the_secret_is_asked_for_at_aws_with_the_keys_of_the_environment() -> None:
    url, body, headers = fetched(KEYS)
    assert (url, body) == ("https://secretsmanager.eu-west-1.amazonaws.com/", {"SecretId": ARN})
    assert headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert headers["x-amz-security-token"] == "held"
    assert "Credential=AKID/" in headers["authorization"]
    assert "/eu-west-1/secretsmanager/aws4_request" in headers["authorization"]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"])
def test_the_secret_is_asked_for_where_the_environment_says(name: str) -> None:
    assert fetched(KEYS | {name: "http://127.0.0.1:8080"})[0] == "http://127.0.0.1:8080/"


@pytest.mark.parametrize(
    "status, body, kind, words",
    [
        (503, b"busy", Retry, "status 503"),
        (400, b'{"__type": "AccessDeniedException", "message": "planted"}', Stop, "status 400, AccessDeniedException"),
        (418, b"planted", Stop, "without an error's name"),
        (200, b'{"SecretBinary": "planted"}', Stop, "no SecretString"),
    ],
)
def test_a_secret_that_is_not_given_is_told_without_what_was_answered(
    status: int, body: bytes, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as raised:
        fetched(KEYS, status, body)
    assert "planted" not in str(raised.value)


def test_without_keys_nobody_is_asked() -> None:
    with pytest.raises(Stop, match="no AWS keys"):
        fetched({"HOME": "/nowhere"})


def test_nobody_at_the_endpoint_is_a_reason_to_try_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        environment = KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{unused.getsockname()[1]}"}
        with pytest.raises(Retry, match="can't be read"):
            read_secret(ARN, environment=environment)
