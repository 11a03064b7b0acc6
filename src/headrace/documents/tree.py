"""Parsed text with the line of every part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from headrace.errors import HeadraceError


class Scalar(NamedTuple):
    """A value that holds no other.

    `text` is what stands in the file where YAML leaves open what it is: 012, 2026-01-01 and true are text for a member
    that is text.
    """

    value: str | int | float | bool | None
    line: int
    text: str | None = None


class Listed(NamedTuple):
    """A list."""

    parts: Sequence[Node]
    line: int


class Mapped(NamedTuple):
    """Named parts, in their order; `lines` are those of the names."""

    members: Mapping[str, Node]
    line: int
    lines: Mapping[str, int] = {}

    def line_of(self, name: str) -> int:
        """The line of a name."""
        return self.lines.get(name, self.line)


Node = Scalar | Listed | Mapped


class Unreadable(HeadraceError):
    """Text that is neither JSON nor YAML; `line` is where reading ended."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


def plain(node: Node) -> Any:
    """The value without lines."""
    if isinstance(node, Mapped):
        return {name: plain(part) for name, part in node.members.items()}
    return [plain(part) for part in node.parts] if isinstance(node, Listed) else node.value


def planted(value: Any, line: int) -> Node:
    """A value as a tree whose parts all stand in one line."""
    if is_map(value):
        return Mapped({str(name): planted(part, line) for name, part in value.items()}, line)
    if is_list(value):
        return Listed([planted(part, line) for part in value], line)
    return Scalar(value, line)


def is_map(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a plain value has names."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a plain value is a list."""
    return isinstance(value, list | tuple)


def member(node: Node | None, name: str) -> Node | None:
    """The part of that name, None where there is none, or it is null."""
    found = node.members.get(name) if isinstance(node, Mapped) else None
    return None if isinstance(found, Scalar) and found.value is None else found


def text_of(node: Node | None) -> str | None:
    """The text that a scalar is, None if it is none."""
    if not isinstance(node, Scalar):
        return None
    return node.value if isinstance(node.value, str) else node.text
