"""What `terraform show -json` prints of a plan or a state, and .tf.json files, to documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from headrace.documents.configuration import expressions_of, in_written_order, is_made_of_others
from headrace.documents.document import BadDocument, Document, Fault, Place
from headrace.documents.filling import Filling
from headrace.documents.native import finished
from headrace.documents.terraform import KINDS, Origin, Terraform
from headrace.documents.tree import Listed, Mapped, Node, Scalar, member, text_of
from headrace.model.api import OPERATIONS

_VARIABLE = re.compile(r"(\$\$\{|%%\{)|\$\{\s*var\.([\w-]+)\s*\}|(\$\{|%\{)")
_UNKNOWN = "is known only after apply; apply, then give what `terraform show -json` prints of the state"
_STATE_FILE = "this is Terraform's own state; give what `terraform show -json` prints"
_EXPRESSION = "of expressions only ${var.NAME} is worked out here; give what `terraform show -json PLAN` prints"


class _Resource(NamedTuple):
    """A resource's address, type and values; `unknown` is true where a value is not known yet."""

    address: str
    type: str
    values: Mapped
    origin: Origin
    unknown: Node | None = None


def is_terraform(node: Node) -> bool:
    """Whether the tree is of Terraform: a plan, a state or a .tf.json file."""
    return (
        member(node, "planned_values") is not None
        or member(node, "terraform_version") is not None
        or (isinstance(node, Mapped) and set(node.members) == {"format_version"})
        or any(member(block, kind) is not None for block in _blocks(member(node, "resource")) for kind in KINDS)
    )


def read_terraform(file: str, node: Node, values: Mapping[str, str]) -> tuple[Document, ...]:
    """The documents in the order of Terraform's resources. Raises BadDocument with every fault."""
    if member(node, "lineage") is not None:
        raise BadDocument([Fault(Place(file, node.line), _STATE_FILE)])
    found: list[Document] = []
    faults: list[Fault] = []
    for resource in _resources(node):
        try:
            found.append(_document(file, _Variables(node, values), resource, node))
        except BadDocument as error:
            faults.extend(error.found)
    if faults:
        raise BadDocument(faults)
    return tuple(found)


def _document(file: str, variables: _Variables, resource: _Resource, root: Node) -> Document:
    kind = KINDS[resource.type]
    place = Place(file, resource.values.line, resource.address)
    values = resource.values
    expressions = expressions_of(resource.address, root)
    faults = [
        Fault(place, f"{path} {_UNKNOWN}")
        for path in _unknown(resource.unknown, "")
        if is_made_of_others(path.split("."), expressions)
    ]
    if resource.origin == "plan":
        values = in_written_order(values, expressions)
    if resource.origin == "file":
        values = variables.put(values, place)
        faults.extend(variables.faults)
    if faults:
        raise BadDocument(faults)
    filling = Filling(Terraform(resource.origin), place)
    request: dict[str, Any] | None = filling.value(OPERATIONS[kind.operation].input, _with_all_tags(values))
    if request is not None and resource.origin != "file":
        # Unset and empty are one to the provider, and the API wants them.
        request = {name: _with_fields(part) if name == "tasks" else part for name, part in request.items()}
    return finished(kind, filling, request, place, text_of(member(values, "flow_status")))


