"""A connector on AWS Lambda, or on any server that speaks its Invoke operation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from headrace.connector_sdk.aws_credentials import AwsKeys
from headrace.connector_sdk.hosts import Bounds, Request, client_context_headers
from headrace.connector_sdk.hosts.http import Poster, decoded, unsuccessful
from headrace.connector_sdk.lambda_answers import as_object, spoken
from headrace.connector_sdk.signing import signed
from headrace.errors import Stop
from headrace.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")


class LambdaHost:
    """Invokes one function, signed with the keys that are there at the time. See Host."""

    def __init__(
        self,
        arn: str,
        *,
        endpoint: str,
        keys: Callable[[], AwsKeys | None],
        now: Callable[[], datetime],
        bounds: Bounds,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._arn = arn
        self._region = arn.split(":")[3]
        self._url = f"{endpoint.rstrip('/')}/2015-03-31/functions/{quote(arn, safe='')}/invocations"
        self._keys = keys
        self._now = now
        self._poster = Poster(bounds, transport)

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        """See Host."""
        keys = self._keys()
        if keys is None:
            raise Stop(
                f"There are no AWS keys to invoke {self._arn} with. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                " or AWS_PROFILE."
            )
        body = json.dumps(request).encode()
        headers = signed(
            keys,
            url=self._url,
            headers={
                "content-type": "application/json",
                "x-amz-invocation-type": "RequestResponse",
                **client_context_headers(batch_key),
            },
            body=body,
            region=self._region,
            service="lambda",
            now=self._now(),
        )
        reply = self._poster.post(self._url, body, headers)
        if reply.status != 200:
            raise unsuccessful(self._arn, reply)
        answer = decoded(self._arn, reply.body)
        if "x-amz-function-error" in reply.headers:
            raised = as_object(answer) or {}
            raise Stop(
                f"The function {self._arn} raised {spoken(str(raised.get('errorType') or 'an error'))}:"
                f" {spoken(str(raised.get('errorMessage') or 'without a message'))}"
            )
        return answer

    def close(self) -> None:
        """See Host."""
        self._poster.close()
