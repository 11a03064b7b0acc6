"""Bodies that are posted: which records they are, and what is said of those that are none."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import ValidationException
from headrace.operations.posted import inflated, records_of

OBJECTS = st.lists(
    st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none() | st.lists(st.text())), min_size=1
)


@pytest.mark.parametrize(
    "body, records",
    [
        (b'{"a": 1}', ['{"a": 1}']),
        (b'\xef\xbb\xbf {"a": 1}\n', ['{"a": 1}']),
        (b'{"a": 1}\n{"a": 2}\r\n\n{"a": 3}', ['{"a": 1}', '{"a": 2}', '{"a": 3}']),
        (b'[{"a": 1}, {"a": 2}]', ['{"a": 1}', '{"a": 2}']),
        (b"[ ]", []),
        (b'{\n  "a":\r\n 1\n}', ['{   "a":   1 }']),
        # Nothing is rounded, made shorter or read as another character.
        (b'{"a": 1.10, "b": 123456789012345678901234567890, "c": 1e400}',) * 2,
        (b'{"a": "\\ud83d\\u0000 \xe2\x80\xa8"}',) * 2,
    ],
)
def test_records_come_out_as_they_were_sent(body: bytes, records: list[str] | bytes) -> None:
    assert records_of(body) == ([records.decode()] if isinstance(records, bytes) else records)


@pytest.mark.parametrize(
    "body, said",
    [
        (b"", "The body is empty"),
        (b" \n ", "The body is empty"),
        (b"hello", "Line 1 of the body holds no JSON object"),
        (b"1", "Line 1 of the body holds no JSON object"),
        (b'{"a": 1}\n[{"a": 2}]', "Line 2 of the body holds no JSON object"),
        (b'{"a": 1}\n\n{"a": }\n', "Line 3 of the body is no JSON: Expecting value"),
        (b'{"a": 1}\n{"a": "cut', "Line 2 of the body is no JSON: Unterminated"),
        (b'{"a": "two\nlines"}', "Line 1 of the body is no JSON: Invalid control character"),
        (b'{"a": 1} {"a": 2}', "Line 1 of the body goes on after the end of its record"),
        (b'{"a": NaN}', "Line 1 of the body begins a record that holds NaN"),
        (
            b'{"a": ' + b"[" * 100_000,
            "Line 1 of the body begins a record that holds NaN or Infinity, or too many levels",
        ),
        (b'[{"a": 1}\n{"a": 2}]', "Line 2 of the body lacks a comma"),
        (b'[{"a": 1},\n2]', "Line 2 of the body holds no JSON object"),
        (b'[{"a": 1},]', "Line 1 of the body holds no JSON object"),
        (b'[{"a": 1}', "Line 1 of the body lacks a comma, or the end"),
        (b'[{"a": 1}]\n{}', "Line 2 of the body goes on after the end of the array"),
        (b'{"a": 1}\n{"a": "\xff"}', "Line 2 of the body is no UTF-8"),
    ],
)
def test_a_body_that_is_not_records_alone_is_refused_whole_with_the_line(body: bytes, said: str) -> None:
    with pytest.raises(ValidationException) as refused:
        records_of(body)
    assert refused.value.message.startswith(said)


@given(OBJECTS, st.sampled_from([None, 2]))
def test_an_array_and_lines_hold_the_same_records(objects: list[dict[str, object]], indent: int | None) -> None:
    texts = [json.dumps(each, indent=indent) for each in objects]
    array, lines = records_of(f"[{','.join(texts)}]".encode()), records_of("\n".join(texts).encode())
    assert array == lines
    assert [json.loads(each, parse_float=Decimal) for each in lines] == objects
    assert not any("\n" in each for each in lines)


def test_gzip_is_unpacked_to_its_end_and_no_further_than_allowed() -> None:
    packed = gzip.compress(b"x" * 1000)
    assert inflated(packed, 1000) == b"x" * 1000
    for body, said in (
        (packed, "more than 999 bytes"),
        (packed[:-1], "cut off"),
        (packed + b"more", "something follows"),
        (b"plain", "not what Content-Encoding says"),
    ):
        with pytest.raises(ValidationException, match=said):
            inflated(body, 999 if said.startswith("more") else 1000)
