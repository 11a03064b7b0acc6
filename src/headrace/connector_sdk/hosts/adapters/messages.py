"""What a program says on standard output, as both protocols mean it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from headrace.connector_sdk.hosts.adapters.found import Found
from headrace.connector_sdk.hosts.adapters.options import Options
from headrace.connector_sdk.lambda_answers import as_object, spoken
from headrace.errors import ConnectorError, Stop

Json = dict[str, Any]
BYTE_ORDER_MARK = "\ufeff".encode()


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

    def recognizes(self, finished: Finished) -> bool:
        """Whether the program's help looks like the protocol's; for one that did not say what it is."""
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


def said(line: bytes, error: Exception) -> Words | Json:
    """A line that is no message as it should be: words for people, or the message as far as it can be understood.

    What JSON has no place for and Python has (NaN, half of a character) is in it. Raises Stop for a line that can't
    be understood and may have been a record.
    """
    text = line.decode("utf-8", "surrogateescape")
    if not text.lstrip().startswith("{"):
        return Words(line.decode("utf-8", "replace"))
    try:
        found = as_object(json.loads(text))
    except (ValueError, RecursionError):
        found = None
    if found is None or not isinstance(found.get("type"), str):
        raise unclear(line, error)
    return found


def unclear(line: bytes, error: Exception) -> Stop:
    """The end of a reading at a line that nobody understands."""
    start = spoken(line[:200].decode("utf-8", "replace"))
    return Stop(f"A line was printed that is no message ({error}), and may have been a record: {start}")


def text_of(raw: bytes | memoryview) -> str:
    """The record's text; what is no UTF-8 comes as it is, for the engine to reject the record."""
    return bytes(raw).decode("utf-8", "surrogateescape")
