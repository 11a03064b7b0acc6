"""JSON with the line of every part."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.documents.from_json import from_json
from headrace.documents.tree import Listed, Mapped, Unreadable, plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=12,
)


def test_every_part_knows_its_line() -> None:
    node = from_json('{\n "a": [\n  1,\n  {"b":\n   true}\n ]\n}')

    assert isinstance(node, Mapped)
    listed = node.members["a"]
    assert isinstance(listed, Listed)
    assert (node.line, node.line_of("a"), listed.line) == (1, 2, 2)
    assert [part.line for part in listed.parts] == [3, 4]
    inner = listed.parts[1]
    assert isinstance(inner, Mapped)
    assert (inner.line_of("b"), inner.members["b"].line) == (4, 5)


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_it_reads_what_python_reads(value: object, indent: int | str | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)

    assert plain(from_json(text)) == json.loads(text)


@pytest.mark.parametrize(
    "text, line, told",
    [
        ('{\n"a": 1,\n}', 3, "a name in double quotes is expected, column 1"),
        ('{\n"a"\n1}', 3, "a colon is expected"),
        ('{\n"a": 1\n"b": 2}', 3, "a comma or } is expected"),
        ("[1,\n2\n", 3, "a comma or ] is expected"),
        ("[1,\nNaN]", 2, "a value is expected"),
        ("[1]\n[2]", 2, "more follows"),
        ('{"a": 1,\n "a": 2}', 2, '"a" is there a second time'),
        ('["\n"]', 1, "Invalid control character"),
        ('["\\ud800"]', 1, "half of a surrogate pair"),
        ("[" + "1" * 5000 + "]", 1, "a value is expected"),
        ("", 1, "a value is expected"),
    ],
)
def test_what_is_no_json_is_told_with_its_line(text: str, line: int, told: str) -> None:
    with pytest.raises(Unreadable) as caught:
        from_json(text)

    assert caught.value.line == line
    assert told in caught.value.message


def test_text_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested too deeply"):
        from_json("[" * 100_000)
