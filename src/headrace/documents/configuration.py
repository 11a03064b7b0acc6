"""What Terraform's configuration knows and its plan does not: the order of tasks, and what is left unset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from headrace.documents.tree import Listed, Mapped, Node, member, plain, text_of

_INDEX = re.compile(r"\[[^\]]*\]")


def expressions_of(address: str, root: Node) -> Node | None:
    """What the configuration says for the resource with this address, None where it has none such."""
    *modules, kind, name = _INDEX.sub("", address).split(".")
    module = member(member(root, "configuration"), "root_module")
    for call in modules[1::2]:
        module = member(member(member(module, "module_calls"), call), "module")
    resources = member(module, "resources")
    parts: Sequence[Node] = resources.parts if isinstance(resources, Listed) else ()
    found = next((part for part in parts if text_of(member(part, "address")) == f"{kind}.{name}"), None)
    return member(found, "expressions")


def is_made_of_others(path: Sequence[str], written: Node | None) -> bool:
    """Whether the configuration gives what stands at the path by a reference: else it is left to the provider."""
    if not path:
        return _has_references(written)
    name, *rest = path
    if not isinstance(written, Listed):
        return is_made_of_others(rest, member(written, name))
    # Tasks are a set, whose numbers say nothing, and other blocks are few.
    return any(is_made_of_others(rest, part) for part in written.parts)


def in_written_order(values: Mapped, expressions: Node | None) -> Mapped:
    """A flow's values with its tasks as the configuration has them.

    As they are, where that can't be told: tasks of a dynamic block, or made of what the configuration computes.
    """
    tasks = values.members.get("task")
    written = member(expressions, "task")
    if not isinstance(tasks, Listed) or not isinstance(written, Listed) or len(tasks.parts) != len(written.parts):
        return values
    left = list(tasks.parts)
    found: list[Node] = []
    for task in written.parts:
        match = next((part for part in left if _is_made_of(part, task)), None)
        if match is None:
            return values
        # By identity: two equal tasks are two.
        left = [part for part in left if part is not match]
        found.append(match)
    return values._replace(members={**values.members, "task": tasks._replace(parts=found)})


def _has_references(node: Node | None) -> bool:
    if isinstance(node, Listed):
        return any(map(_has_references, node.parts))
    if not isinstance(node, Mapped):
        return False
    return "references" in node.members or any(map(_has_references, node.members.values()))


def _is_made_of(task: Node, written: Node) -> bool:
    """Whether every constant of the configuration's task is in the planned one."""
    return all(_fits(member(task, name), part) for name, part in _members(written).items())


def _fits(value: Node | None, written: Node) -> bool:
    if isinstance(written, Listed):
        parts = value.parts if isinstance(value, Listed) else ()
        return len(parts) == len(written.parts) and all(map(_is_made_of, parts, written.parts))
    constant = member(written, "constant_value")
    # The plan has nothing, or something empty, for what is empty.
    return constant is None or (plain(constant) or None) == (None if value is None else plain(value) or None)


def _members(node: Node) -> Mapping[str, Node]:
    return node.members if isinstance(node, Mapped) else {}
