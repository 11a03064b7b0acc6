"""Signatures of senders that know a shared secret and nothing else: HMAC-SHA256, in the forms that are in use."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from typing import Final

# Standard Webhooks, GitHub and those after it, Stripe.
HEADERS: Final = ("webhook-signature", "webhook-timestamp", "x-hub-signature-256", "stripe-signature")
# What was signed longer ago, or is to be signed so much later, was not sent just now.
TOLERANCE_S: Final = 300


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: int) -> bool:
    """Whether one of the signatures is the one that the secret makes of the body. Names of headers in lower case."""
    is_right = False
    for given, wanted in (
        *_standard(secret, headers, body, now_s),
        *_github(secret, headers, body),
        *_stripe(secret, headers, body, now_s),
    ):
        is_right = hmac.compare_digest(given.encode(), wanted.encode()) or is_right
    return is_right


def _standard(secret: str, headers: Mapping[str, str], body: bytes, now_s: int) -> Iterator[tuple[str, str]]:
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature")
    if given is None or not name or not _is_fresh(stamp, now_s):
        return
    wanted = b64encode(hmac.digest(_key(secret), f"{name}.{stamp}.".encode() + body, "sha256")).decode()
    for each in given.split():
        yield each, f"v1,{wanted}"


def _github(secret: str, headers: Mapping[str, str], body: bytes) -> Iterator[tuple[str, str]]:
    given = headers.get("x-hub-signature-256")
    if given is not None:
        yield given, f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def _stripe(secret: str, headers: Mapping[str, str], body: bytes, now_s: int) -> Iterator[tuple[str, str]]:
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    if not _is_fresh(stamp, now_s):
        return
    wanted = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()
    for name, _, value in parts:
        if name == "v1":
            yield value, wanted


def _is_fresh(stamp: str, now_s: int) -> bool:
    is_number = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
    return is_number and abs(now_s - int(stamp)) <= TOLERANCE_S


def _key(secret: str) -> bytes:
    try:
        return (
            b64decode(secret.removeprefix("whsec_"), validate=True) if secret.startswith("whsec_") else secret.encode()
        )
    except ValueError:
        return secret.encode()
