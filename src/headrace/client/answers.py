"""A reply as the output that it is, or the error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from headrace import errors as modelled
from headrace.client.errors import (
    CallError,
    ClockSkewed,
    CredentialsExpired,
    CredentialsRefused,
    UnmodelledError,
    UnreadableAnswer,
)
from headrace.client.structure import Input, O_co
from headrace.client.transport import Reply
from headrace.errors import ServiceError

_DATE = "%a, %d %b %Y %H:%M:%S GMT"
_SHOWN_CHARACTERS = 200
_MODELLED = (
    modelled.AccessDeniedException,
    modelled.ConflictException,
    modelled.ConnectorAuthenticationException,
    modelled.ConnectorServerException,
    modelled.InternalServerException,
    modelled.ResourceNotFoundException,
    modelled.ServiceQuotaExceededException,
    modelled.ThrottlingException,
    modelled.UnsupportedOperationException,
    modelled.ValidationException,
)
_BY_CODE: Mapping[str, type[ServiceError]] = {kind.__name__: kind for kind in _MODELLED}

# What AWS's front doors answer; the API's model names none of these.
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
# Said of times that are too far apart, or of signatures that do not match, which may come from the time.
_SKEWED = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_REFUSED = _SKEWED | {
    "AuthFailure",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "UnrecognizedClientException",
}
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_PASSING = frozenset({"RequestTimeout", "RequestTimeoutException"})


def output_of(given: Input[O_co], reply: Reply) -> O_co:
    """The output of a reply that says it is good. Raises UnreadableAnswer."""
    try:
        found: Any = given._output_.of(json.loads(reply.body or b"{}"), request_id(reply))
    except (ValueError, RecursionError) as error:
        raise unreadable(reply, str(error)) from None
    return found


def error_of(reply: Reply, *, now: datetime) -> ServiceError | CallError:
    """The error of a reply that says it is none."""
    document = _document(reply)
    code = _code(reply, document)
    message = next((text for name in ("message", "Message") if isinstance(text := document.get(name), str)), "")
    if not code and reply.status != 429:
        found = unreadable(reply, f"status {reply.status} without the name of an error")
    elif code in _BY_CODE or not code:
        found = _BY_CODE.get(code, modelled.ThrottlingException)(message or f"{code or 'Too many requests'}")
    else:
        found = _unmodelled(code, message, reply)
    found.request_id = request_id(reply)
    found.retry_after_s = retry_after_s(reply, now)
    return found


def unreadable(reply: Reply, why: str) -> UnreadableAnswer:
    """What to raise for a reply that is none of the API's; it quotes how the reply begins."""
    begin = reply.body[: _SHOWN_CHARACTERS * 4].decode("utf-8", "replace").strip()[:_SHOWN_CHARACTERS]
    kind = reply.headers.get("content-type", "no content-type")
    return UnreadableAnswer(
        f"What answered (status {reply.status}, {kind}) does not speak AppFlow's API: {why}."
        f" Is the endpoint right, and no proxy in between? It begins: {begin!r}",
        status=reply.status,
        request_id=request_id(reply),
    )


def request_id(reply: Reply) -> str | None:
    """The service's name for the call."""
    return reply.headers.get("x-amzn-requestid") or reply.headers.get("x-amz-request-id")


def server_time(reply: Reply) -> datetime | None:
    """The clock of whoever answered."""
    try:
        return datetime.strptime(reply.headers.get("date", ""), _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


def retry_after_s(reply: Reply, now: datetime) -> float | None:
    """How long the service wants to be left alone: seconds, or until an instant."""
    given = reply.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        return max(0.0, (datetime.strptime(given, _DATE).replace(tzinfo=UTC) - now).total_seconds())
    except ValueError:
        return None


def _unmodelled(code: str, message: str, reply: Reply) -> UnmodelledError:
    kind = UnmodelledError
    if code in _EXPIRED:
        kind, message = CredentialsExpired, f"{message} Get new credentials."
    elif code in _SKEWED and _is_of_time(message, code):
        kind, message = ClockSkewed, f"{message} Set this machine's clock."
    elif code in _REFUSED:
        kind = CredentialsRefused
    found = kind(message.strip(), code=code, status=reply.status)
    found.is_retryable = code in _THROTTLED | _PASSING or reply.status in {500, 502, 503, 504}
    return found


def _is_of_time(message: str, code: str) -> bool:
    words = ("expired", "not yet current", "in the future", "skew")
    return code.startswith("Request") or any(word in message.lower() for word in words)


def _document(reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _code(reply: Reply, document: Mapping[str, Any]) -> str:
    """The name of the error: `x-amzn-errortype` may carry a namespace before it and a URL after it."""
    names = (reply.headers.get("x-amzn-errortype"), *(document.get(name) for name in ("__type", "code", "Code")))
    found = next((name for name in names if isinstance(name, str) and name), "")
    return found.split(":", 1)[0].rpartition("#")[2].strip()
