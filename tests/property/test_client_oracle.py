"""The client against botocore: the same requests of the same inputs, the same values of the same answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.client.requests import request_of
from headrace.client.signing import Credentials, signed
from headrace.client.structure import Structure
from headrace.client.transport import Request
from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.shapes import Boolean, Float, Integer, ListShape, MapShape, String, Timestamp
from headrace.model.shapes import Structure as StructureShape
from tests.property.documents import TEXT

URL = "https://appflow.eu-central-1.amazonaws.com"
KEYS = Credentials("AKIDTESTS", "made-up", "a-token")
SECONDS = st.integers(-(2**31), 2**32)
# Not signed by botocore either, or of one machine.
NO_MATTER = {"user-agent", "authorization", "content-length", "accept-encoding"}


@dataclass
class Sent:
    """What boto3 would have sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Boto:
    """boto3 on a network that keeps each request and answers nothing."""

    def __init__(self) -> None:
        self.client: Any = boto3.client(
            "appflow",
            region_name="eu-central-1",
            aws_access_key_id=KEYS.access_key_id,
            aws_secret_access_key=KEYS.secret_access_key,
            aws_session_token=KEYS.session_token,
            config=Config(ignore_configured_endpoint_urls=True),
        )
        self.client.meta.events.register("before-send.appflow.*", self._keep)

    def sent(self, name: str, members: Mapping[str, Any]) -> Sent:
        getattr(self.client, snake(name))(**members)
        return self._sent

    def _keep(self, request: Any, **_: Any) -> AWSResponse:
        texts = {
            key.lower(): value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()
        }
        self._sent = Sent(request.method, request.url, texts, request.body or b"")
        answer: Any = AWSResponse(request.url, 200, {}, None)
        answer._content = b"{}"
        return answer


def snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("_")


def kind_of(name: str, suffix: str) -> Any:
    return getattr(import_module(f"headrace.client.operations.{snake(name)}"), f"{name}{suffix}")


@pytest.fixture(name="boto", scope="module")
def boto3_without_a_network() -> Iterator[Boto]:
    boto = Boto()
    yield boto
    boto.client.close()


@cache
def right(shape_name: str, *, is_answer: bool = False) -> st.SearchStrategy[Any]:
    """Values that botocore takes for the shape, and for an answer those that its parser accepts beside them."""
    shape = SHAPES[shape_name]
    if isinstance(shape, StructureShape):
        parts = {member.name: right(member.shape, is_answer=is_answer) for member in shape.members}
        if is_answer:
            anything = st.dictionaries(st.just("brandNew"), st.integers() | st.none(), max_size=1)
            known = st.fixed_dictionaries({}, optional={key: st.none() | part for key, part in parts.items()})
            return st.builds(lambda one, other: {**other, **one}, known, anything)
        required = {member.name for member in shape.members if member.is_required}
        return st.fixed_dictionaries(
            {key: part for key, part in parts.items() if key in required},
            optional={key: part for key, part in parts.items() if key not in required},
        )
    if isinstance(shape, ListShape):
        return st.lists(
            right(shape.member, is_answer=is_answer), min_size=shape.min or 0, max_size=2 + (shape.min or 0)
        )
    if isinstance(shape, MapShape):
        keys, values = right(shape.key), right(shape.value, is_answer=is_answer)
        return st.dictionaries(keys, values, min_size=shape.min or 0, max_size=2 + (shape.min or 0))
    return scalars(shape, is_answer=is_answer)


def scalars(shape: Any, *, is_answer: bool) -> st.SearchStrategy[Any]:
    if isinstance(shape, Timestamp):
        forms = st.sampled_from([int, float, str, lambda s: datetime.fromtimestamp(s, UTC).isoformat(), iso_of_aws])
        return st.builds(lambda form, at: form(at), forms, SECONDS) if is_answer else SECONDS
    if isinstance(shape, Integer):
        least = -(2**31) if shape.min is None else shape.min
        return st.integers(least, 2**31 - 1 if shape.max is None else shape.max)
    if isinstance(shape, Boolean | Float):
        return st.booleans() if isinstance(shape, Boolean) else st.floats(allow_nan=False, allow_infinity=False)
    assert isinstance(shape, String)
    known = st.sampled_from(shape.enum) if shape.enum else TEXT.filter(lambda text: len(text) >= max(shape.min or 0, 1))
    return known | TEXT | st.integers() if is_answer else known


def iso_of_aws(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def for_boto3(shape_name: str, value: Any) -> Any:
    """The document with datetimes, as boto3 wants them."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Timestamp):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(shape, StructureShape):
        kinds = {member.name: member.shape for member in shape.members}
        return {key: for_boto3(kinds[key], part) for key, part in value.items()}
    if isinstance(shape, ListShape):
        return [for_boto3(shape.member, part) for part in value]
    return value


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@given(data=st.data())
@settings(max_examples=25)
def test_requests_are_those_of_botocore(name: str, data: st.DataObject, boto: Boto) -> None:
    operation = OPERATIONS[name]
    document = data.draw(right(operation.input))
    token = operation.idempotent_token_member
    if token is not None:
        document.setdefault(token, "a token")
    theirs = boto.sent(name, for_boto3(operation.input, document))
    plain = request_of(kind_of(name, "Input").from_document(document), URL)
    now = datetime.strptime(theirs.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signed(plain, KEYS, region="eu-central-1", now=now)
    assert ours.method == theirs.method
    assert urlsplit(ours.url)[:3] == urlsplit(theirs.url)[:3]
    assert parse_qsl(urlsplit(ours.url).query) == parse_qsl(urlsplit(theirs.url).query)
    assert json.loads(ours.body or "null") == json.loads(theirs.body or "null")
    kept = {key: value for key, value in theirs.headers.items() if not key.startswith("amz-sdk-")}
    assert covered_by(ours.headers) == covered_by(theirs.headers)
    assert compared(ours.headers) == {**compared(kept), "host": "appflow.eu-central-1.amazonaws.com"}
    # The very bytes that botocore sends, signed by us.
    covered = {key: value for key, value in kept.items() if key == "content-type"}
    again = signed(Request(theirs.method, theirs.url, covered, theirs.body), KEYS, region="eu-central-1", now=now)
    assert again.headers["authorization"] == theirs.headers["authorization"]


def covered_by(headers: Mapping[str, str]) -> str:
    """The names of the headers that a signature covers."""
    return headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]


def compared(headers: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key not in NO_MATTER}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@given(data=st.data())
@settings(max_examples=25)
def test_answers_are_read_as_botocore_reads_them(name: str, data: st.DataObject, boto: Boto) -> None:
    document = data.draw(right(OPERATIONS[name].output, is_answer=True))
    shape = boto.client.meta.service_model.operation_model(name).output_shape
    response = {"body": json.dumps(document).encode(), "status_code": 200, "headers": {}}
    theirs = dict(create_parser("rest-json").parse(response, shape))
    del theirs["ResponseMetadata"]
    assert plain_of(kind_of(name, "Output").of(document, None)) == theirs


def plain_of(value: Any) -> Any:
    """What was read, as botocore would have it: dicts with the API's names, lists."""
    if isinstance(value, Structure):
        return {member.wire: plain_of(part) for member, part in value._given()}
    if isinstance(value, tuple):
        return [plain_of(part) for part in value]
    return {key: plain_of(part) for key, part in value.items()} if isinstance(value, dict) else value
