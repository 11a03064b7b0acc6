"""A connector that reads filterExpression: the grammar as it is written in AWS's SDK, record by record."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Value = str | Decimal | bool | date | datetime | None

_TOKEN = re.compile(
    r"\s*(?:(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)|(?P<date>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)"
    r'|(?P<text>"[^"\\]*")|(?P<word>[a-zA-Z][A-Za-z0-9_.-]*)|(?P<sign><=|>=|!=|[<>=(),]))'
)
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def lets_through(expression: str, record: Mapping[str, Value]) -> bool:
    """Whether the connector answers the record. Raises ValueError where the expression is not of the grammar."""
    reading = _Reading(_tokens(expression), record)
    found = reading.any_of()
    if reading.tokens:
        raise ValueError(f"{reading.tokens} is left of {expression}")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"{text[place:]!r} is no token")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


class _Reading:
    def __init__(self, tokens: list[tuple[str, str]], record: Mapping[str, Value]) -> None:
        self.tokens = tokens
        self._record = record

    def any_of(self) -> bool:
        found = [self._all_of()]
        while self._takes("or"):
            found.append(self._all_of())
        return any(found)

    def _all_of(self) -> bool:
        found = [self._one()]
        while self._takes("and"):
            found.append(self._one())
        return all(found)

    def _one(self) -> bool:
        if self._takes("("):
            found = self.any_of()
            if not self._takes(")"):
                raise ValueError("a parenthesis is open")
            return found
        value = self._record.get(self._next("word"))
        _, sign = self.tokens.pop(0)
        wanted = self._literal()
        if sign == "between":
            if not self._takes("and"):
                raise ValueError("between needs and")
            high = self._literal()
            return compares(">=", value, wanted) and compares("<=", value, high)
        if sign == "contains":
            return isinstance(value, str) and str(wanted) in value
        return compares(sign, value, wanted)

    def _literal(self) -> Value:
        kind, text = self.tokens.pop(0)
        match kind:
            case "text":
                return text[1:-1]
            case "number":
                return Decimal(text)
            case "date":
                return date.fromisoformat(text)
            case "datetime":
                return datetime.fromisoformat(text)
            case _:
                return {"true": True, "false": False}[text]

    def _next(self, kind: str) -> str:
        found, text = self.tokens.pop(0)
        if found != kind:
            raise ValueError(f"{text} is no {kind}")
        return text

    def _takes(self, text: str) -> bool:
        is_next = bool(self.tokens) and self.tokens[0][1] == text
        if is_next:
            self.tokens.pop(0)
        return is_next


def compares(sign: str, value: Value, wanted: Value) -> bool:
    if value is None:
        return False
    if isinstance(value, datetime):
        # This one knows milliseconds, and nothing below a day where it is given a day.
        value = value.astimezone(UTC)
        if not isinstance(wanted, datetime):
            return _SIGNS[sign](value.date(), wanted)
        value = value.replace(microsecond=value.microsecond // 1000 * 1000)
    return _SIGNS[sign](value, wanted)
