from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.projecting import projected

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=5), st.sets(st.text(max_size=3)), st.integers(0, 2))
@settings(max_examples=50)
def test_a_record_keeps_the_members_named_and_their_values(record: dict[str, object], more: set[str], indent: int):
    fields = {*more, *list(record)[::2]}
    text = json.dumps(record, indent=indent or None)
    assert json.loads(projected(text, fields)) == {name: record[name] for name in record if name in fields}


def test_no_number_loses_a_digit() -> None:
    record = '{"a": 1.10, "b": 123456789012345678901234567890.1234567890, "c": 1e400}'
    assert projected(record, {"a", "b", "c"}) == record
    assert projected(record, {"b", "c"}) == '{"b": 123456789012345678901234567890.1234567890, "c": 1e400}'
    whole = '{"a": 4.5, "b": 12345678901234567890, "c": 1}'
    assert projected(whole, {"a", "b"}) == '{"a": 4.5, "b": 12345678901234567890}'


def test_what_has_no_other_members_stays_as_it_is_written() -> None:
    assert projected('{"a":1,\n "b" : "\\u00e9"}', {"a", "b", "c"}) == '{"a":1,\n "b" : "\\u00e9"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"a": 1',
        '{"a" 1}',
        '{"a": 1,}',
        '{"a": 1} x',
        "{a: 1}",
        '{"a": 1 "b": 2}',
        "{1: 2}",
        '{"b": 1.10, "c"}',
        '{"b": 1.10} x',
    ],
)
def test_what_is_no_object_stays_as_it_is(text: str) -> None:
    assert projected(text, {"a"}) == text
