"""Signatures: what is believed, and what each kind of fault is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.wire.callers import AccessKey
from headrace.wire.claims import Claim, find_claim
from headrace.wire.front_errors import IncompleteSignatureException, InvalidSignatureException
from headrace.wire.policy import parse_policy
from headrace.wire.sigv4 import Signed, signing_key, verify
from tests.unit.wire.rig import ACCOUNT, NOW, Reply, Rig

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ARN = f"arn:aws:iam::{ACCOUNT}:user/ana"
KEY = AccessKey(KEY_ID, SECRET, ACCOUNT, ARN)
START = b'{"flowName":"one"}'
HOST = "http://localhost:8080"
VECTOR_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


class Frozen(SigV4Auth):
    """botocore's signer at an instant of ours."""

    def __init__(self, instant: datetime, *, secret: str = SECRET, service: str = "appflow", region: str = "eu-west-3"):
        super().__init__(Credentials(KEY_ID, secret), service, region)
        self.instant = instant

    def add_auth(self, request: Any) -> None:
        request.context["timestamp"] = self.instant.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(to_sign, request))

    def _modify_request_before_signing(self, request: Any) -> None:
        request.headers["X-Amz-Date"] = request.context["timestamp"]


def signed(
    url: str, body: bytes = b"", *, method: str = "POST", headers: Mapping[str, str] | None = None, **how: Any
) -> AWSRequest:
    request = AWSRequest(method, url, data=body, headers=dict(headers or {}))
    request.headers["Host"] = urlsplit(url).netloc
    Frozen(how.pop("instant", NOW), **how).add_auth(request)
    return request


def presigned(url: str, *, method: str = "GET", expires_s: int = 60, instant: datetime = NOW) -> AWSRequest:
    request = AWSRequest(method, url, headers={"Host": urlsplit(url).netloc})
    signer = SigV4QueryAuth(Credentials(KEY_ID, SECRET), "appflow", "eu-west-3", expires=expires_s)
    request.context["timestamp"] = instant.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return request


def on_the_wire(request: AWSRequest, body: bytes = b"") -> Signed:
    parts = urlsplit(str(request.url))
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return Signed(str(request.method), (parts.path or "/").encode(), parts.query.encode(), headers, body)


def claim_of(request: Signed) -> Claim:
    claim = find_claim(request.headers, parse_qs(request.query_string.decode(), keep_blank_values=True))
    assert claim is not None
    return claim


def send(rig: Rig, request: AWSRequest, body: bytes = b"") -> Reply:
    parts = urlsplit(str(request.url))
    headers = dict(request.headers.items())
    return rig.ask(parts.path, body, method=str(request.method), query=parts.query, headers=headers)


@pytest.fixture(name="rig")
def verifying_rig() -> Rig:
    return Rig(auth="sigv4", keys=[KEY])


