"""What goes into a split and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.tasks import READING, Tasks
from headrace.errors import HeadraceError


class DatasetDropped(HeadraceError):
    """A Validate task with DropDataset met a violating record: the run ends, nothing of it is committed."""


class EngineError(HeadraceError):
    """The engine could not do a split: out of memory, disk full, or a file it can't make sense of."""


@dataclass(frozen=True)
class Counts:
    """What became of the records of a split or a run.

    `rejected` and `dropped` count by the index of the task that did it, or by what is none: READING, WINDOW,
    DESTINATION of `engine.tasks`.
    """

    records_read: int = 0
    records_written: int = 0
    rejected: Mapping[int, int] = field(default_factory=dict[int, int])
    dropped: Mapping[int, int] = field(default_factory=dict[int, int])
    bytes_read: int = 0
    bytes_written: int = 0

    @property
    def records_rejected(self) -> int:
        """By whatever it was."""
        return sum(self.rejected.values())

    @property
    def balanced(self) -> bool:
        """Invariant 3: every record read was written, rejected or dropped by a named task."""
        return self.records_read == self.records_written + self.records_rejected + sum(self.dropped.values())

    def add(self, other: Counts) -> Counts:
        """The sum of the two."""
        return Counts(
            self.records_read + other.records_read,
            self.records_written + other.records_written,
            _added(self.rejected, other.rejected),
            _added(self.dropped, other.dropped),
            self.bytes_read + other.bytes_read,
            self.bytes_written + other.bytes_written,
        )

    def to_document(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {
            "recordsRead": self.records_read,
            "recordsWritten": self.records_written,
            "recordsRejected": self.records_rejected,
            "rejected": _to_document(self.rejected),
            "dropped": _to_document(self.dropped),
            "bytesRead": self.bytes_read,
            "bytesWritten": self.bytes_written,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Counts:
        """The inverse of `to_document`."""
        # An execution that an older headrace began tells only how many.
        untold = {str(READING): document["recordsRejected"]} if document["recordsRejected"] else {}
        return cls(
            document["recordsRead"],
            document["recordsWritten"],
            _from_document(document.get("rejected", untold)),
            _from_document(document["dropped"]),
            document["bytesRead"],
            document["bytesWritten"],
        )


def _added(one: Mapping[int, int], other: Mapping[int, int]) -> Mapping[int, int]:
    return {index: one.get(index, 0) + other.get(index, 0) for index in one.keys() | other.keys()}


def _to_document(by_index: Mapping[int, int]) -> dict[str, int]:
    return {str(index): count for index, count in sorted(by_index.items())}


def _from_document(by_index: Mapping[str, int]) -> dict[int, int]:
    return {int(index): count for index, count in by_index.items()}


@dataclass(frozen=True)
class StagedFile:
    """A finished file at `path` on this machine that is to become the object `key`."""

    path: str
    key: str
    size_bytes: int

    def to_document(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {"path": self.path, "key": self.key, "sizeBytes": self.size_bytes}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> StagedFile:
        """The inverse of `to_document`."""
        return cls(document["path"], document["key"], document["sizeBytes"])


@dataclass(frozen=True)
class Naming:
    """What the names of a run's files are made from; `started_at` is aware, UTC."""

    flow_name: str
    execution_id: str
    schema_version: int
    started_at: datetime


@dataclass(frozen=True)
class SplitOrder:
    """One split of one run.

    `files` may fetch lazily. `fields` are all fields of the source, in order, where Map_all has
    to write the same columns from every file; None: each file's own. `staging` and `rejects` are
    folders of this split alone: they are emptied first, so running a split again replaces. `limit`: no record is
    looked at behind as many that pass the filters, and all go into the same output file; None: all are.
    """

    tasks: Tasks
    input: InputFormat
    output: Output
    number: int
    files: Iterable[LocalFile]
    fields: tuple[str, ...] | None
    staging: Path
    rejects: Path
    naming: Naming
    limit: int | None = None


@dataclass(frozen=True)
class SplitResult:
    """What a split made: all of it staged, none of it visible yet.

    `bookmark` is where the next execution begins to read, None: the source names no such place. `superseded` are the
    keys that an earlier try may have made visible and this one does not make; `most_rejects` is how many files of
    rejects any try had.
    """

    counts: Counts
    outputs: tuple[StagedFile, ...]
    rejects: tuple[StagedFile, ...]
    bookmark: str | None = None
    superseded: tuple[str, ...] = ()
    most_rejects: int = 0

    def superseding(self, before: SplitResult) -> SplitResult:
        """The same, as what takes the place of an earlier try whose files may be visible."""
        earlier = {*before.superseded, *(file.key for file in before.outputs)}
        keys = tuple(sorted(earlier - {file.key for file in self.outputs}))
        return replace(self, superseded=keys, most_rejects=max(before.most_rejects, len(before.rejects)))

    def to_document(self) -> dict[str, Any]:
        """As the store keeps it."""
        return {
            "counts": self.counts.to_document(),
            "outputs": [staged.to_document() for staged in self.outputs],
            "rejects": [staged.to_document() for staged in self.rejects],
            "bookmark": self.bookmark,
            "superseded": self.superseded,
            "mostRejects": self.most_rejects,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SplitResult:
        """The inverse of `to_document`."""
        return cls(
            Counts.from_document(document["counts"]),
            tuple(StagedFile.from_document(staged) for staged in document["outputs"]),
            tuple(StagedFile.from_document(staged) for staged in document["rejects"]),
            document.get("bookmark"),
            tuple(document.get("superseded", ())),
            document.get("mostRejects", 0),
        )
