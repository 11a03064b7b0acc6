"""Calls of a running headrace from the command line."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import httpx

from headrace.clock import SystemClock
from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.connector_sdk.signing import signed
from headrace.errors import SettingsError, Stop
from headrace.model.api import OPERATIONS

_TIMEOUT_S = 330.0


class Api:
    """The operations of a service; signed with the AWS credentials of the environment, if there are any."""

    def __init__(self, url: str, region: str, environment: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._region = region
        self._keys = AwsCredentials(environment).find()

    def __call__(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. Raises Stop with the service's words, SettingsError where no service answers."""
        return self.ask("POST", OPERATIONS[name].path, json.dumps(request).encode())

    def ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """The answer at a path, its query with it; raises the same."""
        with self._telling():
            headers = self._headers(method, path, body)
            reply = httpx.request(method, self._url + path, content=body, headers=headers, timeout=_TIMEOUT_S)
            return _answer(reply)

    def download(self, path: str, to: IO[bytes]) -> int:
        """Write what lies at a path, however large it is; its bytes. Raises the same."""
        with (
            self._telling(),
            httpx.stream("GET", self._url + path, headers=self._headers("GET", path), timeout=_TIMEOUT_S) as reply,
        ):
            if not reply.is_success:
                reply.read()
                _answer(reply)
            return sum(to.write(block) for block in reply.iter_bytes())

    def _headers(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        headers = {"content-type": "application/json"} if body else {}
        if self._keys is None:
            return headers
        return signed(
            self._keys,
            method=method,
            url=self._url + path,
            headers=headers,
            body=body,
            region=self._region,
            service="appflow",
            now=SystemClock().now(),
        )

    @contextmanager
    def _telling(self) -> Generator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SettingsError(f"No headrace answers at {self._url}: {error}. Start it, or give --url.") from None
        except ValueError:
            raise SettingsError(f"What answers at {self._url} is no headrace. Give another --url.") from None


def _answer(reply: httpx.Response) -> dict[str, Any]:
    answer: dict[str, Any] = reply.json()
    if not reply.is_success:
        raise Stop(f"{reply.headers.get('x-amzn-errortype', reply.status_code)}: {answer.get('message')}")
    return answer
