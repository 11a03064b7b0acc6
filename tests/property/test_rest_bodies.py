"""Whatever an application answers is cut into records that say the same, or refused by name."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.http.messages import Answer
from headrace.connector_sdk.http.verdicts import words
from headrace.connector_sdk.rest.bodies import Body
from headrace.connector_sdk.rest.faults import Fault, Faults
from headrace.connector_sdk.rest.fields import inferred
from headrace.errors import Retry, Stop

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=5)
LAYOUTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, 0, 2, "\t"]), "ensure_ascii": st.booleans()}
)
PARTS = [
    b'{"items":[{"a":"',
    b'"}]}',
    b'{"items":',
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"a",
    b":",
    b",",
    b"\\",
    b"\\ud83d",
    b"\xff",
    b"1.5",
    b"1e999",
    b"null",
    b"\n",
    b"<html>",
]
JUNK = st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join) | st.binary(max_size=30)
HEADERS = st.sampled_from(
    [{}, {"content-type": "application/json; charset=latin-1"}, {"content-type": "x; charset=nonsense"}]
)
FAULTS = Faults(failed=("items", 1), code="a.0", words="items", known=(Fault("nothing", codes=("a",)),))


def answer(content: bytes, headers: dict[str, str] | None = None, status: int = 200) -> Answer:
    return Answer(status, headers or {}, content, "https://x.test/", "GET https://x.test/")


@settings(max_examples=60, deadline=None)
@given(records=RECORDS, layout=LAYOUTS, around=st.dictionaries(TEXT, VALUES, max_size=3))
def test_records_say_the_same_on_one_line_each(records: list[Any], layout: dict[str, Any], around: dict[str, Any]):
    content = json.dumps({**around, "items": {"all": [{"node": each} for each in records]}}, **layout).encode()
    body = Body(answer(content))
    found = body.records("items.all", "node")
    assert [json.loads(each) for each in found] == records
    assert not any({"\n", "\r"} & set(each) for each in found)
    assert all(body.value((name,)) == value for name, value in around.items() if name != "items")
    assert {each.name for each in inferred(found)} == {name for each in records for name in each}


@settings(max_examples=150, deadline=None)
@given(content=JUNK, headers=HEADERS, status=st.sampled_from([200, 400, 503]))
def test_junk_is_refused_by_name(content: bytes, headers: dict[str, str], status: int):
    given = answer(content, headers, status)
    assert isinstance(words(given), str)
    FAULTS.judge(given)
    FAULTS.is_nothing(given)
    with suppress(Retry, Stop):
        body = Body(given)
        body.text("items")
        body.text("a.0")
        body.value("items")
        found = body.records("items")
        assert not any("\n" in each for each in found)
        inferred(found)
