"""What a program says on standard output, as both protocols mean it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from headrace.connector_sdk.hosts.adapters.found import Found
from headrace.connector_sdk.hosts.adapters.options import Options
from headrace.connector_sdk.lambda_answers import spoken
from headrace.errors import ConnectorError, Stop

Json = dict[str, Any]


@dataclass(slots=True)
class Record:
    """One record, as the JSON text that it came as."""

    text: str


@dataclass(slots=True)
class Bookmark:
    """Where to go on after the records before; a JSON text."""

    text: str


@dataclass(slots=True)
class Words:
    """Something for people."""

    text: str


@dataclass(slots=True)
class Failure:
    """Why the program will end, or has failed where it goes on."""

    error: ConnectorError


Message = Record | Bookmark | Words | Failure | None


@dataclass(frozen=True, slots=True)
class Description:
    """What a program says of itself."""

    name: str
    version: str | None
    owner: str
    options: Options


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: the entity as it was found, some of its fields, from the start or since a bookmark.

    `cursor` is the field that the flow goes by, where it says so; `is_incremental`: bookmarks are wanted.
    """

    entity: Json
    fields: frozenset[str]
    since: str | None
    cursor: str | None
    is_incremental: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A run of the program: its arguments, and the files that they name."""

    arguments: tuple[str, ...]
    files: Mapping[str, str]


class Hearing(Protocol):
    """Understands the lines of one reading, one after the other."""

    def __call__(self, line: bytes) -> Message:
        """What the line means; None: nothing that concerns us. Raises Stop for one that may hide a record."""
        ...


# Runs the program to its end, for what the text says; answers its lines, its exit code and, if that is not 0, what went
# wrong in a sentence. Raises Retry or Stop.
Finished = Callable[[Order, str], tuple[Sequence[bytes], int | None, str]]


class Protocolled(Protocol):
    """One of the protocols that taps and connectors speak. `has_defaults`: programs want to hear their defaults."""

    has_defaults: bool

    def describe(self, finished: Finished) -> Description:
        """Ask the program what it is. Raises Retry or Stop, as all methods do."""
        ...

    def check(self, finished: Finished, configuration: Json) -> None:
        """Return if the program can work with the configuration; Refused where its application said no."""
        ...

    def discover(self, finished: Finished, configuration: Json) -> Sequence[Found]:
        """The entities that there are."""
        ...

    def reading(self, configuration: Json, wanted: Wanted) -> tuple[Order, Hearing]:
        """How to read."""
        ...


def manifest_path(path: Path | None) -> tuple[str, ...]:
    """The arguments that name a manifest."""
    return () if path is None else ("--manifest-path", str(path))


def type_of(line: bytes) -> str | None:
    """The type of a message that is none of those looked for; None: the line is no message at all."""
    try:
        kind = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).get("type")
        named: object = None if kind is None else msgspec.json.decode(kind)
    except msgspec.DecodeError:
        return None
    return named if isinstance(named, str) else None


def beside(line: bytes, error: msgspec.DecodeError, looked_for: frozenset[str]) -> Words | None:
    """A line that is no message of those looked for: words, or one of no concern. Raises Stop: it may be a record."""
    if not line.lstrip().startswith(b"{"):
        return Words(line.decode("utf-8", "replace"))
    kind = type_of(line)
    if kind is None or kind in looked_for:
        start = spoken(line[:200].decode("utf-8", "replace"))
        raise Stop(f"A line was printed that is no message ({error}), and may have been a record: {start}")
    return None
