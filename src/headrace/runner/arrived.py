"""What the events of a batch say is to be read: objects, or the records that came with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from headrace.connector_sdk.contract import FileSource, LocalFile, SourceFile
from headrace.connector_sdk.records import Page
from headrace.engine.formats import UnreadableSource
from headrace.engine.results import SplitResult
from headrace.flow.plan import Plan, Reading
from headrace.runner.fields import common_fields
from headrace.runner.ledger import Ledger
from headrace.runner.set_aside import Readable, without
from headrace.runner.sources import Files, Retried, SplitSource, SplitWork
from headrace.runner.splits import Tools
from headrace.runner.spool import spooled
from headrace.store.event_batches import Batch, Taken
from headrace.store.events import Event
from headrace.store.executions import Claim, SplitRow


@dataclass(frozen=True)
class Formed:
    """The events of a batch, and what it reads; `holds_any` is False where that is nothing."""

    taken: Sequence[Taken]
    document: dict[str, Any]
    holds_any: bool


class Arrived(Protocol):
    """The events of a flow, for its batches."""

    def formed(self, events: Sequence[Event]) -> Formed:
        """What to read for the events. Raises Retry or Stop."""
        ...

    def source(self, batch: Batch) -> SplitSource:
        """Where the one split of a batch gets its files from."""
        ...


class Objects:
    """Events that name objects of the source's bucket.

    The object is read as it is now: one that is gone is passed over, and of several events that mean the same
    version of it one counts, so that it is read once however often it is told.
    """

    def __init__(self, tools: Tools, claim: Claim, plan: Plan, retried: Retried) -> None:
        self._ledger = tools.ledger
        self._files: FileSource = tools.registry.source(plan.source.connector_type)
        self._group = tools.group
        self._claim = claim
        self._plan = plan
        self._retried = retried

    def formed(self, events: Sequence[Event]) -> Formed:
        """See Arrived."""
        taken: list[Taken] = []
        found: dict[str, SourceFile] = {}
        for event in events:
            file = self._found(json.loads(event.body)["key"])
            meaning = None if file is None else f"{file.key}\n{file.etag}\n{file.modified_ms}"
            if meaning is None or file is None or meaning in found or self._ledger.is_met(self._claim, meaning):
                taken.append(Taken(event.number))
                continue
            found[meaning] = file
            taken.append(Taken(event.number, meaning))
        files = sorted(found.values(), key=lambda file: file.key)
        document = SplitWork(0, tuple(files), None).to_document()
        return Formed(taken, self._with_fields(document), bool(files))

    def source(self, batch: Batch) -> SplitSource:
        """See Arrived."""
        return Readable(Files(self._plan, self._files, self._retried, self._group), batch.document)

    def _with_fields(self, document: dict[str, Any]) -> dict[str, Any]:
        files = SplitWork.of(SplitRow(0, document, None)).files
        try:
            fields = self._retried("read headers", lambda: common_fields(self._plan, self._files, files))
        except UnreadableSource as error:
            fewer = without(document, error)
            if fewer is None:
                raise
            return self._with_fields(fewer)
        return document | {"fields": fields}

    def _found(self, key: str) -> SourceFile | None:
        return self._retried("look for an object", lambda: self._files.find(self._plan.source.properties, key))


class Kept:
    """Events that are records: the body of each is their texts, one a line."""

    def __init__(self, ledger: Ledger, reading: Reading) -> None:
        self._ledger = ledger
        self._name = f"{reading.profile}/{reading.entity}"

    def formed(self, events: Sequence[Event]) -> Formed:
        """See Arrived."""
        taken = [Taken(event.number) for event in events]
        return Formed(taken, SplitWork(0, (), None).to_document(), holds_any=True)

    def source(self, batch: Batch) -> SplitSource:
        """See Arrived."""
        return _Records(self._ledger, batch, self._name)


class _Records:
    """The records of a batch's events; see SplitSource."""

    bookmark = None

    def __init__(self, ledger: Ledger, batch: Batch, name: str) -> None:
        self._ledger = ledger
        self._batch = batch
        self._name = name

    def works(self) -> list[SplitWork]:
        """See SplitSource: the batch was made with its split."""
        return []

    def local(self, work: SplitWork, scratch: Path) -> Iterator[LocalFile]:  # noqa: ARG002 (there is but one)
        """See SplitSource."""
        return spooled((Page(body.split("\n")) for body in self._ledger.bodies(self._batch)), scratch, self._name)

    def finished(self, result: SplitResult, rejects: Path) -> SplitResult:  # noqa: ARG002 (the protocol's)
        """See SplitSource."""
        return result
