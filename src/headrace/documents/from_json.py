"""JSON text to a tree with lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from headrace.documents.tree import Listed, Mapped, Node, Scalar, Unreadable

# One token after blanks: a sign, text without escapes, a word or number; or where other text begins.
_TOKEN = re.compile(
    r'[ \t\n\r]*(?:([{}\[\],:])|"([^"\\\x00-\x1f]*)"|(true|false|null)|(-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)|(?="))'
)
_WORDS = {"true": True, "false": False, "null": None}
# A longer number is beyond what any member holds, and Python refuses to read it.
_MOST_DIGITS = 400
_DECODER = json.JSONDecoder()


def from_json(text: str) -> Node:
    """The tree. Raises Unreadable with the line: for what is no JSON, for a name that stands twice in one object."""
    try:
        return _Reader(text).whole()
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not valid JSON: {error.msg}, column {error.colno}", error.lineno) from None
    except RecursionError:
        raise Unreadable("is nested too deeply") from None


class _Reader:
    """Reads token by token; `_at` is where the last one ended, `_line` its line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._has_escapes = "\\u" in text
        self._at = 0
        self._line = 1
        self._sign: str | None = None
        self._value: str | int | float | bool | None = None

    def whole(self) -> Node:
        self._next()
        node = self._node()
        if self._text[self._at :].strip(" \t\n\r"):
            raise self._fault("more follows", self._at)
        return node

    def _next(self, wanted: str = "a value") -> None:
        """Go on to the next token: a sign, else a value."""
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._fault(f"{wanted} is expected", self._at)
        which = found.lastindex
        begin = found.start(which) if which else found.end()
        if begin - self._at > 0:
            self._line += self._text.count("\n", self._at, begin)
        self._at, self._sign = found.end(), found[1]
        if which == 2:
            self._value = found[2]
        elif which is None:
            self._escaped()
        elif which != 1:
            self._value = _WORDS[found[3]] if found[3] else self._number(found)

    def _escaped(self) -> None:
        begin = self._at
        self._value, self._at = _DECODER.raw_decode(self._text, begin)
        if self._has_escapes and any("\ud800" <= sign <= "\udfff" for sign in str(self._value)):
            raise self._fault("half of a surrogate pair, which is no text", begin)

    def _number(self, found: re.Match[str]) -> int | float:
        if len(found[4]) > _MOST_DIGITS:
            raise self._fault("a value is expected", found.start(4))
        return int(found[4]) if found[5] is None and found[6] is None else float(found[4])

    def _node(self) -> Node:
        """What begins with the current token."""
        if self._sign is None:
            return Scalar(self._value, self._line)
        if self._sign == "{":
            return self._object()
        if self._sign == "[":
            return self._list()
        raise self._fault("a value is expected", self._at - 1)

    def _list(self) -> Node:
        line = self._line
        parts: list[Node] = []
        self._next()
        while self._sign != "]" or parts:
            parts.append(self._node())
            if self._ends("]"):
                break
        return Listed(parts, line)

    def _object(self) -> Node:
        line = self._line
        members: dict[str, Node] = {}
        lines: dict[str, int] = {}
        self._next()
        while self._sign != "}" or members:
            name = self._name(members)
            lines[name] = self._line
            self._next("a colon")
            if self._sign != ":":
                raise self._fault("a colon is expected", self._at - 1)
            self._next()
            members[name] = self._node()
            if self._ends("}"):
                break
        return Mapped(members, line, lines)

    def _name(self, taken: Mapping[str, Node]) -> str:
        name = self._value
        if self._sign is not None or not isinstance(name, str):
            raise self._fault("a name in double quotes is expected", self._at - 1)
        if name in taken:
            raise self._fault(f'"{name}" is there a second time; leave one of them', self._at - 1)
        return name

    def _ends(self, close: str) -> bool:
        """Whether that was the last part; else the next one has begun."""
        self._next(f"a comma or {close}")
        if self._sign == close:
            return True
        if self._sign != ",":
            raise self._fault(f"a comma or {close} is expected", self._at - 1)
        self._next()
        return False

    def _fault(self, told: str, at: int) -> json.JSONDecodeError:
        """A fault where the first sign after blanks stands."""
        rest = self._text[at:]
        return json.JSONDecodeError(told, self._text, at + len(rest) - len(rest.lstrip(" \t\n\r")))
