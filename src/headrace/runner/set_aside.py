"""Files of a batch of events that can't be read at all: put aside, so that the others are moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headrace.connector_sdk.contract import LocalFile
from headrace.connector_sdk.reject_lines import of_unreadable
from headrace.engine.formats import UnreadableSource
from headrace.engine.results import Counts, SplitResult, StagedFile
from headrace.engine.tasks import READING
from headrace.runner.sources import Files, SplitWork

_MEMBER = "unreadable"


def without(document: Mapping[str, Any], error: UnreadableSource) -> dict[str, Any] | None:
    """What the batch reads, without the file that the error names; None: it names none of it."""
    files = [file for file in document["files"] if file["name"] != error.file]
    if len(files) == len(document["files"]):
        return None
    return {**document, "files": files, _MEMBER: [*document.get(_MEMBER, ()), [error.file, error.message]]}


class Readable:
    """The files of a batch that can be read; each of the others counts as one record, rejected for what it lacks."""

    bookmark = None

    def __init__(self, files: Files, document: Mapping[str, Any]) -> None:
        self._files = files
        self._unreadable: Sequence[tuple[str, str]] = document.get(_MEMBER, ())

    def works(self) -> list[SplitWork]:
        """See SplitSource."""
        return self._files.works()

    def local(self, work: SplitWork, scratch: Path) -> Iterator[LocalFile]:
        """See SplitSource."""
        return self._files.local(work, scratch)

    def finished(self, result: SplitResult, rejects: Path) -> SplitResult:
        """See SplitSource."""
        if not self._unreadable:
            return result
        rejects.mkdir(parents=True, exist_ok=True)
        path = rejects / "unreadable.json"
        path.write_bytes(b"".join(of_unreadable(name, reason) + b"\n" for name, reason in self._unreadable))
        count = len(self._unreadable)
        counts = result.counts.add(Counts(records_read=count, rejected={READING: count}))
        staged = StagedFile(str(path), path.name, path.stat().st_size)
        return replace(result, counts=counts, rejects=(*result.rejects, staged))
