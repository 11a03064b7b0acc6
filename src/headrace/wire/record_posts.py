"""The door of the webhook: records from senders that show an access key, or sign the body with a shared secret."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from headrace.errors import AccessDeniedException, ThrottlingException
from headrace.operations import record_events
from headrace.operations.context import Caller
from headrace.operations.signatures import HEADERS as SIGNATURES
from headrace.settings import Settings
from headrace.wire.bodies import Patience
from headrace.wire.callers import Identity
from headrace.wire.calls import Call
from headrace.wire.notifications import Dispatching, NotificationsApi, busy
from headrace.wire.replies import Reply, told

ACCEPTED = 202


class RecordsApi:
    """Takes records; `senders` says who may show what, `may_sign` whether a signature alone can be enough."""

    def __init__(
        self, dispatcher: Dispatching, senders: NotificationsApi, settings: Settings, *, may_sign: bool
    ) -> None:
        self._dispatcher = dispatcher
        self._senders = senders
        self._settings = settings
        self._may_sign = may_sign

    async def answer(self, call: Call, flow_name: str, patience: Patience) -> Reply:
        """Answer once the records are durable. 429, with Retry-After, where the flow is too far behind."""
        body = await call.body(self._settings.body_limit_bytes, patience)
        headers = _headers(call)
        caller, trust = await self._sender(call, body, headers, flow_name)
        call.caller_arn = caller.arn
        asked: dict[str, Any] = {"flowName": flow_name, "body": body, "headers": headers, "trust": trust}
        try:
            found = await asyncio.wrap_future(self._dispatcher.call(record_events.PUT, caller, asked))
        except ThrottlingException as error:
            return busy(error, call.request_id)
        return told(found, call.request_id, ACCEPTED)

    async def _sender(self, call: Call, body: bytes, headers: Mapping[str, str], flow_name: str) -> tuple[Caller, str]:
        """Who sends it, and what makes them believed; see `record_events`."""
        settings = self._settings
        if self._may_sign and settings.auth != "open" and _has_signature_alone(call, headers):
            arn = f"arn:aws:iam::{settings.account}:user/anonymous"
            return Caller(settings.account, settings.region, arn, "anonymous"), "signature"
        identity = await self._senders.sender(call, body)
        _authorize(identity, flow_name)
        return identity.caller, "open" if settings.auth == "open" else "key"


def _authorize(identity: Identity, flow_name: str) -> None:
    caller, action = identity.caller, record_events.PUT
    arn = f"arn:aws:appflow:{caller.region}:{caller.account}:flow/{flow_name}"
    if identity.policy is not None and identity.policy.decide(action, arn) != "allowed":
        raise AccessDeniedException(
            f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}"
            f" because no identity-based policy allows the {action} action"
        )


def _headers(call: Call) -> dict[str, str]:
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in call.headers
        if name.decode("latin-1") in record_events.HEADERS
    }


def _has_signature_alone(call: Call, headers: Mapping[str, str]) -> bool:
    shows_more = any(name == b"authorization" for name, _ in call.headers) or b"X-Amz-" in call.query_string
    return not shows_more and any(name in headers for name in SIGNATURES)