def test_the_signing_key_is_that_of_the_published_example() -> None:
    key = signing_key(SECRET, "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


@pytest.mark.parametrize(
    "method, query, signature",
    [
        ("GET", b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            b"Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    ],
)
def test_the_published_vectors_verify(method: str, query: bytes, signature: str) -> None:
    headers = [(b"host", b"example.amazonaws.com"), (b"x-amz-date", b"20150830T123600Z")]
    claim = Claim(KEY_ID, "20150830", "us-east-1", "service", ("host", "x-amz-date"), signature)
    verify(Signed(method, b"/", query, headers, b""), claim, SECRET, VECTOR_TIME, service="service")


PATHS = st.text(max_size=20).map(lambda text: "/tags/" + quote(text, safe=":/~"))
TEXTS = st.text(max_size=10)
QUERIES = st.lists(st.tuples(TEXTS, TEXTS), max_size=4).map(
    lambda pairs: "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
)
VALUES = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=20)


@given(PATHS, QUERIES, st.binary(max_size=50), VALUES, st.sampled_from(["GET", "POST", "DELETE"]))
@settings(max_examples=150)
def test_what_botocore_signs_verifies(path: str, query: str, body: bytes, value: str, method: str) -> None:
    url = f"{HOST}{path}" + (f"?{query}" if query else "")
    request = on_the_wire(signed(url, body, method=method, headers={"X-Odd": f" {value}  "}), body)
    verify(request, claim_of(request), SECRET, NOW)


@given(st.integers(0, 8), st.data())
@settings(max_examples=100)
def test_any_change_to_a_signed_request_is_noticed(which: int, data: st.DataObject) -> None:
    good = on_the_wire(signed(f"{HOST}/tags/a%3Ab?tagKeys=x", START, headers={"X-Odd": "v"}), START)
    claim = claim_of(good)
    changed = [
        good._replace(method="DELETE"),
        good._replace(raw_path=b"/tags/a%3Ac"),
        good._replace(raw_path=b"/tags/a:b"),
        good._replace(query_string=b"tagKeys=y"),
        good._replace(query_string=b"tagKeys=x&tagKeys=x"),
        good._replace(body=START + b" "),
        good._replace(headers=[(name, b"w" if name == b"x-odd" else value) for name, value in good.headers]),
        good._replace(headers=[(name, b"evil:8080" if name == b"host" else value) for name, value in good.headers]),
        good._replace(headers=[header for header in good.headers if header[0] != b"x-odd"]),
    ][which]
    with pytest.raises(InvalidSignatureException, match="does not match"):
        verify(changed, claim, SECRET, NOW)
    at = data.draw(st.integers(0, 63))
    digit = data.draw(st.sampled_from("0123456789abcdef").filter(lambda sign: sign != claim.signature[at]))
    forged = claim._replace(signature=claim.signature[:at] + digit + claim.signature[at + 1 :])
    with pytest.raises(InvalidSignatureException, match="does not match"):
        verify(good, forged, SECRET, NOW)


def test_a_query_that_the_client_encodes_after_signing_verifies() -> None:
    request = on_the_wire(signed(f"{HOST}/tags/x?tagKeys=a%3Ab", method="DELETE"))
    verify(request._replace(query_string=b"tagKeys=a:b"), claim_of(request), SECRET, NOW)


@pytest.mark.parametrize("path", ["/a/../tags/x", "/./tags//x", "/tags/x/.", "/tags/x/", "/../tags/x"])
def test_a_path_with_dots_is_signed_without_them(path: str) -> None:
    request = on_the_wire(signed(f"{HOST}{path}", method="GET"))
    verify(request, claim_of(request), SECRET, NOW)


def test_a_signed_request_reaches_its_operation_as_its_caller(rig: Rig) -> None:
    assert send(rig, signed(f"{HOST}/start-flow", START), START).status == 200
    _, caller, _ = rig.dispatcher.calls[0]
    assert (caller.account, caller.region, caller.arn, caller.access_key_id) == (ACCOUNT, "eu-west-3", ARN, KEY_ID)


def test_a_session_token_changes_nothing(rig: Rig) -> None:
    request = signed(f"{HOST}/start-flow", START, headers={"X-Amz-Security-Token": "abc"})
    assert send(rig, request, START).status == 200


def test_a_presigned_request_reaches_its_operation(rig: Rig) -> None:
    arn = quote(f"arn:aws:appflow:eu-west-3:{ACCOUNT}:flow/one", safe="")
    assert send(rig, presigned(f"{HOST}/tags/{arn}?tagKeys=a%3Ab", method="DELETE")).status == 204
    assert rig.dispatcher.calls[0][2]["tagKeys"] == ["a:b"]


@pytest.mark.parametrize("age_s, is_right", [(-901, False), (-900, True), (0, True), (60, True), (61, False)])
def test_a_presigned_request_lives_as_long_as_it_says(rig: Rig, age_s: int, is_right: bool) -> None:
    request = presigned(f"{HOST}/tags/arn:x", expires_s=60, instant=NOW - timedelta(seconds=age_s))
    assert (send(rig, request).error != "InvalidSignatureException") is is_right


@pytest.mark.parametrize(
    "age, says", [(timedelta(minutes=16), "Signature expired"), (-timedelta(minutes=16), "not yet current")]
)
def test_a_signature_out_of_its_time_is_invalid(rig: Rig, age: timedelta, says: str) -> None:
    reply = send(rig, signed(f"{HOST}/start-flow", START, instant=NOW - age), START)
    assert (reply.status, reply.error) == (403, "InvalidSignatureException")
    assert says in reply.message


@pytest.mark.parametrize("age", [timedelta(minutes=14), -timedelta(minutes=14)])
def test_clocks_may_differ_by_a_quarter_of_an_hour(rig: Rig, age: timedelta) -> None:
    assert send(rig, signed(f"{HOST}/start-flow", START, instant=NOW - age), START).status == 200


def test_a_request_without_credentials_is_refused(rig: Rig) -> None:
    reply = rig.ask("/start-flow", START)
    assert (reply.status, reply.error) == (403, "MissingAuthenticationTokenException")
    assert rig.dispatcher.calls == []


def test_an_unknown_access_key_is_refused() -> None:
    reply = send(Rig(auth="sigv4"), signed(f"{HOST}/start-flow", START), START)
    assert (reply.status, reply.error) == (403, "UnrecognizedClientException")


def test_a_wrong_secret_is_refused_and_no_secret_told(rig: Rig) -> None:
    reply = send(rig, signed(f"{HOST}/start-flow", START, secret="other"), START)
    assert (reply.status, reply.error) == (403, "InvalidSignatureException")
    assert SECRET not in reply.message + rig.log_text.getvalue() + repr(KEY)


def test_another_services_signature_is_refused(rig: Rig) -> None:
    reply = send(rig, signed(f"{HOST}/start-flow", START, service="s3"), START)
    assert reply.message == "Credential should be scoped to correct service: 'appflow'."


def test_an_unsigned_host_and_another_days_scope_are_told_together() -> None:
    request = on_the_wire(signed(f"{HOST}/start-flow"))
    claim = claim_of(request)._replace(date="20200101", signed_headers=("x-amz-date",))
    with pytest.raises(InvalidSignatureException) as caught:
        verify(request, claim, SECRET, NOW)
    assert "Date in Credential scope" in caught.value.message
    assert "'host' must be a 'SignedHeader'" in caught.value.message


@pytest.mark.parametrize(
    "header, is_right", [("UNSIGNED-PAYLOAD", True), (sha256(START).hexdigest(), True), ("0" * 64, False)]
)
def test_the_body_hash_may_be_in_a_header(rig: Rig, header: str, is_right: bool) -> None:
    request = signed(f"{HOST}/start-flow", START, headers={"X-Amz-Content-SHA256": header})
    reply = send(rig, request, START)
    assert (reply.error is None, is_right or "x-amz-content-sha256" in reply.message) == (is_right, True)


def test_an_unsigned_body_must_be_declared_in_a_signed_header() -> None:
    request = on_the_wire(signed(f"{HOST}/start-flow", START), START)
    unsigned = request._replace(headers=[*request.headers, (b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD")])
    with pytest.raises(InvalidSignatureException, match="x-amz-content-sha256"):
        verify(unsigned, claim_of(request), SECRET, NOW)


@pytest.mark.parametrize(
    "stamp", ["", "2026-11-22T12:00:00Z", "20261122T120000", "20261332T120000Z", "٢0261122T120000Z"]
)
def test_a_time_that_is_none_is_incomplete(stamp: str) -> None:
    request = on_the_wire(signed(f"{HOST}/start-flow"))
    kept = [header for header in request.headers if header[0] != b"x-amz-date"]
    changed = request._replace(headers=[*kept, (b"x-amz-date", stamp.encode())])
    with pytest.raises(IncompleteSignatureException, match="X-Amz-Date must be"):
        verify(changed, claim_of(request), SECRET, NOW)


def test_the_date_header_counts_where_x_amz_date_is_missing() -> None:
    request = on_the_wire(signed(f"{HOST}/start-flow"))
    kept = [header for header in request.headers if header[0] != b"x-amz-date"]
    claim = claim_of(request)
    with pytest.raises(IncompleteSignatureException, match="either a 'X-Amz-Date' or a 'Date'"):
        verify(request._replace(headers=kept), claim, SECRET, NOW)
    with pytest.raises(IncompleteSignatureException, match="RFC 7231"):
        verify(request._replace(headers=[*kept, (b"date", b"today")]), claim, SECRET, NOW)
    dated = request._replace(headers=[*kept, (b"date", b"Sun, 22 Nov 2026 12:00:00 GMT")])
    with pytest.raises(InvalidSignatureException, match="does not match"):
        verify(dated, claim, SECRET, NOW)


GOOD = f"Credential={KEY_ID}/20261122/us-east-1/appflow/aws4_request, SignedHeaders=host, Signature={'a' * 64}"


@pytest.mark.parametrize("auth", ["open", "sigv4"])
@pytest.mark.parametrize(
    "header, said",
    [
        ("", "algorithm"),
        ("Bearer s3cr3t", "algorithm"),
        (f"AWS4-ECDSA-P256-SHA256 {GOOD}", "algorithm"),
        ("AWS4-HMAC-SHA256", "'Credential' parameter. Authorization header requires 'SignedHeaders' parameter."),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('Signature', 'X')}", "'Signature' parameter"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('/appflow', '')}", "5 slash-delimited elements"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('aws4_request', 'aws5')}", "5 slash-delimited elements"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('20261122', 'today')}", "YYYYMMDD"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('us-east-1', 'US EAST')}", "valid region"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace(KEY_ID, 'a b')}", "access key id"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('SignedHeaders=host', 'SignedHeaders=Host;')}", "SignedHeaders must be"),
        (f"AWS4-HMAC-SHA256 {GOOD.replace('a' * 64, 'é' * 64)}", "64 hexadecimal digits"),
    ],
)
def test_malformed_credentials_are_incomplete_in_either_mode(auth: str, header: str, said: str) -> None:
    reply = Rig(auth=auth, keys=[KEY]).ask("/start-flow", START, headers={"authorization": header})
    assert (reply.status, reply.error) == (400, "IncompleteSignatureException")
    assert said in reply.message
    assert "s3cr3t" not in reply.message


@pytest.mark.parametrize(
    "left_out",
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"],
)
def test_a_presigned_request_needs_every_parameter(rig: Rig, left_out: str) -> None:
    request = presigned(f"{HOST}/tags/arn:x")
    parts = urlsplit(str(request.url))
    query = "&".join(pair for pair in parts.query.split("&") if not pair.startswith(left_out))
    reply = rig.ask(parts.path, method="GET", query=query)
    assert reply.error == "IncompleteSignatureException"
    assert f"'{left_out}'" in reply.message


@pytest.mark.parametrize(
    "name, value", [("X-Amz-Expires", "0"), ("X-Amz-Expires", "604801"), ("X-Amz-Algorithm", "MD5")]
)
def test_a_presigned_parameter_out_of_its_range_is_incomplete(rig: Rig, name: str, value: str) -> None:
    parts = urlsplit(str(presigned(f"{HOST}/tags/arn:x").url))
    query = "&".join(f"{name}={value}" if pair.startswith(name) else pair for pair in parts.query.split("&"))
    assert rig.ask(parts.path, method="GET", query=query).error == "IncompleteSignatureException"


@pytest.mark.parametrize("key_id, account", [("test", "000000000000"), ("999988887777", "999988887777")])
def test_the_open_service_believes_any_credentials(key_id: str, account: str) -> None:
    rig = Rig()
    header = f"AWS4-HMAC-SHA256 {GOOD.replace(KEY_ID, key_id).replace('us-east-1', 'ap-south-1')}"
    assert rig.ask("/start-flow", START, headers={"authorization": header}).status == 200
    _, caller, _ = rig.dispatcher.calls[0]
    assert (caller.account, caller.region) == (account, "ap-south-1")
    assert caller.arn == f"arn:aws:iam::{account}:user/{key_id}"


POLICY = parse_policy(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "appflow:*Flow*", "Resource": f"arn:aws:appflow:*:{ACCOUNT}:flow/sales-*"},
            {"Effect": "Allow", "Action": "appflow:ListFlows", "Resource": "*"},
            {"Effect": "Deny", "Action": "appflow:DeleteFlow", "Resource": "*"},
        ],
    }
)


