"""CloudFormation's functions, worked out on a tree."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from headrace.documents.document import Fault, Place
from headrace.documents.stack import Stack
from headrace.documents.tree import Listed, Mapped, Node, Scalar, member, text_of
from headrace.errors import HeadraceError

_NO_VALUE = "AWS::NoValue"
_PLACEHOLDER = re.compile(r"\$\{(!?[^}]*)\}")


class Unresolved(HeadraceError):
    """A function of a template that can't be worked out, with its line."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Functions:
    """The functions of one template; `faults` gathers those that can't be worked out."""

    def __init__(self, stack: Stack, place: Place) -> None:
        self._stack = stack
        self._place = place
        self._named: list[str] = []
        self.faults: list[Fault] = []
        self._functions: Mapping[str, Callable[[Node], Node | None]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Base64": lambda node: Scalar(base64.b64encode(self._text(node).encode()).decode(), node.line),
        }
        self._conditions: Mapping[str, Callable[[Node], bool]] = {
            "Condition": lambda node: self.holds(self._text(node), node.line),
            "Fn::Equals": lambda node: len(set(map(self._text, self._several(node, "Fn::Equals", 2)))) == 1,
            "Fn::And": lambda node: all(map(self._is_true, self._several(node, "Fn::And"))),
            "Fn::Or": lambda node: any(map(self._is_true, self._several(node, "Fn::Or"))),
            "Fn::Not": lambda node: not self._is_true(self._several(node, "Fn::Not", 1)[0]),
        }

    def worked_out(self, node: Node) -> Node | None:
        """The tree without functions; None for AWS::NoValue, and for what can't be worked out, which is a fault."""
        try:
            return self._value(node)
        except Unresolved as error:
            self.faults.append(Fault(self._place._replace(line=error.line), error.message))
            return None

    def holds(self, condition: str, line: int) -> bool:
        """Whether a condition of the template is true. Raises Unresolved."""
        found = self._stack.conditions.get(condition)
        if found is None:
            raise Unresolved(line, f"condition {condition} is not in the template's Conditions")
        with self._once(f"condition {condition}", line):
            return self._is_true(found)

    def _value(self, node: Node) -> Node | None:
        if isinstance(node, Mapped):
            call = _call(node)
            return self._called(*call, node.line) if call and call[0] != "Condition" else self._each(node)
        if isinstance(node, Listed):
            parts = [self.worked_out(part) for part in node.parts]
            return node._replace(parts=[part for part in parts if part is not None])
        return node

    def _each(self, node: Mapped) -> Node:
        found = {name: self.worked_out(part) for name, part in node.members.items()}
        return node._replace(members={name: part for name, part in found.items() if part is not None})

    def _called(self, name: str, argument: Node, line: int) -> Node | None:
        function = self._functions.get(name)
        if function is None:
            known = ", ".join(each.removeprefix("Fn::") for each in self._functions)
            raise Unresolved(line, f"{name} is not worked out here, only {known}; write the value in its place")
        return function(argument)

    def _ref(self, node: Node) -> Node | None:
        name = self._word(node, "Ref")
        return None if name == _NO_VALUE else self._referred(name, node.line)

    def _referred(self, name: str, line: int) -> Node:
        if name in self._stack.parameters:
            found = self._stack.parameter(name)
            if isinstance(found, str):
                raise Unresolved(line, found)
            return found._replace(line=line)
        found = self._stack.pseudo(name) or self._resource(name, line)
        if found is None and name in self._stack.resources:
            kind = self._stack.type_of(name)
            raise Unresolved(line, f"Ref of {name}, a {kind}: give its value with --parameter {name}=VALUE")
        if found is None:
            raise Unresolved(line, f"Ref of {name}, which is neither a parameter nor a resource of the template")
        return Scalar(found, line)

    def _resource(self, name: str, line: int) -> str | None:
        self._check_made(name, line)
        return self._stack.referred(name, self._name_of(name, line))

    def _check_made(self, resource: str, line: int) -> None:
        """Raise Unresolved for a resource that the template leaves out, as AWS refuses what refers to it."""
        condition = text_of(member(self._stack.resources.get(resource), "Condition"))
        if condition is not None and not self.holds(condition, line):
            told = f"{resource} is not made, as its condition {condition} is false; choose with Fn::If what stands here"
            raise Unresolved(line, told)

    def _name_of(self, resource: str, line: int) -> str | None:
        given = self._stack.name_property(resource)
        if given is None:
            return None
        with self._once(f"the name of {resource}", line):
            return self._text(given)

    def _get_att(self, node: Node) -> Node:
        text = ".".join(map(self._text, node.parts)) if isinstance(node, Listed) else self._text(node)
        owner, _, attribute = text.partition(".")
        return self._attribute(owner, attribute, node.line)

    def _attribute(self, owner: str, attribute: str, line: int) -> Node:
        if (echoed := self._stack.echoed(owner, attribute)) is not None:
            return Scalar(self._text(echoed), line)
        self._check_made(owner, line)
        found = self._stack.attribute(owner, attribute, self._name_of(owner, line))
        if found is None:
            advice = f"give its value with --parameter {owner}.{attribute}=VALUE"
            is_there = owner in self._stack.resources
            what = self._stack.type_of(owner) if is_there else "which is no resource of the template"
            raise Unresolved(line, f"GetAtt {attribute} of {owner}, {what}: {advice}")
        return Scalar(found, line)

    def _sub(self, node: Node) -> Node:
        local: Mapping[str, Node] = {}
        template = node
        if isinstance(node, Listed):
            template, names = self._several(node, "Fn::Sub", 2)
            local = names.members if isinstance(names, Mapped) else {}

        def put(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in local:
                return self._text(local[name])
            owner, dot, attribute = name.partition(".")
            is_attribute = dot and name not in self._stack.parameters
            return self._text(
                self._attribute(owner, attribute, node.line) if is_attribute else self._referred(name, node.line)
            )

        return Scalar(_PLACEHOLDER.sub(put, self._text(template)), node.line)

    def _join(self, node: Node) -> Node:
        separator, parts = self._several(node, "Fn::Join", 2)
        return Scalar(self._text(separator).join(map(self._text, self._list(parts, "Fn::Join"))), node.line)

    def _select(self, node: Node) -> Node | None:
        number, parts = self._several(node, "Fn::Select", 2)
        choices = self._list(parts, "Fn::Select")
        index = self._text(number)
        if not index.isdecimal() or int(index) >= len(choices):
            raise Unresolved(node.line, f"Fn::Select: no value {index} among {len(choices)}, counted from 0")
        return self._value(choices[int(index)])

    def _split(self, node: Node) -> Node:
        separator, text = self._several(node, "Fn::Split", 2)
        if not (mark := self._text(separator)):
            raise Unresolved(node.line, "Fn::Split takes a separator that is not empty")
        return Listed([Scalar(part, node.line) for part in self._text(text).split(mark)], node.line)

    def _find_in_map(self, node: Node) -> Node:
        parts = self._several(node, "Fn::FindInMap")
        names = [self._text(part) for part in parts[:3]]
        found: Node | None = self._stack.mappings.get(names[0])
        for name in names[1:]:
            found = member(found, name)
        if found is None or len(names) != 3:
            raise Unresolved(node.line, f"Fn::FindInMap finds no {'.'.join(names)} in the template's Mappings")
        return found

    def _if(self, node: Node) -> Node | None:
        condition, yes, no = self._several(node, "Fn::If", 3)
        return self._value(yes if self.holds(self._word(condition, "Fn::If"), node.line) else no)

    def _import_value(self, node: Node) -> Node:
        name = self._text(node)
        if name not in self._stack.values:
            told = f"Fn::ImportValue of {name}, of another stack: give its value with --parameter {name}=VALUE"
            raise Unresolved(node.line, told)
        return Scalar(self._stack.values[name], node.line)

    def _is_true(self, node: Node) -> bool:
        call = _call(node)
        function = self._conditions.get(call[0]) if call else None
        if call is None or function is None:
            told = f"a condition is one of {', '.join(self._conditions)}"
            raise Unresolved(node.line, told)
        return function(call[1])

    def _several(self, node: Node, function: str, count: int | None = None) -> Sequence[Node]:
        if not isinstance(node, Listed) or (count is not None and len(node.parts) != count):
            raise Unresolved(node.line, f"{function} takes a list{'' if count is None else f' of {count}'}")
        return node.parts

    def _list(self, node: Node, function: str) -> Sequence[Node]:
        found = self._value(node)
        if not isinstance(found, Listed):
            raise Unresolved(node.line, f"{function} takes a list of values")
        return found.parts

    def _text(self, node: Node) -> str:
        found = self._value(node)
        if isinstance(found, Scalar) and found.value is not None:
            return found.text if found.text is not None else _worded(found.value)
        raise Unresolved(node.line, "a text is expected here")

    def _word(self, node: Node, function: str) -> str:
        found = text_of(node)
        if found is None:
            raise Unresolved(node.line, f"{function} takes a name")
        return found

    @contextmanager
    def _once(self, what: str, line: int) -> Generator[None]:
        """Guard against a name or condition that is made of itself."""
        if what in self._named:
            raise Unresolved(line, f"{what} refers to itself")
        self._named.append(what)
        try:
            yield
        finally:
            self._named.pop()


def _call(node: Node) -> tuple[str, Node] | None:
    """Function and argument, if that is what the part is."""
    if not isinstance(node, Mapped) or len(node.members) != 1:
        return None
    ((name, argument),) = node.members.items()
    return (name, argument) if name in {"Ref", "Condition"} or name.startswith("Fn::") else None


def _worded(value: object) -> str:
    return "true" if value is True else "false" if value is False else str(value)
