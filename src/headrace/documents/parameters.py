"""What a template allows as a parameter's value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from headrace.documents.tree import Listed, Mapped, Node, Scalar, member, text_of


def wrong_with(name: str, declared: Node, text: str) -> str | None:
    """What is wrong with the value, which is not told of a parameter with NoEcho; None: it is allowed.

    Patterns are Java's at AWS: one that Python does not know is left to AWS.
    """
    rule = next(_broken(declared, text), None)
    if rule is None:
        return None
    is_secret = is_true(member(declared, "NoEcho"))
    return f"parameter {name} is {'a value that is not allowed' if is_secret else repr(text)}; {rule}"


def listed(declared: Node, text: str) -> tuple[str, ...] | None:
    """The values of a parameter that is a list, None where it is none."""
    kind = text_of(member(declared, "Type")) or "String"
    if kind != "CommaDelimitedList" and "List<" not in kind:
        return None
    return tuple(part.strip() for part in text.split(","))


def is_true(node: Node | None) -> bool:
    """Whether a template says yes."""
    return isinstance(node, Scalar) and str(node.value).lower() == "true"


def said(node: Node) -> str:
    """A scalar as a template has it, quoted or not."""
    found = text_of(node)
    if found is None and isinstance(node, Scalar):
        return "true" if node.value is True else "false" if node.value is False else str(node.value)
    return found or ""


def _broken(declared: Node, text: str) -> Iterator[str]:
    """What the value had to be."""
    values = listed(declared, text) or (text,)
    yield from _of_choices(declared, values)
    if "Number" in (text_of(member(declared, "Type")) or ""):
        yield from _of_numbers(declared, values)
    pattern = _bound(declared, "AllowedPattern")
    if pattern is not None and not all(_fits(pattern, value) for value in values):
        yield f"it has to match {pattern}"
    least, most = _number(_bound(declared, "MinLength")), _number(_bound(declared, "MaxLength"))
    if least is not None and len(text) < least:
        yield f"it has to have {least} characters at least"
    if most is not None and len(text) > most:
        yield f"it has to have {most} characters at most"


def _of_choices(declared: Node, values: tuple[str, ...]) -> Iterator[str]:
    allowed = member(declared, "AllowedValues")
    if isinstance(allowed, Listed):
        choices = [said(part) for part in allowed.parts]
        if any(value not in choices for value in values):
            yield f"allowed are {', '.join(choices)}"


def _of_numbers(declared: Node, values: tuple[str, ...]) -> Iterator[str]:
    least, most = _number(_bound(declared, "MinValue")), _number(_bound(declared, "MaxValue"))
    for value in values:
        number = _number(value)
        if number is None:
            yield "it has to be a number"
        elif least is not None and number < least:
            yield f"it has to be {least} at least"
        elif most is not None and number > most:
            yield f"it has to be {most} at most"


def _bound(declared: Node, name: str) -> str | None:
    found = member(declared, name) if isinstance(declared, Mapped) else None
    return None if found is None else said(found)


def _number(text: str | None) -> Decimal | None:
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True
