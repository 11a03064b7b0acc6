"""Where rejected records stay once their execution ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from headrace.connector_sdk.kept_rejects import Kept, place_of
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.engine.results import SplitResult, StagedFile
from headrace.flow.plan import ErrorHandling
from headrace.store.executions import Execution


class Rejects:
    """The rejects of one execution: they go to the bucket of errorHandlingConfig, else to headrace's own place."""

    def __init__(self, execution: Execution, errors: ErrorHandling, place: RejectsPlace) -> None:
        self._execution = execution
        self._errors = errors
        self._place = place
        self._bucket = errors.bucket
        self._put: Sequence[StagedFile] = ()

    def __str__(self) -> str:
        """The place, as a message names it."""
        return place_of(self._place.url, self._bucket, self._prefix())

    def deliver(self, results: Iterable[SplitResult]) -> None:
        """Put every file of rejects in its place; doing it again changes nothing (invariant 4)."""
        self._to(self._errors.bucket, results)

    def keep(self, results: Iterable[SplitResult]) -> None:
        """Put every file of rejects in headrace's own place, whatever the flow asks for."""
        self._to(None, results)

    def kept(self, records: int, *, is_whole: bool) -> Kept | None:
        """What was put where, for the store to keep; None: nothing."""
        if not self._put:
            return None
        size_bytes = sum(file.size_bytes for file in self._put)
        return Kept(self._place.url, self._bucket, self._prefix(), len(self._put), records, size_bytes, is_whole)

    def _to(self, bucket: str | None, results: Iterable[SplitResult]) -> None:
        self._bucket = bucket
        if staged := self._numbered(results):
            self._place.put(bucket, staged)
            self._put = staged

    def _numbered(self, results: Iterable[SplitResult]) -> Sequence[StagedFile]:
        files = [file for result in results for file in result.rejects]
        return [replace(file, key=f"{self._prefix()}{number}.json") for number, file in enumerate(files, start=1)]

    def _prefix(self) -> str:
        prefix = "" if self._bucket is None else (self._errors.prefix or "").strip("/")
        folders = (prefix, self._execution.flow_name, self._execution.execution_id)
        return "".join(f"{folder}/" for folder in folders if folder)
