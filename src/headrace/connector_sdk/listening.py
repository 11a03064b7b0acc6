"""What a source of events is: something happens, and a flow that waits for it is told once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Arrival:
    """What happened.

    `key` is the same when it is told again, such as a replay id or the version of an object; None: nobody can know.
    `body` is records, the JSON text of one object a line, or for a source of files a JSON object with the `key` of one.
    """

    key: str | None
    body: str


@dataclass(frozen=True, slots=True)
class News:
    """What happened since the last look, in order. `cursor` is where to go on once all of it is durable; None: as it
    was.
    """

    arrivals: tuple[Arrival, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Interest:
    """What a flow listens for: its source's entity, and the other properties of the source.

    It goes on at `cursor`, what News said last; None: at `since_ms`, in milliseconds since the epoch.
    """

    entity: str
    properties: Mapping[str, Any]
    since_ms: int
    cursor: str | None


class Subscription(Protocol):
    """An interest that is being followed, by one node at a time.

    What was polled and not made durable is asked for again, by a subscription that begins at the cursor before it.
    """

    def poll(self) -> News:
        """What has happened; returns soon, with nothing if nothing has. Raises Retry or Stop."""
        ...

    def close(self) -> None:
        """Follow it no more."""
        ...


@runtime_checkable
class Posted(Protocol):
    """An opened connector that is asked for nothing: its records are posted to headrace."""

    @property
    def secret(self) -> str | None:
        """What senders sign with; None: they show an access key."""
        ...


@runtime_checkable
class EventSource(Protocol):
    """A source, or an opened connector, that can be asked what happened."""

    def subscribe(self, interest: Interest) -> Subscription | None:
        """Follow the interest; None: of this one headrace is told by notifications alone. Raises Retry or Stop."""
        ...
