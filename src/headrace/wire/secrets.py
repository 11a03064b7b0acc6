"""GetSecretValue of Secrets Manager, so that a custom connector gets its credentials as AppFlow gives them.

Source: AWS Secrets Manager API Reference, GetSecretValue; protocol AWS JSON 1.1.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, ClassVar, Protocol, cast

from headrace.clock import Clock
from headrace.errors import AccessDeniedException, HeadraceError
from headrace.model.codec import dump
from headrace.model.json_text import parse
from headrace.operations.connector_secrets import SecretValue
from headrace.wire.bodies import GoneError, Patience
from headrace.wire.callers import KeyLookup
from headrace.wire.calls import Call
from headrace.wire.claims import Claim, find_claim, missing_claim
from headrace.wire.front_errors import FrontError, UnknownOperationException, UnrecognizedClientException
from headrace.wire.replies import Reply, wire_error
from headrace.wire.sigv4 import Signed, verify

_SERVICE = "secretsmanager"
_ACTION = "secretsmanager:GetSecretValue"
_TARGET = b"x-amz-target"
_JSON = (b"content-type", b"application/x-amz-json-1.1")


class InvalidParameterException(FrontError):
    """A member of the request is missing or of no use."""


class Desk(Protocol):
    """Where secrets are; see ConnectorSecrets."""

    def signing_secret(self, access_key_id: str, /) -> str | None: ...

    def read_as_connector(self, access_key_id: str, secret_arn: str, /) -> Future[SecretValue | None]: ...

    def read_in_account(self, account: str, secret_arn: str, /) -> Future[SecretValue | None]: ...


class SecretsApi:
    """Answers a signed request for one secret; signatures count whatever HEADRACE_AUTH is."""

    codes: ClassVar[Mapping[str, int]] = {"AccessDeniedException": 400}

    def __init__(self, desk: Desk, keys: KeyLookup | None, clock: Clock, body_limit_bytes: int) -> None:
        self._desk = desk
        self._keys = keys
        self._clock = clock
        self._body_limit_bytes = body_limit_bytes

    async def answer(self, call: Call, patience: Patience) -> Reply:
        """The reply, an error as one too; GoneError where the client is."""
        try:
            body = await call.body(self._body_limit_bytes, patience)
            return _reply(call, 200, _document(await self._value(call, body)))
        except GoneError:
            raise
        except HeadraceError as error:
            name, status = wire_error(error)
            status = self.codes.get(name, status)
            return _reply(call, status, {"__type": name, "message": error.message}, name)

    async def _value(self, call: Call, body: bytes) -> SecretValue:
        target = _target(call)
        if target != b"secretsmanager.GetSecretValue":
            shown = target[:100].decode("ascii", "backslashreplace")
            raise UnknownOperationException(f"{shown} is not served here: secretsmanager.GetSecretValue is")
        call.operation_name = "GetSecretValue"
        claim = find_claim(call.headers, call.query())
        if claim is None:
            raise missing_claim()
        signed = Signed(call.method, call.raw_path, call.query_string, call.headers, body)
        secret = self._desk.signing_secret(claim.access_key_id)
        if secret is not None:
            verify(signed, claim, secret, self._clock.now(), service=_SERVICE)
            wanted = _secret_id(body)
            found = await asyncio.wrap_future(self._desk.read_as_connector(claim.access_key_id, wanted))
        else:
            account, wanted = await self._permitted(signed, claim)
            found = await asyncio.wrap_future(self._desk.read_in_account(account, wanted))
        if found is None:
            raise _denied(claim, wanted)
        return found

    async def _permitted(self, signed: Signed, claim: Claim) -> tuple[str, str]:
        """The account of an access key that a policy lets read the secret, and the secret asked for."""
        key = None if self._keys is None else await asyncio.wrap_future(self._keys(claim.access_key_id))
        if key is None:
            raise UnrecognizedClientException(
                "The security token included in the request is invalid: no access key has this id here"
            )
        verify(signed, claim, key.secret, self._clock.now(), service=_SERVICE)
        wanted = _secret_id(signed.body)
        # A key that may do everything may still not see credentials: that takes a policy that says so.
        if key.policy is None or key.policy.decide(_ACTION, wanted) != "allowed":
            raise _denied(claim, wanted)
        return key.account, wanted


def is_for_secrets(call: Call) -> bool:
    """Whether the request speaks Secrets Manager's protocol."""
    return call.method == "POST" and call.raw_path == b"/" and _target(call).startswith(b"secretsmanager.")


def _target(call: Call) -> bytes:
    return next((value for name, value in call.headers if name == _TARGET), b"")


def _secret_id(body: bytes) -> str:
    request: Any = parse(body)
    wanted = cast("dict[str, object]", request).get("SecretId") if isinstance(request, dict) else None
    if not isinstance(wanted, str) or not wanted:
        raise InvalidParameterException("SecretId is missing: write the ARN that the connector was given")
    return wanted


def _denied(claim: Claim, wanted: str) -> AccessDeniedException:
    # The same for a secret that is another's and one that is not there.
    return AccessDeniedException(
        f"The access key {claim.access_key_id} is not authorized to perform: {_ACTION} on resource: {wanted[:500]}"
    )


def _document(found: SecretValue) -> dict[str, Any]:
    return {
        "ARN": found.arn,
        "Name": found.arn.rpartition(":")[2].rpartition("-")[0],
        "VersionId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{found.arn} {found.changed_ms}")),
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": found.changed_ms / 1000,
        "SecretString": found.text,
    }


def _reply(call: Call, status: int, document: dict[str, Any], error: str | None = None) -> Reply:
    body = dump(document)
    headers = [
        (b"x-amzn-RequestId", call.request_id.encode()),
        _JSON,
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
    ]
    return Reply(status, headers, body, error)
