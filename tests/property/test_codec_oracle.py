"""The checks against jsonschema-rs, an independent reading of the same constraints."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.check import violations
from headrace.model.shapes import Boolean, Integer, ListShape, MapShape, String, Structure
from tests.property.documents import TEXT, bodies, texts

# Java's classes are ASCII; the oracle's are Unicode.
CLASSES = {r"\w": "a-zA-Z0-9_", r"\s": r" \t\n\x0b\f\r", r"\d": "0-9"}
STRINGS = sorted(name for name, shape in SHAPES.items() if isinstance(shape, String))
RIGHT_NAME = "flow-1"


def ascii_pattern(pattern: str) -> str:
    """The pattern for the oracle: the whole text, in ASCII classes.

    What a dot stands for is spelt out: the oracle's own takes line ends other than LF in some versions, not in others.
    """
    spelt = re.sub(r"\\.|\[[^]]*]|\.", lambda found: r"[^\n]" if found[0] == "." else found[0], pattern)
    spelt = re.sub(r"\[[^]]*]", lambda found: _within_brackets(found[0]), spelt)
    for name, signs in CLASSES.items():
        spelt = spelt.replace(name, f"[{signs}]").replace(name.upper(), f"[^{signs}]")
    return rf"\A(?:{spelt.removeprefix('^') if '|' not in spelt else spelt})\z"


def _within_brackets(text: str) -> str:
    for name, signs in CLASSES.items():
        text = text.replace(name, signs)
    return text


def schema(shape_name: str) -> dict[str, Any]:
    shape = SHAPES[shape_name]
    if isinstance(shape, Structure):
        return {
            "type": "object",
            "properties": {member.name: schema(member.shape) for member in shape.members},
            "required": [member.name for member in shape.members if member.is_required],
        }
    if isinstance(shape, ListShape):
        return {"type": "array", "items": schema(shape.member), **bounds(shape, "Items")}
    if isinstance(shape, MapShape):
        inner = {"propertyNames": schema(shape.key), "additionalProperties": schema(shape.value)}
        return {"type": "object", **inner, **bounds(shape, "Properties")}
    if isinstance(shape, String):
        return string_schema(shape)
    if isinstance(shape, Integer):
        limits = {"minimum": shape.min, "maximum": shape.max}
        return {"type": "integer", **{name: limit for name, limit in limits.items() if limit is not None}}
    return {"type": "boolean" if isinstance(shape, Boolean) else "number"}


def string_schema(shape: String) -> dict[str, Any]:
    answer: dict[str, Any] = {"type": "string", **bounds(shape, "Length")}
    if shape.pattern is not None:
        answer["pattern"] = ascii_pattern(shape.regex or shape.pattern)
    if shape.enum:
        answer["enum"] = [*shape.enum, *shape.beyond]
    return answer


def bounds(shape: ListShape | MapShape | String, unit: str) -> dict[str, int]:
    limits = {f"min{unit}": shape.min, f"max{unit}": shape.max}
    return {name: limit for name, limit in limits.items() if limit is not None}


@cache
def oracle(shape_name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(shape_name))


@given(st.sampled_from(sorted(OPERATIONS)).flatmap(lambda name: st.tuples(st.just(name), bodies(name))))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_whole_requests_are_accepted_or_refused_alike(case: tuple[str, dict[str, Any]]) -> None:
    name, request = case
    request = {member: value for member, value in request.items() if value is not None}
    assert (violations(name, request) == ()) == oracle(OPERATIONS[name].input).is_valid(request)


@given(data=st.data())
@pytest.mark.parametrize("name", STRINGS)
@settings(max_examples=20)
def test_texts_are_accepted_or_refused_alike(name: str, data: st.DataObject) -> None:
    shape = SHAPES[name]
    assert isinstance(shape, String)
    value = data.draw(texts(shape))
    assert (violations(name, value) == ()) == oracle(name).is_valid(value), value  # type: ignore[arg-type]


@given(TEXT)
@example(RIGHT_NAME)
@settings(max_examples=200)
def test_flow_names_are_accepted_or_refused_alike(name: str) -> None:
    request = {"flowName": name}
    assert (violations("StartFlow", request) == ()) == oracle("StartFlowRequest").is_valid(request)


def test_the_oracle_is_no_rubber_stamp() -> None:
    assert oracle("StartFlowRequest").is_valid({"flowName": RIGHT_NAME})
    assert not oracle("StartFlowRequest").is_valid({"flowName": "a b"})
    assert not oracle("StartFlowRequest").is_valid({})
    assert not oracle("TagResourceRequest").is_valid({"resourceArn": "arn:aws:appflow:a:1:b", "tags": {"aws:x": "y"}})
