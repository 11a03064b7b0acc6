"""YAML text to trees with lines; what a plain word is, the model decides later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from headrace.documents.tree import Listed, Mapped, Node, Scalar, Unreadable
from headrace.later import Later

if TYPE_CHECKING:
    import yaml
else:
    yaml = Later("yaml")

# A file of aliases of aliases can stand for more than fits any memory.
MOST_PARTS = 500_000

_STANDARD = "tag:yaml.org,2002:"
_PLAIN = frozenset({"!", *(f"{_STANDARD}{kind}" for kind in ("str", "seq", "map"))})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# YAML 1.2: on, off, yes and no are words, as are dates and 0o17.
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MOST_DIGITS = 400


def from_yaml(text: str) -> tuple[Node, ...]:
    """The trees of the text's documents. Raises Unreadable with the line.

    Short forms of CloudFormation become long ones: `!Ref x` is `{Ref: x}`, `!GetAtt a.b` is `{Fn::GetAtt: [a, b]}`.
    """
    try:
        reader = _Reader()
        return tuple(reader.node(root) for root in _roots(text))
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise Unreadable(f"is not valid YAML: {error.problem or error.context}", line) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"is not valid YAML: {error}") from None
    except RecursionError:
        raise Unreadable("is nested too deeply, or an alias stands within what it is an alias of") from None


def _roots(text: str) -> Iterator[yaml.Node]:
    """What YAML's own reader makes of the text; the fast one, where PyYAML was built with it."""
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


class _Reader:
    def __init__(self) -> None:
        self._parts = 0

    def node(self, node: yaml.Node) -> Node:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Unreadable(f"has more than {MOST_PARTS:,} parts once its aliases are followed", _line(node))
        tag = node.tag
        if tag.startswith("!") and tag != "!":
            return self._long_form(tag[1:], node)
        _refuse_tag(node)
        return self._standard(node)

    def _standard(self, node: yaml.Node) -> Node:
        line = _line(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapped(node, line)
        if isinstance(node, yaml.SequenceNode):
            return Listed([self.node(part) for part in node.value], line)
        style = node.style if isinstance(node, yaml.ScalarNode) else None
        return _scalar(str(node.value), line, is_plain=not style)

    def _mapped(self, node: yaml.MappingNode, line: int) -> Node:
        members: dict[str, Node] = {}
        lines: dict[str, int] = {}
        merged: dict[str, Node] = {}
        for name_node, value_node in node.value:
            name, at = _name(name_node), _line(name_node)
            if name == "<<" and not name_node.style:
                merged.update({**dict(self._merged(value_node)), **merged})
                continue
            if name in members:
                raise Unreadable(f"{name} is there a second time; leave one of them", at)
            members[name], lines[name] = self.node(value_node), at
        return Mapped({**members, **{name: part for name, part in merged.items() if name not in members}}, line, lines)

    def _merged(self, node: yaml.Node) -> Iterator[tuple[str, Node]]:
        """What `<<` brings in; of a list, the first that has a name counts."""
        found = self.node(node)
        sources = list(found.parts) if isinstance(found, Listed) else [found]
        for source in reversed(sources):
            if not isinstance(source, Mapped):
                raise Unreadable("<< takes a mapping, or a list of them", _line(node))
            yield from source.members.items()

    def _long_form(self, tag: str, node: yaml.Node) -> Node:
        """What the short form of a function stands for."""
        line = _line(node)
        name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
        found = self._standard(node)
        if tag == "GetAtt" and isinstance(found, Scalar) and found.text:
            owner, _, attribute = found.text.partition(".")
            found = Listed([Scalar(owner, line), Scalar(attribute, line)], line)
        elif isinstance(found, Scalar) and found.text is not None:
            found = Scalar(found.text, line)
        return Mapped({name: found}, line, {name: line})


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _refuse_tag(node: yaml.Node) -> None:
    """What !!binary and its like stand for is another value than what is written, which must not be taken for it."""
    if node.tag not in _PLAIN:
        shown = node.tag.replace(_STANDARD, "!!")
        raise Unreadable(f"the tag {shown} is not worked out here; write the value itself, text in quotes", _line(node))


def _name(node: yaml.Node) -> str:
    _refuse_tag(node)
    if not isinstance(node, yaml.ScalarNode):
        raise Unreadable("the name of a member is one word or text in quotes", _line(node))
    return str(node.value)


def _scalar(text: str, line: int, *, is_plain: bool) -> Scalar:
    return Scalar(meaning(text), line, text) if is_plain else Scalar(text, line)


def meaning(text: str) -> str | int | float | bool | None:
    """What a plain word is in YAML 1.2, where nothing says that text is wanted."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MOST_DIGITS and _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if len(text) <= _MOST_DIGITS and _FLOAT.fullmatch(text) else text
