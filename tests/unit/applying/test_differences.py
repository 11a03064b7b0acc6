"""Where two documents differ, a line each."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.applying.differences import differences, pruned


@pytest.mark.parametrize(
    "before, after, lines",
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": 2}, ["~ a: 1 → 2"]),
        ({"a": {"b": "x"}}, {"a": {"b": "y", "c": True}}, ['~ a.b: "x" → "y"', "+ a.c: true"]),
        ({"a": {"b": 1}}, {}, ['- a: {"b": 1}']),
        ({"a": {"b": 1}}, {"a": [1]}, ['~ a: {"b": 1} → [1]']),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, ["- a[1]: 2"]),
        ({"a": [1, 3]}, {"a": [0, 1, 2, 3]}, ["+ a[0]: 0", "+ a[2]: 2"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}, 5]}, ["~ a[0].b: 1 → 2", "+ a[1]: 5"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ['+ a[0]: "y"', '- a[1]: "y"']),
        ({"a": "é" * 300}, {}, [f'- a: "{"é" * 158}…']),
    ],
)
def test_each_difference_is_a_line(before: Any, after: Any, lines: list[str]) -> None:
    assert list(differences(before, after)) == lines


def test_what_is_empty_is_nothing() -> None:
    assert pruned({"a": {}, "b": None, "c": {"d": [], "e": 0}, "f": [{"g": {}}, False]}) == {
        "c": {"e": 0},
        "f": [{}, False],
    }
