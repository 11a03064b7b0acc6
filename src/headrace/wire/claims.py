"""Who a request says it is from: the credentials of Signature Version 4, read but not yet believed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from headrace.wire.front_errors import IncompleteSignatureException, MissingAuthenticationTokenException

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
_PARTS = ("Credential", "SignedHeaders", "Signature")
_ACCESS_KEY_ID = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_DATE = re.compile(r"[0-9]{8}")
_HEADERS = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+(;[!#$%&'*+.^_`|~0-9a-z-]+)*")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


class Claim(NamedTuple):
    """What the Authorization header, or the query of a presigned request, holds.

    `time` is X-Amz-Date as given (of the query, if presigned), None where it stands in a header;
    `expires_s` is None unless presigned. `signed_headers` are names in lower case.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str | None = None
    expires_s: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


def find_claim(headers: Sequence[tuple[bytes, bytes]], query: Mapping[str, Sequence[str]]) -> Claim | None:
    """The claim of a request, None if it makes none.

    Raises IncompleteSignatureException naming every part that is missing or malformed; never a
    part's value, which may be somebody's secret in the wrong place.
    """
    given = [value for name, value in headers if name == b"authorization"]
    if given:
        return _of_header(b",".join(given).decode("latin-1"))
    if "X-Amz-Algorithm" in query or "X-Amz-Signature" in query or "X-Amz-Credential" in query:
        return _of_query(query)
    return None


def missing_claim() -> MissingAuthenticationTokenException:
    """What to answer to a request without a claim, where one is needed."""
    return MissingAuthenticationTokenException(
        "Missing Authentication Token: sign the request with an access key made by `headrace keys create`"
    )


def _of_header(text: str) -> Claim:
    algorithm, _, rest = text.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignatureException(f"The Authorization header is not of the algorithm {ALGORITHM}")
    split = [part.strip().partition("=") for part in rest.split(",")]
    parts = {name: value for name, _, value in split}
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARTS if not parts.get(name)]
    if missing:
        raise IncompleteSignatureException(" ".join(missing))
    return _claim(parts["Credential"], parts["SignedHeaders"], parts["Signature"])


def _of_query(query: Mapping[str, Sequence[str]]) -> Claim:
    names = (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    )
    faults = [
        f"AWS query-string parameters must include '{name}' once." for name in names if len(query.get(name, ())) != 1
    ]
    if faults:
        raise IncompleteSignatureException(" ".join(faults))
    given = {name: query[name][0] for name in names}
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignatureException(f"X-Amz-Algorithm must be {ALGORITHM}")
    if not re.fullmatch(r"[0-9]{1,6}", given["X-Amz-Expires"]) or not 1 <= int(given["X-Amz-Expires"]) <= 604_800:
        raise IncompleteSignatureException("X-Amz-Expires must be a number of seconds from 1 to 604800")
    claim = _claim(given["X-Amz-Credential"], given["X-Amz-SignedHeaders"], given["X-Amz-Signature"])
    return claim._replace(time=given["X-Amz-Date"], expires_s=int(given["X-Amz-Expires"]))


def _claim(credential: str, signed_headers: str, signature: str) -> Claim:
    if not _SIGNATURE.fullmatch(signature):
        raise IncompleteSignatureException("Signature must be 64 hexadecimal digits in lower case.")
    return _unsigned_claim(credential, signed_headers)._replace(signature=signature)


@lru_cache(maxsize=256)
def _unsigned_claim(credential: str, signed_headers: str) -> Claim:
    """The claim but for its signature; a client's is the same all day, so reading it is remembered."""
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != TERMINATOR:
        raise IncompleteSignatureException(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/{TERMINATOR}"
        )
    access_key_id, date, region, service, _ = parts
    forms = _forms(access_key_id, date, region, service, signed_headers)
    faults = [fault for is_right, fault in forms if not is_right]
    if faults:
        raise IncompleteSignatureException(" ".join(faults))
    return Claim(access_key_id, date, region, service, tuple(signed_headers.split(";")), "")


def _forms(
    access_key_id: str, date: str, region: str, service: str, signed_headers: str
) -> tuple[tuple[object, str], ...]:
    return (
        (_ACCESS_KEY_ID.fullmatch(access_key_id), "The access key id in Credential is malformed."),
        (_DATE.fullmatch(date), "The date in Credential must be of the form YYYYMMDD."),
        (_REGION.fullmatch(region), "Credential should be scoped to a valid region."),
        (service, "Credential should be scoped to a service."),
        (_HEADERS.fullmatch(signed_headers), "SignedHeaders must be lower-case header names joined by semicolons."),
    )
