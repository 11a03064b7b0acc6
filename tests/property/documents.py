"""Strategies that make documents out of the model's shapes, right or nearly so."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.shapes import Boolean, Float, Integer, ListShape, MapShape, String, Structure, Timestamp

# Signs that the patterns of the model let through or refuse, beside any others.
SIGNS = st.characters(codec="ascii")
TEXT = st.text(st.sampled_from("ab09 _-.:/@#!+=~\n\té\U0001f600") | st.characters(codec="utf-8"), max_size=12)


@cache
def bodies(operation_name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of requests: of the right types, with nulls, whatever their values."""
    shape = SHAPES[OPERATIONS[operation_name].input]
    assert isinstance(shape, Structure)
    in_body = [member for member in shape.members if member.location == "body"]
    return st.fixed_dictionaries({}, optional={one.name: st.none() | values(one.shape) for one in in_body})


@cache
def values(shape_name: str) -> st.SearchStrategy[Any]:
    """Values of the right type for the shape named; constraints hold for some of them only."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Structure):
        optional = {member.name: values(member.shape) for member in shape.members}
        return st.fixed_dictionaries({}, optional=optional)
    if isinstance(shape, ListShape):
        return st.lists(values(shape.member), max_size=3)
    if isinstance(shape, MapShape):
        return st.dictionaries(values(shape.key), values(shape.value), max_size=3)
    return scalars(shape_name)


def scalars(shape_name: str) -> st.SearchStrategy[Any]:
    """Values of a shape that holds no other."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Boolean):
        return st.booleans()
    if isinstance(shape, Float):
        return st.floats(allow_nan=False, allow_infinity=False)
    if isinstance(shape, Timestamp):
        return st.integers(0, 4_000_000_000) | st.floats(0, 4e9)
    if isinstance(shape, Integer):
        bounds = [edge + step for edge in (shape.min, shape.max) if edge is not None for step in (-1, 0, 1)]
        return st.sampled_from(bounds or [0]) | st.integers(-(2**31), 2**31 - 1)
    assert isinstance(shape, String)
    return texts(shape)


@cache
def texts(shape: String) -> st.SearchStrategy[str]:
    """Texts of a shape: some right, some at the edge of its length, some wrong."""
    choices = [TEXT]
    if shape.enum:
        choices.append(st.sampled_from(shape.enum))
    if shape.pattern is not None:
        # Only letters that any pattern's alphabet can be met by; the lengths lie around the bounds.
        lengths = [edge + step for edge in (shape.min, shape.max) if edge is not None for step in (-1, 0, 1)]
        choices.append(st.sampled_from([length for length in lengths if length >= 0] or [1]).map(lambda n: "a" * n))
        # A class of a million characters takes hypothesis minutes to list.
        if shape.regex is None:
            choices.append(st.from_regex(shape.pattern, fullmatch=True, alphabet=SIGNS))
    return st.one_of(choices)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value if part is not None] if isinstance(value, list) else value
