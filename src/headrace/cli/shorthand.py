"""The AWS CLI's shorthand for structures, maps and lists: `a=1,b=[x,y],c={d=2}`."""

from __future__ import annotations

import re
from typing import Any

from headrace.model.api import SHAPES
from headrace.model.shapes import Boolean, Float, Integer, ListShape, MapShape, Structure

_KEY = re.compile(r"\s*([\w\-.#/\\:]+)\s*=\s*")
_PLAIN_ENDS = {"": ",", "}": ",}", "]": ",]"}


def read_shorthand(text: str, shape_name: str) -> Any:
    """The value of a structure or map. Raises ValueError, which says where the text stops making sense."""
    reader = _Reader(text)
    found = reader.members(shape_name, "")
    reader.expect_end()
    return found


class _Reader:
    """Reads on from a place in a text; the shapes say what a value is to be."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def members(self, shape_name: str, end: str) -> dict[str, Any]:
        """`key=value,key=value`, up to the sign `end`, which is not taken."""
        found: dict[str, Any] = {}
        while not (end and self._next() == end):
            key = _KEY.match(self._text, self._at)
            if key is None:
                raise self._fault("a key and an equals sign")
            self._at = key.end()
            name = key[1]
            found[name] = self._value(_shape_of(shape_name, name), end)
            if not self._take(","):
                break
        return found

    def expect_end(self) -> None:
        if self._at != len(self._text):
            raise self._fault("a comma or the end")

    def _value(self, shape_name: str | None, end: str) -> Any:
        shape = SHAPES[shape_name] if shape_name else None
        if isinstance(shape, ListShape):
            return self._bracketed(shape.member) if self._take("[") else self._commas(shape.member, end)
        if self._take("{"):
            found = self.members(shape_name or "", "}")
            self._close("}")
            return found
        if shape_name is None and self._take("["):
            return self._bracketed(None)
        return _scalar(self._text_value(end), shape)

    def _bracketed(self, member: str | None) -> list[Any]:
        found: list[Any] = []
        while self._next() != "]":
            found.append(self._value(member, "]"))
            if not self._take(","):
                break
        self._close("]")
        return found

    def _commas(self, member: str, end: str) -> list[Any]:
        """Values up to the next key."""
        found = [self._value(member, end)]
        while self._next() == "," and _KEY.match(self._text, self._at + 1) is None and self._at + 1 < len(self._text):
            self._at += 1
            found.append(self._value(member, end))
        return found

    def _text_value(self, end: str) -> str:
        quote = self._next()
        if quote in {"'", '"'}:
            self._at += 1
            text = self._until(quote)
            self._close(quote)
            self._skip_blanks()
            return text
        return self._until(_PLAIN_ENDS[end]).rstrip()

    def _until(self, ends: str) -> str:
        """What comes before one of the signs; a backslash takes a sign, or itself, for what it is."""
        signs: list[str] = []
        while (sign := self._next()) and sign not in ends:
            following = self._text[self._at + 1 : self._at + 2]
            if sign == "\\" and following and (following in ends or following == "\\"):
                sign = following
                self._at += 1
            signs.append(sign)
            self._at += 1
        return "".join(signs)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_blanks(self) -> None:
        while self._next().isspace():
            self._at += 1

    def _take(self, sign: str) -> bool:
        if self._next() != sign:
            return False
        self._at += 1
        self._skip_blanks()
        return True

    def _close(self, sign: str) -> None:
        if not self._take(sign):
            raise self._fault(f"the sign {sign}")

    def _fault(self, wanted: str) -> ValueError:
        """Where, not what: a member may be a secret."""
        return ValueError(f"makes no sense at its character {self._at + 1}: {wanted} belongs there; or write JSON")


def _shape_of(shape_name: str, member: str) -> str | None:
    """The shape of a member; None where there is none of this name, which is told when the whole is looked at."""
    shape = SHAPES.get(shape_name)
    if isinstance(shape, MapShape):
        return shape.value
    members = shape.members if isinstance(shape, Structure) else ()
    return next((each.shape for each in members if each.name == member), None)


def _scalar(text: str, shape: object) -> Any:
    kinds: tuple[tuple[type, Any], ...] = ((Integer, int), (Float, float))
    for kind, read in kinds:
        if isinstance(shape, kind):
            try:
                return read(text)
            except ValueError:
                raise ValueError(f"{text!r} is no number") from None
    return text.lower() == "true" if isinstance(shape, Boolean) and text.lower() in {"true", "false"} else text