@pytest.mark.parametrize(
    "path, flow, denied",
    [
        ("/start-flow", "sales-1", None),
        ("/start-flow", "hr-1", "because no identity-based policy allows the appflow:StartFlow action"),
        ("/delete-flow", "sales-1", "with an explicit deny in an identity-based policy"),
    ],
)
def test_a_policy_decides_by_the_flow_that_the_request_names(path: str, flow: str, denied: str | None) -> None:
    rig = Rig(auth="sigv4", keys=[AccessKey(KEY_ID, SECRET, ACCOUNT, ARN, POLICY)])
    body = b'{"flowName":"%s"}' % flow.encode()
    reply = send(rig, signed(f"{HOST}{path}", body), body)
    assert reply.status == (403 if denied else 200)
    if denied:
        action = "appflow:StartFlow" if "start" in path else "appflow:DeleteFlow"
        resource = f"arn:aws:appflow:eu-west-3:{ACCOUNT}:flow/{flow}"
        assert reply.error == "AccessDeniedException"
        assert reply.message == f"User: {ARN} is not authorized to perform: {action} on resource: {resource} {denied}"
        assert rig.dispatcher.calls == []


def test_a_policy_decides_tags_by_the_arn_and_lists_by_a_star() -> None:
    rig = Rig(auth="sigv4", keys=[AccessKey(KEY_ID, SECRET, ACCOUNT, ARN, POLICY)])
    refused = send(rig, signed(f"{HOST}/tags/arn%3Aaws%3Aappflow%3Aa%3A1%3Aflow%2Fx", method="GET"))
    assert refused.message.split(" on resource: ")[1].startswith("arn:aws:appflow:a:1:flow/x because")
    assert send(rig, signed(f"{HOST}/list-flows", b"{}"), b"{}").status == 200
    assert " on resource: * because" in send(rig, signed(f"{HOST}/list-connectors", b"{}"), b"{}").message
