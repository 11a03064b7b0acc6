"""The credentials of a request, fetched from Secrets Manager when they are first looked at. Standard library only."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from headrace.clock import SystemClock
from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.connector_sdk.signing import signed
from headrace.errors import NotThere, Retry, Stop

Json = dict[str, Any]
# From the ARN of a secret to its SecretString.
ReadSecret = Callable[[str], str]
# Posts a body with headers to a URL: the status and the body of the answer.
Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes]]

# AWS's SDKs for Python and Java spell these differently; both become the names of the API.
_NAMES = {"userName": "username", "secretKey": "apiSecretKey"}
_TYPE = "customAuthenticationType"
_TIMEOUT_S = 20.0
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


class SecretValues(Mapping[str, str]):
    """The values of a secret by the names of the API, whichever SDK's spelling it was written in."""

    def __init__(self, secret_arn: str, read: ReadSecret) -> None:
        self._arn = secret_arn
        self._read = read
        self._found: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        return f"SecretValues({self._arn!r})"

    def _values(self) -> dict[str, str]:
        if self._found is None:
            self._found = _named(self._arn, self._read(self._arn))
        return self._found


def read_secret(
    arn: str, *, environment: Mapping[str, str] = os.environ, post: Post | None = None, now: SystemClock | None = None
) -> str:
    """The SecretString, by GetSecretValue at AWS_ENDPOINT_URL_SECRETS_MANAGER, else at AWS.

    Raises Retry where nobody answers, Stop where there are no keys for AWS or they may not read it.
    """
    region = (arn.split(":") + [""] * 4)[3] or environment.get("AWS_REGION") or "us-east-1"
    url = (
        environment.get("AWS_ENDPOINT_URL_SECRETS_MANAGER")
        or environment.get("AWS_ENDPOINT_URL")
        or f"https://secretsmanager.{region}.amazonaws.com"
    ).rstrip("/") + "/"
    keys = AwsCredentials(environment).find()
    if keys is None:
        raise Stop("There are no AWS keys in the environment to read the connector profile's credentials with.")
    body = json.dumps({"SecretId": arn}).encode()
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
    now_at = (now or SystemClock()).now()
    headers = signed(keys, url=url, headers=headers, body=body, region=region, service="secretsmanager", now=now_at)
    status, answer = (post or _post)(url, body, headers)
    if status == 200:
        return _secret_string(answer)
    reason = f"The credentials of the connector profile can't be read: {url} answered status {status}"
    raise Retry(f"{reason}.") if status in _BUSY else Stop(f"{reason}, {_error(answer)}.")


def _secret_string(answer: bytes) -> str:
    try:
        found: object = json.loads(answer)["SecretString"]
    except (ValueError, KeyError, TypeError):
        found = None
    if isinstance(found, str):
        return found
    raise Stop("Secrets Manager answered no SecretString for the credentials of the connector profile.")


def _error(answer: bytes) -> str:
    """The name of the error; its message may hold anything."""
    try:
        return str(json.loads(answer)["__type"])[:200]
    except (ValueError, KeyError, TypeError):
        return "without an error's name"


def _named(arn: str, text: str) -> dict[str, str]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        # Not its text: it is a secret.
        raise NotThere(f"The secret {arn} is no JSON object, so it holds no credentials.")
    given = cast("Json", found)
    custom = given.get("customCredentials")
    if isinstance(custom, dict):
        given = {_TYPE: given.get("authenticationType"), **cast("Json", custom)}
    return {_NAMES.get(name, name): str(value) for name, value in given.items() if value is not None}


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    request = Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - whoever starts it says where
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - see above
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
    except (URLError, TimeoutError, OSError) as error:
        raise Retry(f"The credentials of the connector profile can't be read: {url}: {error}.") from None
