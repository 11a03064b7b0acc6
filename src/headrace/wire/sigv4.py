"""Signature Version 4, the verifying side: sign the request again as it came, and compare."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from headrace.wire.claims import ALGORITHM, TERMINATOR, Claim
from headrace.wire.front_errors import IncompleteSignatureException, InvalidSignatureException

SERVICE = "appflow"
SKEW = timedelta(minutes=15)
UNSIGNED = b"UNSIGNED-PAYLOAD"
_BASIC = "%Y%m%dT%H%M%SZ"
_BASIC_FORM = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HASH_HEADER = b"x-amz-content-sha256"
_UNRESERVED = "-_.~"


class Signed(NamedTuple):
    """A request as it came over the wire: nothing decoded, header names in lower case."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


def verify(request: Signed, claim: Claim, secret: str, now: datetime, *, service: str = SERVICE) -> None:
    """Return if `secret` made the claim's signature of this very request, at this time.

    Any region is right: headrace serves them all. Raises InvalidSignatureException,
    IncompleteSignatureException where the request carries no usable time.
    """
    stamp, instant = _signing_time(request, claim)
    _check_scope(claim, stamp, service)
    _check_age(claim, stamp, instant, now)
    content_hash = _content_hash(request, claim)
    key = signing_key(secret, claim.date, claim.region, claim.service)
    given = claim.signature.encode()
    matches = [
        hmac.compare_digest(_signature(key, stamp, claim.scope, canonical), given)
        for canonical in _canonical_requests(request, claim, content_hash)
    ]
    if not any(matches):
        raise InvalidSignatureException(
            "The request signature we calculated does not match the signature you provided:"
            " check the secret access key and the signing method"
        )


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that a secret access key makes for one day, region and service."""
    key = b"AWS4" + secret.encode("utf-8")
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode("utf-8"), "sha256")
    return key


def _signature(key: bytes, stamp: str, scope: str, canonical: bytes) -> bytes:
    to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical).hexdigest()}"
    return hmac.digest(key, to_sign.encode("utf-8"), "sha256").hex().encode()


def _signing_time(request: Signed, claim: Claim) -> tuple[str, datetime]:
    """The time of the signature as basic ISO 8601 text and as an instant."""
    given = claim.time or _first(request, b"x-amz-date")
    if given is None and claim.expires_s is None:
        return _http_date(_first(request, b"date"))
    try:
        instant = datetime.fromisoformat(given or "") if _BASIC_FORM.fullmatch(given or "") else None
    except ValueError:
        instant = None
    if given is None or instant is None:
        raise IncompleteSignatureException("X-Amz-Date must be basic ISO 8601, of the form YYYYMMDDThhmmssZ")
    return given, instant


def _http_date(given: str | None) -> tuple[str, datetime]:
    if given is None:
        raise IncompleteSignatureException(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    try:
        instant = parsedate_to_datetime(given).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise IncompleteSignatureException("Date must be of the form of RFC 7231") from fault
    return instant.strftime(_BASIC), instant


def _check_scope(claim: Claim, stamp: str, service: str) -> None:
    faults: list[str] = []
    if claim.service != service:
        faults.append(f"Credential should be scoped to correct service: '{service}'.")
    if claim.date != stamp[:8]:
        faults.append(f"Date in Credential scope does not match YYYYMMDD of the time of the request, {stamp}.")
    if "host" not in claim.signed_headers:
        faults.append("'host' must be a 'SignedHeader' in the AWS Authorization.")
    if faults:
        raise InvalidSignatureException(" ".join(faults))


def _check_age(claim: Claim, stamp: str, instant: datetime, now: datetime) -> None:
    lifetime = SKEW if claim.expires_s is None else timedelta(seconds=claim.expires_s)
    if instant + lifetime < now:
        raise InvalidSignatureException(
            f"Signature expired: {stamp} is more than {lifetime.total_seconds():g} s before {now.strftime(_BASIC)}"
        )
    if instant - SKEW > now:
        raise InvalidSignatureException(
            f"Signature not yet current: {stamp} is more than {SKEW.total_seconds():g} s after {now.strftime(_BASIC)}"
        )


def _content_hash(request: Signed, claim: Claim) -> bytes:
    """The hash that stands in the canonical request; a hash in a header must be the body's own."""
    actual = sha256(request.body).hexdigest().encode()
    given = _first(request, _HASH_HEADER)
    if given is None:
        return actual
    if given.encode("latin-1") == UNSIGNED and _HASH_HEADER.decode() in claim.signed_headers:
        return UNSIGNED
    if not hmac.compare_digest(given.encode("latin-1"), actual):
        raise InvalidSignatureException("The header x-amz-content-sha256 is not the SHA-256 of the body that came")
    return actual


def _canonical_requests(request: Signed, claim: Claim, content_hash: bytes) -> Iterator[bytes]:
    """The request in canonical form, once for each way in which clients spell a query."""
    path = quote_from_bytes(_without_dots(request.raw_path), safe=f"/{_UNRESERVED}").encode()
    headers = b"".join(b"%s:%s\n" % (name.encode(), _values(request, name)) for name in claim.signed_headers)
    signed = ";".join(claim.signed_headers).encode()
    for query in _canonical_queries(request.query_string):
        yield b"\n".join((request.method.encode(), path, query, headers, signed, content_hash))


def _canonical_queries(query_string: bytes) -> Iterator[bytes]:
    """The query sorted: first as it came (botocore), then encoded anew (clients that sign before they encode)."""
    split = [pair.partition(b"=") for pair in query_string.split(b"&") if pair]
    pairs = [(name, value) for name, _, value in split if name != b"X-Amz-Signature"]
    as_it_came = _joined(pairs)
    yield as_it_came
    encoded = _joined([(_encoded(name), _encoded(value)) for name, value in pairs])
    if encoded != as_it_came:
        yield encoded


def _joined(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"&".join(b"%s=%s" % pair for pair in sorted(pairs))


def _encoded(text: bytes) -> bytes:
    return quote_from_bytes(unquote_to_bytes(text), safe=_UNRESERVED).encode()


def _without_dots(path: bytes) -> bytes:
    """The path without empty and dot segments, as services other than S3 sign it."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in {b"", b"."}:
            kept.append(segment)
    ends_with_slash = path.endswith(b"/") and kept
    return b"/" + b"/".join(kept) + (b"/" if ends_with_slash else b"")


def _values(request: Signed, name: str) -> bytes:
    """All values of a header, each with its white space folded."""
    wanted = name.encode()
    return b",".join(b" ".join(value.split()) for header, value in request.headers if header == wanted)


def _first(request: Signed, name: bytes) -> str | None:
    return next((value.strip().decode("latin-1") for header, value in request.headers if header == name), None)
