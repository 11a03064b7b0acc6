"""Merge and Arithmetic tasks: intermediate fields made of others."""

from __future__ import annotations

from collections import Counter
from typing import Final, cast

from headrace.engine.tasks import Arithmetic, ArithmeticOperator, Merge
from headrace.flow.faults import shown
from headrace.flow.rules import Rule
from headrace.flow.tasks.given import Gathered, Given

_OPERATORS: Final = ("ADDITION", "SUBTRACTION", "MULTIPLICATION", "DIVISION")
# Names with commas make an order ambiguous; a list that takes more tries than this is refused.
_TRIES: Final = 10_000
_FORMAT: Final = "taskProperties.CONCAT_FORMAT"


def read_merge(given: Given, gathered: Gathered) -> None:
    """Read a Merge task."""
    given.expect_no_op()
    given.expect_fields(1)
    output = given.destination()
    text = given.required("CONCAT_FORMAT", 'write the text to make, such as "${First Name} ${Last Name}"')
    parts = None if text is None else _parts(given, text)
    if output is not None and parts is not None:
        gathered.merges.append(Merge(given.index, output, parts))


def read_arithmetic(given: Given, gathered: Gathered) -> None:
    """Read an Arithmetic task."""
    operator = cast("ArithmeticOperator | None", given.operator_among(_OPERATORS))
    given.expect_fields(2)
    output = given.destination()
    text = given.property("MATH_OPERATION_FIELDS_ORDER")
    fields = given.fields if text is None else in_order(text, given.fields)
    if fields is None:
        given.fault(
            Rule.TASK_PROPERTY,
            f"MATH_OPERATION_FIELDS_ORDER is {shown(text)}, sourceFields {shown(','.join(given.fields))}",
            "write the same fields in both, joined by commas",
            "taskProperties.MATH_OPERATION_FIELDS_ORDER",
        )
    elif operator is not None and output is not None:
        gathered.arithmetics.append(Arithmetic(given.index, output, operator, fields))


def _parts(given: Given, text: str) -> tuple[str, ...] | None:
    """The literals and fields of a CONCAT_FORMAT in turn; None, with a fault, if it is wrong.

    A field's name may hold any character, `}` too: the longest of sourceFields that fits counts.
    """
    names = sorted(set(given.fields), key=len, reverse=True)
    parts: list[str] = []
    literal, opening, rest = text.partition("${")
    while opening:
        name = next((name for name in names if rest.startswith(name + "}")), None)
        if name is None:
            _refuse_placeholder(given, rest)
            return None
        parts += (literal, name)
        literal, opening, rest = rest[len(name) + 1 :].partition("${")
    return (*parts, literal)


def _refuse_placeholder(given: Given, rest: str) -> None:
    name, closing, _ = rest.partition("}")
    if closing:
        sources = ", ".join(shown(field) for field in given.fields[:5]) or "none"
        given.fault(
            Rule.TASK_PROPERTY,
            f"CONCAT_FORMAT names the field {shown(name)}, which is not in sourceFields ({sources})",
            "add it there or write one of them",
            _FORMAT,
        )
    else:
        what = f"CONCAT_FORMAT has '${{' without '}}' before {shown(rest)}"
        given.fault(Rule.TASK_PROPERTY, what, "write ${field}", _FORMAT)


def in_order(text: str, fields: tuple[str, ...]) -> tuple[str, ...] | None:
    """`fields` in the order that `text`, a comma list of them, gives; None if it names others.

    Names may hold commas themselves ("a,b" is the intermediate field of a and b).
    """
    plain = tuple(part.strip() for part in text.split(","))
    if Counter(plain) == Counter(fields):
        return plain
    return _split(text, fields)


def _split(text: str, fields: tuple[str, ...]) -> tuple[str, ...] | None:
    # Depth first, without recursion: (what is left of the text, names taken, names left).
    open_ends: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [(text, (), fields)]
    for _ in range(_TRIES):
        if not open_ends:
            return None
        rest, taken, left = open_ends.pop()
        for position, name in enumerate(left):
            others = left[:position] + left[position + 1 :]
            if not others and rest == name:
                return (*taken, name)
            if others and rest.startswith(name + ","):
                open_ends.append((rest[len(name) + 1 :].lstrip(" "), (*taken, name), others))
    return None
