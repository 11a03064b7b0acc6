"""What a connector is to the rest of headrace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class SourceFile:
    """One file of a source as it was when it was listed.

    `name` is how people know it (`s3://bucket/key`); `etag` None: the store has none;
    `modified_ms` is in milliseconds since the epoch.
    """

    name: str
    key: str
    size_bytes: int
    etag: str | None
    modified_ms: int

    def to_document(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {
            "name": self.name,
            "key": self.key,
            "sizeBytes": self.size_bytes,
            "etag": self.etag,
            "modifiedMs": self.modified_ms,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SourceFile:
        """The inverse of `to_document`."""
        return cls(document["name"], document["key"], document["sizeBytes"], document["etag"], document["modifiedMs"])


def no_check() -> None:
    """Nothing speaks against it."""


class Coming(Protocol):
    """A copy that is still being made, from its beginning on; safe to use from any thread."""

    def there(self, least_bytes: int, timeout_s: float) -> int:
        """How many of its first bytes are there, after waiting that long at the most for so many of them.

        Raises what ended the copying before there are so many, such as Retry or Stop.
        """
        ...


@dataclass(frozen=True)
class LocalFile:
    """A source file that can be opened on this machine; `name` is the source's name for it.

    A copy is deleted by whoever has read it; any other file is the source's own. `more` is there where this is but the
    beginning of a file, up to the end of a record: it gets more of it, and this one goes.
    `format` None: as the flow says. `check` raises Stop where a file that is no copy changed while it was read.
    `coming` None: all of it is there.
    """

    name: str
    path: Path
    size_bytes: int
    is_copy: bool = False
    more: Callable[[], LocalFile] | None = field(default=None, compare=False)
    format: Literal["csv", "json"] | None = None
    check: Callable[[], object] = field(default=no_check, compare=False)
    coming: Coming | None = field(default=None, compare=False)


class Publishable(Protocol):
    """A finished file on this machine and the key it is to have."""

    @property
    def path(self) -> str:
        """Where it lies."""
        ...

    @property
    def key(self) -> str:
        """The object's key."""
        ...


class FileSource(Protocol):
    """A source whose records lie in files."""

    def files(self, properties: Mapping[str, Any]) -> tuple[SourceFile, ...]:
        """The files of the source, sorted by key; none where nothing is there.

        Raises Retry or Stop where the source can't be listed.
        """
        ...

    def find(self, properties: Mapping[str, Any], key: str) -> SourceFile | None:
        """The file at the key as it is now; None where none is. Raises Retry or Stop."""
        ...

    def fetch(self, properties: Mapping[str, Any], files: Sequence[SourceFile], scratch: Path) -> Iterator[LocalFile]:
        """Each file on this machine, in order, read ahead of its use.

        Copies lie in `scratch`; a file that is on this machine already is not copied. A large copy may still be coming:
        it then raises by itself what else is raised here.
        Raises Stop where a file is gone or has changed since it was listed, Retry where the source fails.
        """
        ...

    def head(self, properties: Mapping[str, Any], file: SourceFile, size_bytes: int) -> bytes:
        """The first `size_bytes` bytes of the file, or all of it where it is shorter."""
        ...


class FileDestination(Protocol):
    """A destination that takes files."""

    def publish(
        self, properties: Mapping[str, Any], staged: Sequence[Publishable], check: Callable[[], None] = no_check
    ) -> None:
        """Make every staged file visible under its key; done twice, it is there once.

        `check` is called before each of them; what it raises ends the publication. Raises Retry or Stop.
        """
        ...

    def remove(self, properties: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Make what is visible under the keys vanish; a key with nothing under it is as good.

        Raises Retry or Stop.
        """
        ...
