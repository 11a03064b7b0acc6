"""The connector that is checked, and what the checks may do to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.connector_sdk.records import Connection, RecordConnector, WriteOperation

Json = dict[str, Any]
Ask = Callable[[Mapping[str, Any]], object]


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class Writing:
    """An entity that may be written to.

    `record` holds values that written records must have; the rest is made up from the fields' types. `refused` is a
    record that the destination refuses. `id_fields` tell which record is meant, (): the primary key.
    """

    entity: str
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])
    refused: Mapping[str, Any] | None = None
    id_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a connector says that it can do."""

    reads: bool
    writes: bool
    operations: tuple[WriteOperation, ...]
    keeps_batches_once: bool = False


@dataclass(frozen=True)
class Subject:
    """A connector with a connection that works.

    `open` opens a connection, anew each time; `tried` asks the connector whether another connection would do.
    `configuration` is its answer to DescribeConnectorConfiguration, `ask` sends it a request of the Lambda contract:
    None where it has no such thing. `entities` are those that are read, (): all that it lists. `lines` are the log
    lines that it has written so far. `wait` waits for some seconds before a call is made again. `seed` sets written
    records apart from those of other times.
    """

    name: str
    open: Callable[[Connection], RecordConnector]
    connection: Connection
    abilities: Abilities
    tried: Callable[[Connection], None]
    configuration: Mapping[str, Any] | None = None
    ask: Ask | None = None
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    entities: tuple[str, ...] = ()
    writings: tuple[Writing, ...] = ()
    lines: Callable[[], Iterable[str]] = tuple
    clock_s: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = _wait
    seed: int = field(default_factory=lambda: time.time_ns() // 1_000_000 % 1_000_000_000)
