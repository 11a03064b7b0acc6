"""The fluent spelling of a call: members one by one, then `send`."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Self, TypeVar

from headrace.client.errors import InvalidInput
from headrace.client.kinds import Faults, kind_of
from headrace.client.structure import Input

I = TypeVar("I", bound=Input[Any])  # noqa: E741 (I for input, as O for output)


class Setters(Generic[I]):
    """Members that are set one by one: a builder changes, and answers itself; it is for one thread."""

    _input_: ClassVar[type[Input[Any]]]

    def __init__(self, client: Any) -> None:
        self._client = client
        self._members: dict[str, Any] = {}

    def as_input(self) -> I:
        """The frozen input of what was set so far. Raises InvalidInput where a required member is missing."""
        found: Any = self._input_(**self._members)
        return found

    def __repr__(self) -> str:
        shown = ", ".join(sorted(self._members))
        return f"{type(self).__name__}({shown})"

    def _set(self, name: str, value: Any, *, is_optional: bool = False) -> Self:
        if value is None and is_optional:
            self._members.pop(name, None)
            return self
        kind = next(member.kind for member in self._input_._members_ if member.name == name)
        faults: Faults = []
        taken = kind_of(kind).take(value, f"{self._input_.__name__}.{name}", faults)
        if faults:
            raise InvalidInput("; ".join(faults))
        self._members[name] = taken
        return self

    def _get(self, name: str) -> Any:
        return self._members.get(name)
