"""How the value of a member is taken from a caller, read from an answer, and written to a request.

A kind is a word of the generated modules: `s` text, `i` and `l` whole numbers of 32 and 64 bits, `b` true or false,
`f` a number, `t` an instant, `[k` a list, `{k` and `{Enum:k` maps, `@Name` an enumeration, `=Name` a structure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from headrace.client.choice import Choice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"

# What is wrong with a value, each with its place.
Faults = list[str]


class Kind(Protocol):
    """One kind of value."""

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        """What a caller gave, frozen; what is wrong with it goes to the faults."""
        ...

    def read(self, value: Any) -> Any:
        """What an answer has, as it comes where it is of another kind.

        Raises ValueError for what has no reading: in an answer a wrong type is a wrong value.
        """
        ...

    def write(self, value: Any) -> Any:
        """What a request's JSON has."""
        ...


def _refuse(*_: Any, **__: Any) -> Any:
    raise TypeError("This map is frozen: make another one, dict(it) | {…}")


def _hash(frozen: FrozenMap) -> int:
    return hash(frozenset(frozen.items()))


class FrozenMap(dict[str, Any]):
    """A map that stays as it was made."""

    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    update: Any = _refuse
    pop: Any = _refuse
    popitem: Any = _refuse
    clear: Any = _refuse
    setdefault: Any = _refuse
    __hash__: Any = _hash

    def __reduce__(self) -> tuple[type[FrozenMap], tuple[dict[str, Any]]]:
        return (FrozenMap, (dict(self),))


class _Scalar:
    """A value that JSON has too."""

    def __init__(self, wanted: str, types: tuple[type, ...], bits: int = 0) -> None:
        self.wanted = wanted
        self.types = types
        self.bits = bits

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        # A bool is an int to Python, but not to JSON.
        if not isinstance(value, self.types) or (isinstance(value, bool) and bool not in self.types):
            faults.append(f"{place} is to be {self.wanted}, not {type(value).__name__}")
        elif self.bits and not -(1 << self.bits - 1) <= value < 1 << self.bits - 1:
            faults.append(f"{place} does not fit {self.bits} bits")
        elif float in self.types and not math.isfinite(value):
            faults.append(f"{place} is to be a finite number, not {value}")
        return value

    def read(self, value: Any) -> Any:
        return value

    def write(self, value: Any) -> Any:
        return value


class _Instant:
    """An aware datetime in UTC; epoch seconds on the wire, whole ones where they are whole."""

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        if isinstance(value, datetime) and value.tzinfo is None:
            faults.append(f"{place} is a datetime without a zone: write datetime(…, tzinfo=UTC)")
            return value
        if not isinstance(value, datetime | int | float | str) or isinstance(value, bool):
            faults.append(f"{place} is to be a datetime with a zone, not {type(value).__name__}")
            return value
        try:
            return value.astimezone(UTC) if isinstance(value, datetime) else self.read(value)
        except ValueError as error:
            faults.append(f"{place}: {error}")
        return value

    def read(self, value: Any) -> datetime:
        """From epoch seconds, ISO 8601 or the date of HTTP, in all of which AWS's services write instants."""
        if isinstance(value, str) and not _is_number(value):
            return _from_text(value)
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
        try:
            return _EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
        except (ValueError, OverflowError):
            raise ValueError(f"{value!r} is no instant") from None

    def write(self, value: datetime) -> int | float:
        seconds = (value - _EPOCH) / timedelta(seconds=1)
        return int(seconds) if seconds.is_integer() else seconds


class _ListOf:
    """A list, frozen as a tuple."""

    def __init__(self, member: Kind) -> None:
        self.member = member

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            faults.append(f"{place} is to be a list, not {type(value).__name__}")
            return value
        parts = cast("Sequence[Any]", value)
        return tuple(self.member.take(part, f"{place}[{number}]", faults) for number, part in enumerate(parts))

    def read(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"there is a {type(value).__name__} where a list belongs")  # noqa: TRY004 (see Kind)
        parts = cast("list[Any]", value)
        return tuple(None if part is None else self.member.read(part) for part in parts)

    def write(self, value: Any) -> list[Any]:
        return [self.member.write(part) for part in value]


class _MapOf:
    """A map from text, or from the values of an enumeration."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self.key = key
        self.value = value

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        if not isinstance(value, Mapping):
            faults.append(f"{place} is to be a dict, not {type(value).__name__}")
            return value
        parts = cast("Mapping[Any, Any]", value)
        found = ((self.key.take(key, f"a key of {place}", faults), key, part) for key, part in parts.items())
        return FrozenMap({key: self.value.take(part, f"{place}[{name!r}]", faults) for key, name, part in found})

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"there is a {type(value).__name__} where an object belongs")  # noqa: TRY004 (see Kind)
        parts = cast("dict[str, Any]", value)
        return FrozenMap({key: None if part is None else self.value.read(part) for key, part in parts.items()})

    def write(self, value: Any) -> dict[str, Any]:
        return {str(key): self.value.write(part) for key, part in value.items()}


class _OneOf:
    """A value of an enumeration."""

    def __init__(self, name: str) -> None:
        self.name = name

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        kind: type[Choice] = _class("enums", self.name)
        if isinstance(value, kind):
            return value
        if not isinstance(value, str):
            faults.append(f"{place} is to be one of {kind.spelt()}, not {type(value).__name__}")
        elif value not in kind.known():
            new = f"a newer value is sent as {self.name}({value!r})"
            faults.append(f"{place}: {value!r} is none of {kind.spelt()}; {new}")
        else:
            return kind(value)
        return value

    def read(self, value: Any) -> Any:
        return _class("enums", self.name)(value) if isinstance(value, str) else value

    def write(self, value: Any) -> Any:
        return str(value) if isinstance(value, str) else value


class _Nested:
    """A structure, or a document that can be read as one."""

    def __init__(self, name: str) -> None:
        self.name = name

    def take(self, value: Any, place: str, faults: Faults) -> Any:
        kind = _class("structures", self.name)
        if isinstance(value, kind):
            return value
        if isinstance(value, Mapping):
            return kind.taken_from(value, place, faults)
        faults.append(f"{place} is to be a {self.name} or a dict with the API's names, not {type(value).__name__}")
        return value

    def read(self, value: Any) -> Any:
        return _class("structures", self.name).read(value)

    def write(self, value: Any) -> Any:
        return value.to_document()


@cache
def kind_of(word: str) -> Kind:
    """The kind that a word of the generated modules stands for."""
    if word in _SCALARS:
        return _SCALARS[word]
    first, rest = word[0], word[1:]
    if first == "{":
        key, _, value = rest.rpartition(":")
        return _MapOf(_OneOf(key) if key else _SCALARS["s"], kind_of(value))
    containers: Mapping[str, Callable[[], Kind]] = {
        "[": lambda: _ListOf(kind_of(rest)),
        "@": lambda: _OneOf(rest),
        "=": lambda: _Nested(rest),
    }
    return containers[first]()


@cache
def _class(module: str, name: str) -> Any:
    return getattr(import_module(f"headrace.client.{module}"), name)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _from_text(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.strptime(text, _HTTP_DATE)  # noqa: DTZ007 (the form says GMT)
        except ValueError:
            raise ValueError(f"{text!r} is no instant") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


_SCALARS: Mapping[str, Kind] = {
    "s": _Scalar("text", (str,)),
    "i": _Scalar("a whole number", (int,), 32),
    "l": _Scalar("a whole number", (int,), 64),
    "b": _Scalar("True or False", (bool,)),
    "f": _Scalar("a number", (float, int)),
    "t": _Instant(),
}
