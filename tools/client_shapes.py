"""The API's model as the client's generator needs it: names in Python, kinds and annotations."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_SCALARS = {"boolean": "b", "integer": "i", "long": "l", "double": "f", "timestamp": "t", "string": "s"}
_TYPES = {"b": "bool", "i": "int", "l": "int", "f": "float", "t": "datetime", "s": "str"}
_LOCATIONS = {"uri": "p", "querystring": "q"}
# Words that the rule for capital letters takes apart.
_WORDS = {"OAuth": "Oauth", "SAPOData": "SapOdata", "oAuth": "oauth", "SSO": "Sso", "URL": "Url"}
# What every structure has beside its members.
_TAKEN = frozenset({"from_document", "of", "read", "replace", "request_id", "taken_from", "to_document"})


class Field(NamedTuple):
    """One member of a structure, as the generated modules spell it."""

    name: str
    wire: str
    kind: str
    flags: str
    given: str
    held: str

    @property
    def is_required(self) -> bool:
        return "r" in self.flags

    @property
    def row(self) -> str:
        """The member in a class's table."""
        cells = (self.name, self.wire, self.kind, *([self.flags] if self.flags else []))
        return f"({', '.join(map(quoted, cells))})"


class Shapes:
    """The shapes by name; `beyond` are values that headrace accepts beside an enumeration's own."""

    def __init__(self, model: Mapping[str, Any], beyond: Mapping[str, Sequence[str]], secret: frozenset[str]) -> None:
        self.operations: Mapping[str, Any] = model["operations"]
        self._shapes: Mapping[str, Any] = model["shapes"]
        self._beyond = beyond
        self._secret = secret

    def fields(self, name: str) -> list[Field]:
        """The members of a structure, in the model's order."""
        shape = self._shapes[name]
        required = shape.get("required", ())
        return [
            self._field(wire, about, is_required=wire in required) for wire, about in shape.get("members", {}).items()
        ]

    def values(self, name: str) -> list[tuple[str, str]]:
        """The values of an enumeration, each with its name in Python before it."""
        values = [*self._shapes[name]["enum"], *self._beyond.get(name, ())]
        return [(snake(value).upper(), value) for value in values]

    def is_one_of(self, name: str) -> bool:
        """Whether the structure has a member for each connector, of which one is set."""
        fields = self.fields(name)
        return len(fields) > 2 and all(field.wire[0].isupper() or field.wire == "CustomConnector" for field in fields)

    def within(self, roots: Iterator[str]) -> tuple[list[str], list[str]]:
        """The structures that the roots hold, without themselves, and the enumerations; sorted."""
        found: set[str] = set()
        for root in roots:
            for field in self._shapes[root].get("members", {}).values():
                self._visit(field["shape"], found)
        structures = sorted(name for name in found if self._shapes[name]["type"] == "structure")
        return structures, sorted(name for name in found if "enum" in self._shapes[name])

    def _visit(self, name: str, found: set[str]) -> None:
        if name in found:
            return
        found.add(name)
        shape = self._shapes[name]
        members = [member["shape"] for member in shape.get("members", {}).values()]
        for part in (*members, *(shape[role]["shape"] for role in ("member", "key", "value") if role in shape)):
            self._visit(part, found)

    def _field(self, wire: str, about: Mapping[str, Any], *, is_required: bool) -> Field:
        name = snake(wire)
        if name in _TAKEN:
            raise ValueError(f"{wire} would hide what every structure has: give it another name in Python")
        shape = about["shape"]
        is_secret = self._shapes[shape].get("sensitive") or shape in self._secret
        place = _LOCATIONS.get(about.get("location", ""), "")
        flags = ("r" if is_required else "") + ("x" if is_secret else "") + place
        return Field(name, wire, self._kind(shape), flags, self.given(shape), self.held(shape))

    def _kind(self, name: str) -> str:
        shape = self._shapes[name]
        if shape["type"] == "list":
            return f"[{self._kind(shape['member']['shape'])}"
        if shape["type"] == "map":
            key = shape["key"]["shape"]
            return f"{{{key if 'enum' in self._shapes[key] else ''}:{self._kind(shape['value']['shape'])}"
        if shape["type"] == "structure":
            return f"={name}"
        return f"@{name}" if "enum" in shape else _SCALARS[shape["type"]]

    def given(self, name: str) -> str:
        """The annotation of what a caller may give."""
        shape = self._shapes[name]
        if shape["type"] == "list":
            return f"Sequence[{self.given(shape['member']['shape'])}]"
        if shape["type"] == "map":
            return f"Mapping[{self.given(shape['key']['shape'])}, {self.given(shape['value']['shape'])}]"
        if shape["type"] == "structure":
            return f"structures.{name} | wire.{name}"
        return f"enums.{name} | wire.{name}" if "enum" in shape else _TYPES[_SCALARS[shape["type"]]]

    def held(self, name: str) -> str:
        """The annotation of what is there to be read."""
        shape = self._shapes[name]
        if shape["type"] == "list":
            return f"tuple[{self.held(shape['member']['shape'])}, ...]"
        if shape["type"] == "map":
            return f"Mapping[str, {self.held(shape['value']['shape'])}]"
        if shape["type"] == "structure":
            return f"structures.{name}"
        return f"enums.{name}" if "enum" in shape else _TYPES[_SCALARS[shape["type"]]]


def snake(name: str) -> str:
    """A name in Python's spelling: flowName as flow_name, isOAuth2Supported as is_oauth2_supported."""
    for word, spelt in _WORDS.items():
        name = name.replace(word, spelt)
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{parted}_" if keyword.iskeyword(parted) else parted


def quoted(value: str) -> str:
    """A string as a Python literal in double quotes."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
