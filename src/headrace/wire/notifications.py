"""Notifications of object stores, whose senders can't sign: they show an access key's id and secret instead."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from headrace.errors import AccessDeniedException, ThrottlingException
from headrace.operations import object_events
from headrace.operations.context import Answer, Caller
from headrace.settings import Settings
from headrace.wire.bodies import Patience
from headrace.wire.callers import Callers, Identity, KeyLookup
from headrace.wire.calls import Call
from headrace.wire.front_errors import MethodNotAllowedException, UnrecognizedClientException
from headrace.wire.replies import Reply, refused, told
from headrace.wire.sigv4 import Signed

PATH = b"/headrace/v1/events/s3"
ACTION = object_events.PUT
RETRY_AFTER_S = 30

Headers = Sequence[tuple[bytes, bytes]]


class Dispatching(Protocol):
    """What runs the operations."""

    def call(self, name: str, caller: Caller, request: dict[str, Any], /) -> Future[Answer]:
        """See Dispatcher."""
        ...


class NotificationsApi:
    """Takes notifications from whoever shows an access key, or signs; where no keys are asked for, from anybody."""

    def __init__(self, dispatcher: Dispatching, callers: Callers, keys: KeyLookup | None, settings: Settings) -> None:
        self._dispatcher = dispatcher
        self._callers = callers
        self._keys = None if settings.auth == "open" else keys
        self._region = settings.region
        self._limit_bytes = settings.body_limit_bytes

    async def answer(self, call: Call, patience: Patience) -> Reply:
        """Answer once what was told is durable. 429, with Retry-After, where a flow is too far behind."""
        call.operation_name = object_events.PUT
        if call.method != "POST":
            raise MethodNotAllowedException(f"{call.method[:20]} is no method of notifications: use POST")
        body = await call.body(self._limit_bytes, patience)
        identity = await self.sender(call, body)
        call.caller_arn = identity.caller.arn
        authorize(identity)
        asked = {"notification": body.decode("utf-8", "replace")}
        try:
            found = await asyncio.wrap_future(self._dispatcher.call(object_events.PUT, identity.caller, asked))
        except ThrottlingException as error:
            return busy(error, call.request_id)
        return told(found, call.request_id)

    async def sender(self, call: Call, body: bytes) -> Identity:
        """Who shows a key, or signs. Raises one of the front end's errors."""
        shown = shown_key(call.headers)
        if shown is not None and self._keys is not None:
            return await identify(*shown, self._keys, self._region)
        headers = call.headers if shown is None else without_key(call.headers)
        signed = Signed(call.method, call.raw_path, call.query_string, headers, body)
        return await self._callers.identify(signed, call.query())


def busy(error: ThrottlingException, request_id: str) -> Reply:
    """Asks the sender to send the same again later."""
    reply = refused(error, request_id)
    reply.headers.append((b"retry-after", b"%d" % RETRY_AFTER_S))
    return reply


def is_notification(call: Call) -> bool:
    """Whether the request goes to where notifications are taken."""
    return call.raw_path == PATH


def shown_key(headers: Headers) -> tuple[str, str] | None:
    """The id and the secret of `Authorization: Basic …` or `Bearer ID:SECRET`; None where the header is another."""
    given = next((value for name, value in headers if name == b"authorization"), b"")
    scheme, _, rest = given.decode("latin-1").partition(" ")
    if scheme.lower() == "basic":
        try:
            rest = base64.b64decode(rest.strip(), validate=True).decode("latin-1")
        except ValueError:
            return ("", "")
    elif scheme.lower() != "bearer":
        return None
    key_id, _, secret = rest.strip().partition(":")
    return key_id, secret


async def identify(key_id: str, secret: str, keys: KeyLookup, region: str) -> Identity:
    """Whose key it is. Raises UnrecognizedClientException."""
    key = await asyncio.wrap_future(keys(key_id)) if key_id else None
    if key is None or not hmac.compare_digest(key.secret.encode(), secret.encode()):
        raise UnrecognizedClientException(
            "The security token included in the request is invalid: no access key has this id and secret here"
        )
    caller = Caller(account=key.account, region=region, arn=key.arn, access_key_id=key.access_key_id)
    return Identity(caller, key.policy)


def authorize(identity: Identity) -> None:
    """Raise AccessDeniedException unless the caller's policy lets them tell of objects."""
    if identity.policy is not None and identity.policy.decide(ACTION, "*") != "allowed":
        raise AccessDeniedException(
            f"User: {identity.caller.arn} is not authorized to perform: {ACTION} on resource: *"
            f" because no identity-based policy allows the {ACTION} action"
        )


def without_key(headers: Headers) -> Headers:
    """The headers for where nobody has to show a key."""
    return [(name, value) for name, value in headers if name != b"authorization"]
