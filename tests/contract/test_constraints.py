"""Every constraint of every request is checked, and its violation names the member: made from the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from headrace.model.api import OPERATIONS, SHAPES
from headrace.model.check import violations
from headrace.model.shapes import Integer, ListShape, MapShape, Shape, String, Structure

CONTAINERS = (Structure, ListShape, MapShape)
# Candidates of which at least one breaks each pattern of the model.
ODD_TEXTS = ("", "\n", "a b", "é", "aws:x", "(", "\x00")


class Fault(NamedTuple):
    """A request with one violating value, where the message must place it, and how it must end."""

    operation: str
    request: dict[str, Any]
    place: str
    sentence: str

    @property
    def name(self) -> str:
        return f"{self.operation}-{self.place}-{self.sentence[:60]}"


class Wrong(NamedTuple):
    """A violating value of a shape: the place within it, and the sentence it breaks."""

    value: Any
    below: tuple[str, ...]
    sentence: str


def wrong_values(shape_name: str) -> Iterator[Wrong]:
    """One value for each constraint of a shape and of what it holds."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Structure):
        yield from wrong_structures(shape)
    elif isinstance(shape, ListShape):
        yield from wrong_lists(shape)
    elif isinstance(shape, MapShape):
        yield from wrong_maps(shape)
    else:
        yield from (Wrong(value, (), sentence) for value, sentence in wrong_scalars(shape))


def wrong_structures(shape: Structure) -> Iterator[Wrong]:
    for member in shape.members:
        if member.is_required:
            yield Wrong({}, (member.name,), "Member must not be null")
        for wrong in wrong_values(member.shape):
            yield Wrong({member.name: wrong.value}, (member.name, *wrong.below), wrong.sentence)


def wrong_lists(shape: ListShape) -> Iterator[Wrong]:
    inner = SHAPES[shape.member]
    if shape.max is not None:
        yield Wrong([right_scalar(inner)] * (shape.max + 1), (), f"length less than or equal to {shape.max}")
    if isinstance(inner, CONTAINERS):
        for wrong in wrong_values(shape.member):
            yield Wrong([wrong.value], ("1.member", *wrong.below), wrong.sentence)
    else:
        for value, sentence in wrong_scalars(inner):
            yield Wrong([value], (), f"Member must satisfy constraint: [… {sentence}")


def wrong_maps(shape: MapShape) -> Iterator[Wrong]:
    key, inner = SHAPES[shape.key], SHAPES[shape.value]
    assert not isinstance(inner, CONTAINERS)
    if shape.max is not None:
        entries = {"k" + "a" * number: right_scalar(inner) for number in range(shape.max + 1)}
        yield Wrong(entries, (), f"length less than or equal to {shape.max}")
    for value, sentence in wrong_scalars(key):
        yield Wrong({value: right_scalar(inner)}, (), f"Map keys must satisfy constraint: [… {sentence}")
    for value, sentence in wrong_scalars(inner):
        yield Wrong({right_scalar(key): value}, (), f"Map value must satisfy constraint: [… {sentence}")


def wrong_scalars(shape: Shape) -> Iterator[tuple[Any, str]]:
    if isinstance(shape, Integer):
        yield from wrong_numbers(shape)
    if isinstance(shape, String):
        yield from wrong_texts(shape)


def wrong_numbers(shape: Integer) -> Iterator[tuple[int, str]]:
    if shape.min is not None:
        yield shape.min - 1, f"value greater than or equal to {shape.min}"
    if shape.max is not None:
        yield shape.max + 1, f"value less than or equal to {shape.max}"


def wrong_texts(shape: String) -> Iterator[tuple[str, str]]:
    if shape.min:
        yield "a" * (shape.min - 1), f"length greater than or equal to {shape.min}"
    if shape.max is not None:
        yield "a" * (shape.max + 1), f"length less than or equal to {shape.max}"
    if shape.pattern is not None:
        yield odd_text(shape), f"regular expression pattern: {shape.pattern}"
    if shape.enum:
        yield "nonsense", f"enum value set: [{', '.join((*shape.enum, *shape.beyond))}]"


def odd_text(shape: String) -> str:
    """A text that breaks the pattern, and by its name: found by asking the shape, not by knowing."""
    name = next(name for name, one in SHAPES.items() if one == shape)
    for text in ODD_TEXTS:
        if any(f"pattern: {shape.pattern}" in found for found in violations(name, text)):  # type: ignore[arg-type]
            return text
    raise AssertionError(f"none of ODD_TEXTS breaks {shape.pattern}")


def right_scalar(shape: Shape) -> Any:
    if isinstance(shape, String):
        return shape.enum[0] if shape.enum else "a" * max(shape.min or 0, 1)
    return 1


def faults() -> list[Fault]:
    """One for each constraint of each operation's request."""
    found: dict[str, Fault] = {}
    for name, operation in OPERATIONS.items():
        for wrong in wrong_values(operation.input):
            fault = Fault(name, wrong.value, ".".join(wrong.below), wrong.sentence)
            found.setdefault(fault.name, fault)
    return list(found.values())


FAULTS = faults()


def test_every_constraint_of_the_model_has_its_case() -> None:
    assert len(FAULTS) > 1400
    assert {fault.operation for fault in FAULTS} == set(OPERATIONS)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_violated_constraint_is_told_with_its_member(operation: str) -> None:
    missed: list[str] = []
    for fault in (one for one in FAULTS if one.operation == operation):
        before, _, sentence = fault.sentence.rpartition("… ")
        told = [
            found
            for found in violations(operation, fault.request)
            if f" at '{fault.place}' failed" in found and before in found and sentence in found
        ]
        if not told:
            missed.append(fault.name)
    assert missed == []


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_each_member_that_must_be_there_is_asked_for(operation: str) -> None:
    shape = SHAPES[OPERATIONS[operation].input]
    assert isinstance(shape, Structure)
    asked = [member.name for member in shape.members if member.is_required]
    sentence = "failed to satisfy constraint: Member must not be null"
    assert list(violations(operation, {})) == [f"Value null at '{name}' {sentence}" for name in asked]
