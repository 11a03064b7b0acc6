"""JSON text to a tree with lines."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable

from headrace.documents.tree import Listed, Mapped, Node, Scalar, Unreadable

_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
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
    def __init__(self, text: str) -> None:
        self._text = text
        self._has_escapes = "\\u" in text
        self._ends = [found.start() for found in re.finditer(r"\n", text)]

    def whole(self) -> Node:
        node, at = self._value(self._skip(0))
        if self._skip(at) != len(self._text):
            raise json.JSONDecodeError("more follows", self._text, self._skip(at))
        return node

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return at if found is None else found.end()

    def _line(self, at: int) -> int:
        return bisect_right(self._ends, at - 1) + 1

    def _value(self, at: int) -> tuple[Node, int]:
        sign = self._text[at : at + 1]
        if sign == "{":
            return self._object(at)
        if sign == "[":
            return self._list(at)
        if sign == '"':
            text, end = self._string(at)
            return Scalar(text, self._line(at)), end
        return self._word(at)

    def _string(self, at: int) -> tuple[str, int]:
        text, end = _DECODER.raw_decode(self._text, at)
        if self._has_escapes and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise json.JSONDecodeError("half of a surrogate pair, which is no text", self._text, at)
        return str(text), end

    def _word(self, at: int) -> tuple[Node, int]:
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return Scalar(value, self._line(at)), at + len(word)
        found = _NUMBER.match(self._text, at)
        if found is None or len(found[0]) > _MOST_DIGITS:
            raise json.JSONDecodeError("a value is expected", self._text, at)
        is_whole = found[1] is None and found[2] is None
        return Scalar(int(found[0]) if is_whole else float(found[0]), self._line(at)), found.end()

    def _list(self, begin: int) -> tuple[Node, int]:
        parts: list[Node] = []

        def part(at: int) -> int:
            node, end = self._value(at)
            parts.append(node)
            return end

        end = self._enclosed(begin, "]", part)
        return Listed(parts, self._line(begin)), end

    def _object(self, begin: int) -> tuple[Node, int]:
        members: dict[str, Node] = {}
        lines: dict[str, int] = {}

        def part(at: int) -> int:
            name, colon = self._name(at)
            if name in members:
                raise json.JSONDecodeError(f'"{name}" is there a second time; leave one of them', self._text, at)
            lines[name] = self._line(at)
            members[name], end = self._value(self._skip(colon + 1))
            return end

        end = self._enclosed(begin, "}", part)
        return Mapped(members, self._line(begin), lines), end

    def _name(self, at: int) -> tuple[str, int]:
        if self._text[at : at + 1] != '"':
            raise json.JSONDecodeError("a name in double quotes is expected", self._text, at)
        name, end = self._string(at)
        colon = self._skip(end)
        if self._text[colon : colon + 1] != ":":
            raise json.JSONDecodeError("a colon is expected", self._text, colon)
        return name, colon

    def _enclosed(self, begin: int, close: str, part: Callable[[int], int]) -> int:
        """Read parts up to `close`; where what follows it begins."""
        at = self._skip(begin + 1)
        if self._text[at : at + 1] == close:
            return at + 1
        while True:
            at = self._skip(part(at))
            sign = self._text[at : at + 1]
            if sign == close:
                return at + 1
            if sign != ",":
                raise json.JSONDecodeError(f"a comma or {close} is expected", self._text, at)
            at = self._skip(at + 1)
