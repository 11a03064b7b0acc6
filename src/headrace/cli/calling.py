"""Calls of a running headrace from the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
        url = self._url + path
        headers = {"content-type": "application/json"} if body else {}
        if self._keys is not None:
            now = SystemClock().now()
            headers = signed(
                self._keys,
                method=method,
                url=url,
                headers=headers,
                body=body,
                region=self._region,
                service="appflow",
                now=now,
            )
        try:
            reply = httpx.request(method, url, content=body, headers=headers, timeout=_TIMEOUT_S)
            answer: dict[str, Any] = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SettingsError(f"No headrace answers at {self._url}: {error}. Start it, or give --url.") from None
        except ValueError:
            raise SettingsError(f"What answers at {self._url} is no headrace. Give another --url.") from None
        if not reply.is_success:
            raise Stop(f"{reply.headers.get('x-amzn-errortype', reply.status_code)}: {answer.get('message')}")
        return answer
