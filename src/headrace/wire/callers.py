"""Who calls, and whether they may: the two ways to take a request's credentials."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from headrace.clock import Clock
from headrace.errors import AccessDeniedException
from headrace.model.shapes import Operation
from headrace.operations.context import Caller
from headrace.settings import Settings
from headrace.wire.claims import find_claim, missing_claim
from headrace.wire.front_errors import UnrecognizedClientException
from headrace.wire.origins import refuse_strange_page
from headrace.wire.policy import Policy
from headrace.wire.sigv4 import Signed, verify

_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class AccessKey:
    """An access key as the store keeps it; `policy` None allows everything."""

    access_key_id: str
    secret: str = field(repr=False)
    account: str
    arn: str
    policy: Policy | None = None


class KeyLookup(Protocol):
    """Where access keys are found; the future holds None for an id that is no key."""

    def __call__(self, access_key_id: str, /) -> Future[AccessKey | None]: ...


class Identity(NamedTuple):
    """A caller that is believed, and what it may do; `policy` None allows everything."""

    caller: Caller
    policy: Policy | None = None


class Callers(Protocol):
    """Says who a request is from, or raises one of the front end's errors."""

    async def identify(self, request: Signed, query: Mapping[str, Sequence[str]]) -> Identity:
        """The caller; the request is whole."""
        ...


class NoCallers:
    """Takes no request: those of a process that runs flows and answers for none."""

    async def identify(self, request: Signed, query: Mapping[str, Sequence[str]]) -> Identity:  # noqa: ARG002 (the protocol's)
        """See Callers."""
        raise AccessDeniedException(
            "This is a `headrace work`, which runs flows and answers no API. Send the request to a `headrace serve`."
        )


class OpenCallers:
    """Believes every well-formed claim, and takes a request without one as coming from the service's own account.

    Requests of strange web pages are refused: `wire.origins` says why. An access key id of 12 digits selects
    that account, as local AWS endpoints do.
    """

    def __init__(self, settings: Settings) -> None:
        self._account = settings.account
        self._region = settings.region
        self._may_be_own_host = settings.allow_open
        self._nobody = _user("anonymous", settings.account, settings.region)

    async def identify(self, request: Signed, query: Mapping[str, Sequence[str]]) -> Identity:
        refuse_strange_page(request.headers, may_be_own_host=self._may_be_own_host)
        claim = find_claim(request.headers, query)
        if claim is None:
            return self._nobody
        account = claim.access_key_id if _ACCOUNT.fullmatch(claim.access_key_id) else self._account
        return _user(claim.access_key_id, account, claim.region)


@lru_cache(maxsize=256)
def _user(access_key_id: str, account: str, region: str) -> Identity:
    arn = f"arn:aws:iam::{account}:user/{access_key_id}"
    return Identity(Caller(account=account, region=region, arn=arn, access_key_id=access_key_id))


class SignedCallers:
    """Believes a claim whose signature one of the access keys made."""

    def __init__(self, keys: KeyLookup, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def identify(self, request: Signed, query: Mapping[str, Sequence[str]]) -> Identity:
        claim = find_claim(request.headers, query)
        if claim is None:
            raise missing_claim()
        pending = self._keys(claim.access_key_id)
        key = pending.result() if pending.done() else await asyncio.wrap_future(pending)
        if key is None:
            raise UnrecognizedClientException(
                "The security token included in the request is invalid: no access key has this id here"
            )
        verify(request, claim, key.secret, self._clock.now())
        caller = Caller(account=key.account, region=claim.region, arn=key.arn, access_key_id=key.access_key_id)
        return Identity(caller, key.policy)


def authorize(identity: Identity, operation: Operation, request: Mapping[str, Any]) -> None:
    """Raise AccessDeniedException, in IAM's sentence, unless the caller's policy allows the operation."""
    if identity.policy is None:
        return
    action = f"appflow:{operation.name}"
    resource = resource_of(operation, request, identity.caller)
    decision = identity.policy.decide(action, resource)
    if decision == "allowed":
        return
    reason = (
        "with an explicit deny in an identity-based policy"
        if decision == "denied"
        else f"because no identity-based policy allows the {action} action"
    )
    raise AccessDeniedException(
        f"User: {identity.caller.arn} is not authorized to perform: {action} on resource: {resource} {reason}"
    )


def resource_of(operation: Operation, request: Mapping[str, Any], caller: Caller) -> str:
    """The ARN that a policy's Resource is matched with: the flow's, or the one in the path, else `*`."""
    if "{resourceArn}" in operation.path:
        return request["resourceArn"]
    name = request.get("flowName")
    return f"arn:aws:appflow:{caller.region}:{caller.account}:flow/{name}" if isinstance(name, str) else "*"
