"""Signatures: those that AWS published, and those that botocore makes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.client import NoCredentials
from headrace.client.signing import Credentials, host_of, signed
from headrace.client.transport import Request

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = "https://example.amazonaws.com"
FORM = {"content-type": "application/x-www-form-urlencoded"}


# AWS's test suite for Signature Version 4, by the names of its cases.
@pytest.mark.parametrize(
    "method, path, headers, body, signature",
    [
        ("GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            {},
            b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/?Param1=value2&Param1=Value1",
            {},
            b"",
            "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
        ),
        ("POST", "/", FORM, b"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
    ids=[
        "get-vanilla",
        "post-vanilla",
        "get-vanilla-query-order-key-case",
        "get-vanilla-query-order-value",
        "post-form",
    ],
)
def test_the_published_vectors_come_out(
    method: str, path: str, headers: Mapping[str, str], body: bytes, signature: str
) -> None:
    request = signed(
        Request(method, f"{HOST}{path}", headers, body), KEYS, region="us-east-1", now=AT, service="service"
    )
    names = "content-type;host;x-amz-date" if headers else "host;x-amz-date"
    assert request.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        f" SignedHeaders={names}, Signature={signature}"
    )
    assert (request.headers["host"], request.headers["x-amz-date"]) == ("example.amazonaws.com", "20150830T123600Z")


class Frozen(SigV4Auth):
    """botocore's signer at our instant."""

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = AT.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(to_sign, request))


TEXTS = st.text(max_size=10)
PATHS = st.text(max_size=20).map(lambda text: f"/tags/{quote(text, safe='-_.~')}")
QUERIES = st.lists(st.tuples(TEXTS, TEXTS), max_size=4).map(
    lambda pairs: "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
)
VALUES = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    PATHS,
    QUERIES,
    st.binary(max_size=30),
    VALUES,
    st.none() | st.just("tok"),
)
@settings(max_examples=200)
def test_what_botocore_signs_is_signed_alike(
    method: str, path: str, query: str, body: bytes, value: str, token: str | None
) -> None:
    url = f"http://localhost:8080{path}{'?' if query else ''}{query}"
    theirs = AWSRequest(method, url, data=body, headers={"x-header": value, "user-agent": "none"})
    keys = BotoCredentials(KEYS.access_key_id, KEYS.secret_access_key, token)
    Frozen(keys, "appflow", "eu-west-3").add_auth(theirs)
    plain = Request(method, url, {"x-header": value, "user-agent": "another"}, body)
    ours = signed(plain, KEYS._replace(session_token=token), region="eu-west-3", now=AT)
    assert ours.headers["authorization"] == theirs.headers["Authorization"]


@pytest.mark.parametrize(
    "url, host",
    [
        ("http://h:80/x", "h"),
        ("https://h:443", "h"),
        ("http://h:443", "h:443"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("https://user@h/x", "h"),
    ],
)
def test_the_host_is_named_as_it_goes_over_the_wire(url: str, host: str) -> None:
    assert host_of(url) == host


def test_secrets_do_not_show() -> None:
    assert repr(KEYS._replace(session_token="tok")) == "Credentials('AKIDEXAMPLE')"


@pytest.mark.parametrize(
    "keys", [Credentials("AKID\n", "s"), Credentials("AKID", "s", "a b"), Credentials("ÄKID", "s")]
)
def test_keys_that_no_header_can_hold_are_refused(keys: Credentials) -> None:
    with pytest.raises(NoCredentials, match="holds a blank, a line break"):
        signed(Request("GET", HOST, {}, b""), keys, region="us-east-1", now=AT)
