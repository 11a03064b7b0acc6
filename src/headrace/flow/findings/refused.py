"""What CreateFlow refuses, by the code that refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from headrace.flow.faults import Faults, Place
from headrace.flow.findings.finding import Finding
from headrace.flow.findings.seen import nearest
from headrace.flow.plan import Plan, attempt
from headrace.flow.rules import Rule
from headrace.model.api import SHAPES
from headrace.model.check import Violation, located
from headrace.model.codec import SerializationError, decode_as
from headrace.model.shapes import Limits, ListShape, Structure

_REQUEST: Final = "CreateFlowRequest"
_AT: Final = re.compile(r" at '([^']*)'")
_CHOICE: Final = re.compile(r"enum value set: \[(.*)\]$")
_NULL: Final = "Member must not be null"
_BOUND: Final = re.compile(r"^Member must have (length|value) (less|greater) than or equal to (-?\d+)$")
_PATTERN: Final = "Member must satisfy regular expression pattern: "


def read(given: object) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """The document of parsed JSON, or why it is none."""
    try:
        return decode_as(_REQUEST, given), ()
    except SerializationError as error:
        found = _AT.search(error.message)
        place = place_in(given, found[1]) if found else ()
        instead = "write JSON of the type that CreateFlow takes there"
        return None, (Finding("error", Rule.DOCUMENT, place, error.message, instead),)


def constraints(document: Mapping[str, Any], limits: Limits) -> Iterator[Finding]:
    """Each value that the API's model does not allow."""
    for violation in located(_REQUEST, document, limits=limits):
        place = place_in(document, violation.place)
        yield Finding("error", Rule.CONSTRAINT, place, violation.text, advice(violation, place))


def faults(document: Mapping[str, Any]) -> tuple[Plan | None, tuple[Finding, ...]]:
    """The plan, or each fault that keeps the document from meaning anything."""
    found = Faults()
    planned = attempt(document, found)
    told = (Finding("error", each.rule, each.place, each.what, each.instead) for each in found.all())
    return planned, tuple(told)


def unknown_members(given: object, shape_name: str = _REQUEST, place: Place = ()) -> Iterator[Finding]:
    """Members that the API does not have: AppFlow and headrace pass over them without a word."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Structure) and isinstance(given, Mapping):
        shapes = {member.name: member.shape for member in shape.members}
        for name, part in cast("Mapping[str, object]", given).items():
            if name in shapes:
                yield from unknown_members(part, shapes[name], (*place, name))
            elif part is not None:
                yield _unknown(name, tuple(shapes), (*place, name))
    elif isinstance(shape, ListShape) and isinstance(given, list):
        for number, part in enumerate(cast("list[object]", given)):
            yield from unknown_members(part, shape.member, (*place, number))


def _unknown(name: str, names: Sequence[str], place: Place) -> Finding:
    meant = nearest(name, names)
    what = f"CreateFlow has no member {name} here; it is passed over"
    return Finding("warning", Rule.UNKNOWN_MEMBER, place, what, f"write {meant}" if meant else "remove it")


def place_in(document: object, spelled: str) -> Place:
    """The place that AWS spells `tasks.2.member.taskType`; keys with points in them are found in the document."""
    place: list[str | int] = []
    rest, at = spelled, cast("Any", document)
    while rest:
        number, mark, after = rest.partition(".member")
        if type(at) is list and mark and number.isdigit():
            part: str | int = int(number) - 1
            rest = after.removeprefix(".")
        else:
            part = _member(at, rest)
            rest = rest[len(part) + 1 :]
        place.append(part)
        at = _inside(at, part)
    return tuple(place)


def _member(at: Any, rest: str) -> str:
    members = cast("Mapping[str, object]", at) if isinstance(at, Mapping) else dict[str, object]()
    fitting = [name for name in members if rest == name or rest.startswith(f"{name}.")]
    return max(fitting, key=len, default=rest.partition(".")[0])


def _inside(at: Any, part: str | int) -> Any:
    if isinstance(at, list) and isinstance(part, int):
        values = cast("list[object]", at)
        return values[part] if part < len(values) else None
    return cast("Mapping[object, object]", at).get(part) if isinstance(at, Mapping) else None


def advice(violation: Violation, place: Place) -> str:
    """What to write instead of a value that breaks a constraint."""
    choice = _CHOICE.search(violation.sentence)
    if choice is not None:
        names = choice[1].split(", ")
        meant = nearest(violation.shown, names)
        return f"write {meant}" if meant else f"write one of {', '.join(names)}"
    if violation.sentence == _NULL:
        return f"write {place[-1]}"
    bound = _BOUND.match(violation.sentence)
    if bound is not None:
        return f"make its {bound[1]} {bound[3]} or {'less' if bound[2] == 'less' else 'more'}"
    if violation.sentence.startswith(_PATTERN):
        return f"write what matches {violation.sentence.removeprefix(_PATTERN)}"
    return "write parts that the constraint allows"