def _with_fields(tasks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [task if "sourceFields" in task else {**task, "sourceFields": []} for task in tasks]


def _with_all_tags(values: Node) -> Node:
    """The tags that the provider sends, with its default ones."""
    every = member(values, "tags_all")
    if not isinstance(values, Mapped) or not isinstance(every, Mapped) or not every.members:
        return values
    return values._replace(members={**values.members, "tags": every})


def _resources(root: Node) -> Iterator[_Resource]:
    planned = member(root, "planned_values")
    unknown = dict(_unknown_by_address(member(root, "resource_changes")))
    origin: Origin = "state" if planned is None else "plan"
    for each in _of_module(member(planned or member(root, "values"), "root_module")):
        address, kind, values = text_of(member(each, "address")), text_of(member(each, "type")), member(each, "values")
        is_managed = text_of(member(each, "mode")) == "managed"
        if is_managed and kind is not None and kind in KINDS and address is not None and isinstance(values, Mapped):
            yield _Resource(address, kind, values, origin, unknown.get(address))
    yield from _of_file(member(root, "resource"))


def _of_module(module: Node | None) -> Iterator[Node]:
    """The resources of a module and of those within it."""
    yield from _parts(member(module, "resources"))
    for child in _parts(member(module, "child_modules")):
        yield from _of_module(child)


def _of_file(node: Node | None) -> Iterator[_Resource]:
    for block in _blocks(node):
        for kind in KINDS:
            for labels in _blocks(member(block, kind)):
                for label, bodies in labels.members.items():
                    for body in _blocks(bodies):
                        yield _Resource(f"{kind}.{label}", kind, body, "file")


def _blocks(node: Node | None) -> Iterator[Mapped]:
    """Blocks of a .tf.json file: an object, or a list of them."""
    yield from (part for part in (_parts(node) if isinstance(node, Listed) else (node,)) if isinstance(part, Mapped))


def _parts(node: Node | None) -> tuple[Node, ...]:
    return tuple(node.parts) if isinstance(node, Listed) else ()


def _unknown_by_address(changes: Node | None) -> Iterator[tuple[str, Node]]:
    for change in _parts(changes):
        address, unknown = text_of(member(change, "address")), member(member(change, "change"), "after_unknown")
        if address is not None and unknown is not None:
            yield address, unknown


def _unknown(node: Node | None, path: str) -> Iterator[str]:
    """The paths at which a tree is true."""
    if isinstance(node, Mapped):
        for name, part in node.members.items():
            yield from _unknown(part, f"{path}.{name}".lstrip("."))
    elif isinstance(node, Listed):
        for number, part in enumerate(node.parts):
            yield from _unknown(part, f"{path}.{number}")
    elif isinstance(node, Scalar) and node.value is True:
        yield path


class _Variables:
    """The variables of a .tf.json file, put in their places; `faults` has what can't be."""

    def __init__(self, root: Node, values: Mapping[str, str]) -> None:
        self._declared = {
            name: body
            for block in _blocks(member(root, "variable"))
            for name, bodies in block.members.items()
            for body in _blocks(bodies)
        }
        self._values = values
        self.faults: list[Fault] = []
        # As in a template, what is given may be for a part that no flow needs.
        _ = [name in values for name in self._declared]

    def put(self, node: Mapped, place: Place) -> Mapped:
        """The block without references to variables."""
        found = self._node(node, place)
        return found if isinstance(found, Mapped) else node

    def _node(self, node: Node, place: Place) -> Node:
        if isinstance(node, Mapped):
            members = {self._text(name, node.line_of(name), place): part for name, part in node.members.items()}
            return node._replace(members={name: self._node(part, place) for name, part in members.items()})
        if isinstance(node, Listed):
            return node._replace(parts=[self._node(part, place) for part in node.parts])
        if not isinstance(node.value, str):
            return node
        whole = _VARIABLE.fullmatch(node.value)
        default = member(self._declared.get(whole[2]), "default") if whole and whole[2] else None
        if whole and whole[2] not in self._values and default is not None:
            return default
        return node._replace(value=self._text(node.value, node.line, place))

    def _text(self, text: str, line: int, place: Place) -> str:
        return _VARIABLE.sub(self._put(line, place), text)

    def _put(self, line: int, place: Place) -> Callable[[re.Match[str]], str]:
        def put(found: re.Match[str]) -> str:
            if found[1]:
                return found[1][1:]
            value = None if found[3] else self._value(found[2])
            if value is None:
                told = (
                    _EXPRESSION
                    if found[3]
                    else f"variable {found[2]} has no value; give it with --parameter {found[2]}=VALUE"
                )
                self.faults.append(Fault(place._replace(line=line), told))
            return value or ""

        return put

    def _value(self, name: str) -> str | None:
        """What is given, else the default; of a sensitive variable without either, the reference to it."""
        declared = self._declared.get(name)
        sensitive, default = member(declared, "sensitive"), member(declared, "default")
        if name in self._values or default is not None:
            return self._values.get(name, text_of(default))
        is_sensitive = isinstance(sensitive, Scalar) and sensitive.value is True
        return f"${{{name}}}" if is_sensitive else None
