"""Requests survive the codec, whatever they hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.model.api import OPERATIONS
from headrace.model.codec import SerializationError, decode, dump
from headrace.model.shapes import Operation
from tests.property.documents import bodies, without_nulls

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.sampled_from(sorted(OPERATIONS)).flatmap(lambda name: st.tuples(st.just(OPERATIONS[name]), bodies(name))))
@settings(max_examples=150)
def test_what_is_read_is_what_was_written_without_its_nulls(case: tuple[Operation, dict[str, Any]]) -> None:
    operation, document = case
    request = decode(operation, body=json.dumps(document).encode())
    assert request == without_nulls(document)
    assert list(request) == list(without_nulls(document))
    assert decode(operation, body=dump(request)) == request


@given(st.sampled_from(sorted(OPERATIONS)), JSON)
@settings(max_examples=150)
def test_any_json_is_read_or_refused_in_words(name: str, value: Any) -> None:
    request = read_or_refused(name, json.dumps(value).encode())
    assert request is None or set(request) <= set(value)


@given(st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=60))
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused_in_words(name: str, body: bytes) -> None:
    request = read_or_refused(name, body)
    assert request is None or isinstance(request, dict)


def read_or_refused(name: str, body: bytes) -> dict[str, Any] | None:
    """The request, None if it was refused in words; any other exception is a fault."""
    refused = ""
    try:
        return decode(OPERATIONS[name], body=body)
    except SerializationError as error:
        refused = error.message
    assert refused
    return None
