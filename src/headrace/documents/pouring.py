"""A request as a format has it, and every member that the format has no place for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from headrace.documents.document import Document, Fault
from headrace.documents.filling import Format
from headrace.model.api import OPERATIONS
from headrace.model.beyond import ALL
from headrace.model.shapes import ListShape, MapShape, Member, Structure

# A connector that has no properties has an empty structure here, which a format may leave out.
_EMPTY_MEANS_NOTHING = "ConnectorProfileProperties"


class Written(Format, Protocol):
    """A format that is written too."""

    def lacks(self, structure: str, member: Member, value: Any) -> bool:
        """Whether there is no place for the member, or none that can hold this value."""
        ...

    def written(self, shape: str, value: Any) -> Any:
        """A part whose own parts are written, as the format has it."""
        ...


class Pouring:
    """One document in a format; gathers faults."""

    def __init__(self, form: Written, document: Document) -> None:
        self._format = form
        self._document = document
        self.faults: list[Fault] = []

    def request(self) -> Any:
        """The whole request."""
        return self._value(OPERATIONS[self._document.kind.operation].input, self._document.request, "")

    def _value(self, shape_name: str, value: Any, path: str) -> Any:
        shape = ALL[shape_name]
        if isinstance(shape, Structure):
            return self._format.written(shape_name, dict(self._members(shape_name, shape, value, path)))
        if isinstance(shape, ListShape):
            parts = [self._value(shape.member, part, f"{path}.{n}.member") for n, part in enumerate(value, 1)]
            return self._format.written(shape_name, parts)
        if isinstance(shape, MapShape):
            parts = {name: self._value(shape.value, part, f"{path}.{name}") for name, part in value.items()}
            return self._format.written(shape_name, parts)
        return self._format.written(shape_name, value)

    def _members(self, name: str, shape: Structure, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        members = {member.name: member for member in shape.members}
        for key, part in value.items():
            member, here = members[key], f"{path}.{key}".lstrip(".")
            if not self._format.lacks(name, member, part):
                yield self._format.key_of(name, member), self._value(member.shape, part, here)
            elif part != {} or name != _EMPTY_MEANS_NOTHING:
                self._lack(here)

    def _lack(self, path: str) -> None:
        told = f"{self._format.name} has no place for {path}; write json or yaml"
        self.faults.append(Fault(self._document.at(path), f"{self._document.kind} {self._document.name}: {told}"))
