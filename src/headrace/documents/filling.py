"""A tree read as a shape of the model, whatever the format calls the members, with every fault at its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from headrace.documents.document import Fault, Place
from headrace.documents.tree import Listed, Mapped, Node, Scalar, Unreadable
from headrace.model import places
from headrace.model.beyond import ALL
from headrace.model.json_text import SerializationError
from headrace.model.readers import reader
from headrace.model.shapes import Boolean, Float, Integer, ListShape, MapShape, Member, String, Structure, Timestamp

_WANTED: Mapping[type, str] = {
    String: "text",
    Boolean: "true or false",
    Integer: "a whole number",
    Float: "a number",
    Timestamp: "epoch seconds or an ISO 8601 instant in quotes",
    ListShape: "a list",
    MapShape: "names with values",
    Structure: "names with values",
}


class Format(Protocol):
    """What a format calls members, and how it has what the API has otherwise."""

    name: str
    # Numbers and true may stand in quotes, and text without them.
    is_lenient: bool

    def key_of(self, structure: str, member: Member) -> str:
        """What the member is called."""
        ...

    def reshaped(self, shape: str, node: Node) -> Node | None:
        """The part as the API has it; None where it says nothing. Raises Unreadable where it contradicts itself."""
        ...

    def is_passed_over(self, structure: str, key: str) -> bool:
        """Whether a key is none of the request, and right all the same."""
        ...


class Filling:
    """Values of one document; gathers faults and the line of each member."""

    def __init__(self, form: Format, place: Place) -> None:
        self._format = form
        self._place = place
        self.faults: list[Fault] = []
        self.lines: dict[str, int] = {}

    def value(self, shape_name: str, node: Node, at: places.Place = None) -> Any:
        """The value, None where the format says nothing or a fault was found."""
        shape = ALL[shape_name]
        try:
            found = self._format.reshaped(shape_name, node)
        except Unreadable as error:
            self.fault(error.line or node.line, error.message)
            return None
        if found is None or (isinstance(found, Scalar) and found.value is None):
            return None
        self.lines[places.spell(at)] = found.line
        if isinstance(shape, Structure) and isinstance(found, Mapped):
            return dict(self._members(shape_name, shape, found, at))
        if isinstance(shape, ListShape) and isinstance(found, Listed):
            parts = (self.value(shape.member, part, (at, f"{n}.member")) for n, part in enumerate(found.parts, 1))
            return [part for part in parts if part is not None]
        if isinstance(shape, MapShape) and isinstance(found, Mapped):
            values = {name: self.value(shape.value, part, (at, name)) for name, part in found.members.items()}
            return {name: part for name, part in values.items() if part is not None}
        if isinstance(found, Scalar) and not isinstance(shape, Structure | ListShape | MapShape):
            return self._scalar(shape_name, found, at)
        return self._wrong(shape_name, found, at)

    def fault(self, line: int, text: str) -> None:
        """Note what is wrong."""
        self.faults.append(Fault(self._place._replace(line=line), text))

    def _members(self, name: str, shape: Structure, node: Mapped, at: places.Place) -> Iterator[tuple[str, Any]]:
        keys = {self._format.key_of(name, member): member for member in shape.members}
        folded = {key.casefold(): key for key in keys}
        for key, part in node.members.items():
            known = key if key in keys else folded.get(key.casefold()) if self._format.is_lenient else None
            if known is None:
                self._unknown(name, key, node, list(keys))
                continue
            member = keys[known]
            value = self.value(member.shape, part, (at, member.name))
            if value is not None:
                yield member.name, value

    def _unknown(self, structure: str, key: str, node: Mapped, known: list[str]) -> None:
        if self._format.is_passed_over(structure, key):
            return
        close = get_close_matches(key, known, n=1, cutoff=0.6)
        advice = f"did you mean {close[0]}?" if close else f"{self._format.name} has {', '.join(known) or 'none'} here"
        self.fault(node.line_of(key), f"{key} is no member of {self._format.name}'s; {advice}")

    def _scalar(self, shape_name: str, node: Scalar, at: places.Place) -> Any:
        shape = ALL[shape_name]
        value = _meant(shape, node, is_lenient=self._format.is_lenient)
        try:
            return reader(shape_name)(value, at)
        except SerializationError:
            return self._wrong(shape_name, node, at)

    def _wrong(self, shape_name: str, node: Node, at: places.Place) -> None:
        found = "a list" if isinstance(node, Listed) else "names with values" if isinstance(node, Mapped) else ""
        shown = found or _shown(node)
        self.fault(node.line, f"{places.spell(at) or 'the document'} is {_WANTED[type(ALL[shape_name])]}, not {shown}")


def _meant(shape: object, node: Scalar, *, is_lenient: bool) -> Any:
    """What a scalar stands for, where a value of this shape is wanted."""
    if isinstance(shape, String):
        if node.text is not None:
            return node.text
        return _worded(node.value) if is_lenient else node.value
    if is_lenient and isinstance(node.value, str):
        return (
            _LENIENT.get(node.value.lower(), node.value) if isinstance(shape, Boolean) else _number(shape, node.value)
        )
    return node.value


_LENIENT = {"true": True, "false": False}


def _worded(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _number(shape: object, text: str) -> object:
    """The number that a text is, where a number is wanted and it is one; else the text."""
    if not isinstance(shape, Integer | Float | Timestamp):
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _shown(node: Node) -> str:
    """What stands there, by its kind: the value may be secret."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "a number" if isinstance(value, int | float) else "this text"
