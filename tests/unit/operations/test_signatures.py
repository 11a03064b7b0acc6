"""Signatures of senders that share a secret, beside what the senders' own documents give as examples."""

from __future__ import annotations

import hmac
from base64 import b64encode

import pytest

from headrace.operations.signatures import TOLERANCE_S, is_signed

BODY = b'{"test": 2432232314}'
# The example of the Standard Webhooks specification's reference libraries.
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_S = 1614265330
# The example of GitHub's documentation.
GITHUB = "It's a Secret to Everybody"
GITHUB_HEADERS = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}


def stripe(secret: str, body: bytes, at_s: int) -> dict[str, str]:
    digest = hmac.digest(secret.encode(), f"{at_s}.".encode() + body, "sha256").hex()
    return {"stripe-signature": f"t={at_s},v1={'0' * 64},v1={digest},v0=old"}


def test_the_examples_of_the_senders_are_believed() -> None:
    assert is_signed(STANDARD, STANDARD_HEADERS, BODY, now_s=STANDARD_S)
    assert is_signed(GITHUB, GITHUB_HEADERS, b"Hello, World!", now_s=0)
    assert is_signed("a shared secret", stripe("a shared secret", BODY, 5000), BODY, now_s=5000)


def test_one_of_several_signatures_is_enough() -> None:
    several = f"v1,AAAA v1a,BBBB {STANDARD_HEADERS['webhook-signature']}"
    assert is_signed(STANDARD, STANDARD_HEADERS | {"webhook-signature": several}, BODY, now_s=STANDARD_S)


@pytest.mark.parametrize("later_s", [TOLERANCE_S + 1, -TOLERANCE_S - 1])
def test_a_signature_is_good_for_a_while_only(later_s: int) -> None:
    assert not is_signed(STANDARD, STANDARD_HEADERS, BODY, now_s=STANDARD_S + later_s)
    assert not is_signed("a shared secret", stripe("a shared secret", BODY, 5000), BODY, now_s=5000 + later_s)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
    ],
)
def test_what_was_changed_on_the_way_is_not_believed(change: dict[str, str]) -> None:
    assert not is_signed(STANDARD, STANDARD_HEADERS | change, BODY, now_s=STANDARD_S)


def test_another_body_or_another_secret_is_not_believed() -> None:
    assert not is_signed(STANDARD, STANDARD_HEADERS, BODY + b" ", now_s=STANDARD_S)
    assert not is_signed("whsec_AAAA", STANDARD_HEADERS, BODY, now_s=STANDARD_S)
    assert not is_signed(GITHUB, GITHUB_HEADERS, b"Hello, world!", now_s=0)
    assert not is_signed("another shared secret", stripe("a shared secret", BODY, 5000), BODY, now_s=5000)
    assert not is_signed(GITHUB, {}, b"Hello, World!", now_s=0)


def test_a_secret_that_only_looks_like_base64_is_taken_as_it_is() -> None:
    digest = hmac.digest(b"whsec_not base64!", b"1.2." + BODY, "sha256")
    headers = {"webhook-id": "1", "webhook-timestamp": "2"}
    from_base64 = b64encode(digest).decode()
    assert is_signed("whsec_not base64!", headers | {"webhook-signature": f"v1,{from_base64}"}, BODY, now_s=2)
