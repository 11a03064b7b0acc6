"""What must hold of one value, and AWS's sentence for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import cache
from typing import Any, NamedTuple, TypeGuard

from headrace.model.beyond import ALL
from headrace.model.shapes import Integer, Limits, ListShape, MapShape, Shape, String, Structure

# Of a faulty value, so many characters are shown.
SHOWN_CHARACTERS = 1000


class Constraint(NamedTuple):
    """A test, truthy where the value is right, and the sentence that says what must hold."""

    holds: Callable[[Any], object]
    sentence: str


def scalar_constraints(shape: Shape, limits: Limits) -> tuple[Constraint, ...]:
    """The constraints of a value that holds no other value; none for those that do."""
    if isinstance(shape, String):
        return tuple(_string_constraints(shape, limits))
    if isinstance(shape, Integer):
        return tuple(_range_constraints(shape.min, shape.max))
    return ()


def size_constraints(shape: ListShape | MapShape | String) -> tuple[Constraint, ...]:
    """The least and the greatest length; a least length of 0 is part of the sentences, never of a fault."""
    constraints: list[Constraint] = []
    if shape.max is not None:
        constraints.append(_at_most(shape.max))
    if shape.min is not None:
        constraints.append(_at_least(shape.min))
    return tuple(constraints)


def nested(constraints: Iterable[Constraint]) -> str:
    """All sentences as AWS prints those of the parts of a list or map."""
    return f"[{', '.join(constraint.sentence for constraint in constraints)}]"


@cache
def is_secret(shape_name: str) -> bool:
    """Whether the shape, or a part of it, is marked as sensitive."""
    shape = ALL[shape_name]
    if isinstance(shape, Structure):
        return any(is_secret(member.shape) for member in shape.members)
    if isinstance(shape, ListShape):
        return is_secret(shape.member)
    if isinstance(shape, MapShape):
        return is_secret(shape.key) or is_secret(shape.value)
    return isinstance(shape, String) and shape.is_sensitive


def shown(value: object) -> str:
    """A value as AWS prints it in a violation, cut after SHOWN_CHARACTERS."""
    text = _java(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _java(value: Any) -> str:
    if _is_map(value):
        return f"{{{', '.join(f'{key}={_java(part)}' for key, part in value.items())}}}"
    if _is_list(value):
        return f"[{', '.join(_java(part) for part in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def _string_constraints(shape: String, limits: Limits) -> Iterable[Constraint]:
    yield from size_constraints(shape)
    if shape.pattern is not None:
        matches = re.compile(shape.regex or shape.pattern, re.ASCII).fullmatch
        yield Constraint(matches, f"Member must satisfy regular expression pattern: {shape.pattern}")
    if shape.enum:
        values = shape.enum if limits == "aws" else (*shape.enum, *shape.beyond)
        sentence = f"Member must satisfy enum value set: [{', '.join(values)}]"
        yield Constraint(frozenset(values).__contains__, sentence)


def _range_constraints(least: int | None, most: int | None) -> Iterable[Constraint]:
    if most is not None:
        yield Constraint(most.__ge__, f"Member must have value less than or equal to {most}")
    if least is not None:
        yield Constraint(least.__le__, f"Member must have value greater than or equal to {least}")


def _at_most(most: int) -> Constraint:
    def holds(value: Sized) -> bool:
        return len(value) <= most

    return Constraint(holds, f"Member must have length less than or equal to {most}")


def _at_least(least: int) -> Constraint:
    def holds(value: Sized) -> bool:
        return len(value) >= least

    return Constraint(holds, f"Member must have length greater than or equal to {least}")
