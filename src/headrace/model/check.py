"""A document against its shape: every violation, worded as AWS words them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from headrace.errors import HeadraceError, ValidationException
from headrace.model.api import OPERATIONS
from headrace.model.beyond import ALL
from headrace.model.constraints import Constraint, is_secret, nested, scalar_constraints, shown, size_constraints
from headrace.model.places import Place, spell
from headrace.model.shapes import Limits, ListShape, MapShape, Operation, Structure

# A document can be made of millions of faults; the walk ends after so many.
MOST_VIOLATIONS = 1000


class Violation(NamedTuple):
    """A value that its shape does not allow; `place` as `spell` spells it, `shown` the value, "" where it is secret."""

    place: str
    subject: str
    sentence: str
    shown: str = ""

    @property
    def text(self) -> str:
        """As AWS words it."""
        return f"{self.subject} failed to satisfy constraint: {self.sentence}"


_Check = Callable[[Any, Place, list[Violation]], None]
_CONTAINERS = (Structure, ListShape, MapShape)


class _EnoughError(HeadraceError):
    """MOST_VIOLATIONS were found."""


def check(subject: Operation | str, document: Any, *, limits: Limits = "none", place: Place = None) -> None:
    """Raise ValidationException that names every violation, in one message; see `violations`."""
    found = violations(subject, document, limits=limits, place=place)
    if found:
        raise ValidationException(worded(found))


def violations(
    subject: Operation | str, document: Any, *, limits: Limits = "none", place: Place = None
) -> tuple[str, ...]:
    """What is wrong with a decoded document: missing members of a structure first, then its members in their order.

    `subject` is an operation (its input), an operation's name or a shape's name. With `limits`
    "aws", values that only headrace accepts are violations too. The JSON types must be right
    already: `decode` sees to that. `place` is where the document stands in another. Ends after MOST_VIOLATIONS.
    """
    return tuple(violation.text for violation in located(subject, document, limits=limits, place=place))


def located(
    subject: Operation | str, document: Any, *, limits: Limits = "none", place: Place = None
) -> tuple[Violation, ...]:
    """The same, each with its place."""
    found: list[Violation] = []
    with suppress(_EnoughError):
        _checker(_shape_name(subject), limits)(document, place, found)
    return tuple(found)


def worded(found: Sequence[str]) -> str:
    """Violations as one message: `2 validation errors detected: …; …`."""
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def _shape_name(subject: Operation | str) -> str:
    if isinstance(subject, Operation):
        return subject.input
    return OPERATIONS[subject].input if subject in OPERATIONS else subject


@cache
def _checker(shape_name: str, limits: Limits) -> _Check:
    shape = ALL[shape_name]
    if isinstance(shape, Structure):
        return _structure_checker(shape, limits)
    if isinstance(shape, ListShape):
        return _list_checker(shape, limits, is_hidden=is_secret(shape_name))
    if isinstance(shape, MapShape):
        return _map_checker(shape, limits, is_hidden=is_secret(shape_name))
    return _value_checker(scalar_constraints(shape, limits), is_hidden=is_secret(shape_name))


def _structure_checker(shape: Structure, limits: Limits) -> _Check:
    required = tuple(member.name for member in shape.members if member.is_required)
    shapes = {member.name: member.shape for member in shape.members}
    # Of the members that are given, when they first are: hardly a process sees those of all connectors.
    checks: dict[str, _Check] = {}

    def check_structure(value: Mapping[str, Any], place: Place, found: list[Violation]) -> None:
        for name in required:
            if name not in value:
                at = spell((place, name))
                _report(found, Violation(at, f"Value null at '{at}'", "Member must not be null"))
        for name, part in value.items():
            check_part = checks.get(name)
            if check_part is None and name in shapes:
                check_part = checks[name] = _checker(shapes[name], limits)
            if check_part is not None:
                check_part(part, (place, name), found)

    return check_structure


def _value_checker(constraints: tuple[Constraint, ...], *, is_hidden: bool) -> _Check:
    def check_value(value: Any, place: Place, found: list[Violation]) -> None:
        for holds, sentence in constraints:
            if not holds(value):
                _report(found, _violation(value, place, sentence, is_hidden=is_hidden))

    return check_value


def _list_checker(shape: ListShape, limits: Limits, *, is_hidden: bool) -> _Check:
    constraints = (*size_constraints(shape), *_constraint_of_parts("Member", shape.member, limits, iter))
    check_whole = _value_checker(constraints, is_hidden=is_hidden)
    if not isinstance(ALL[shape.member], _CONTAINERS):
        return check_whole
    check_member = _checker(shape.member, limits)

    def check_list(value: Sequence[Any], place: Place, found: list[Violation]) -> None:
        check_whole(value, place, found)
        for number, part in enumerate(value, 1):
            check_member(part, (place, f"{number}.member"), found)

    return check_list


def _map_checker(shape: MapShape, limits: Limits, *, is_hidden: bool) -> _Check:
    of_keys = _constraint_of_parts("Map keys", shape.key, limits, iter)
    of_values = _constraint_of_parts("Map value", shape.value, limits, dict[str, Any].values)
    check_whole = _value_checker((*size_constraints(shape), *of_keys, *of_values), is_hidden=is_hidden)
    if not isinstance(ALL[shape.value], _CONTAINERS):
        return check_whole
    check_value = _checker(shape.value, limits)

    def check_map(value: Mapping[str, Any], place: Place, found: list[Violation]) -> None:
        check_whole(value, place, found)
        for key, part in value.items():
            check_value(part, (place, key), found)

    return check_map


def _constraint_of_parts(
    role: str, shape_name: str, limits: Limits, parts_of: Callable[[Any], Iterable[Any]]
) -> tuple[Constraint, ...]:
    """The one constraint that stands for those of all parts of a list or map; none where the parts have none."""
    constraints = scalar_constraints(ALL[shape_name], limits)
    tests = tuple(constraint.holds for constraint in constraints)

    def holds(whole: Any) -> bool:
        for part in parts_of(whole):
            for test in tests:
                if not test(part):
                    return False
        return True

    return (Constraint(holds, f"{role} must satisfy constraint: {nested(constraints)}"),) if constraints else ()


def _report(found: list[Violation], violation: Violation) -> None:
    found.append(violation)
    if len(found) >= MOST_VIOLATIONS:
        raise _EnoughError


def _violation(value: object, place: Place, sentence: str, *, is_hidden: bool) -> Violation:
    """AWS leaves the value of a sensitive member out."""
    at = spell(place)
    if is_hidden:
        return Violation(at, f"Value at '{at}'", sentence)
    text = shown(value)
    return Violation(at, f"Value '{text}' at '{at}'", sentence, text)
