"""Where rejected records stay once their execution ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from headrace.connector_sdk.contract import no_check
from headrace.connector_sdk.kept_rejects import Kept, place_of
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.engine.results import SplitResult, StagedFile
from headrace.flow.plan import ErrorHandling
from headrace.store.executions import Execution


class Rejects:
    """The rejects of one execution: they go to the bucket of errorHandlingConfig, else to headrace's own place."""

    def __init__(
        self, execution: Execution, errors: ErrorHandling, place: RejectsPlace, batch: int | None = None
    ) -> None:
        """`batch` is the number of a batch of events, whose files lie beside those of the others."""
        self._execution = execution
        self._errors = errors
        self._place = place
        self._batch = batch
        self._bucket = errors.bucket
        self._put: Sequence[StagedFile] = ()

    def __str__(self) -> str:
        """The place, as a message names it."""
        return place_of(self._place.url, self._bucket, self._prefix())

    def deliver(self, results: Sequence[SplitResult], check: Callable[[], None] = no_check) -> None:
        """Put every file of rejects in its place; doing it again changes nothing (invariant 4).

        `check` is called before each object.
        """
        self._to(self._errors.bucket, results, check)

    def keep(self, results: Sequence[SplitResult]) -> None:
        """Put every file of rejects in headrace's own place, whatever the flow asks for."""
        self._to(None, results, no_check)

    def kept(self, records: int, *, is_whole: bool) -> Kept | None:
        """What was put where, for the store to keep; None: nothing."""
        if not self._put:
            return None
        size_bytes = sum(file.size_bytes for file in self._put)
        return Kept(self._place.url, self._bucket, self._prefix(), len(self._put), records, size_bytes, is_whole)

    def _to(self, bucket: str | None, results: Sequence[SplitResult], check: Callable[[], None]) -> None:
        self._bucket = bucket
        if staged := self._numbered(results):
            self._place.put(bucket, staged, check)
            self._put = staged
        if surplus := self._surplus(results):
            self._place.take_back(bucket, surplus)

    def _numbered(self, results: Iterable[SplitResult]) -> Sequence[StagedFile]:
        files = [file for result in results for file in result.rejects]
        return [replace(file, key=self._key(number)) for number, file in enumerate(files, start=1)]

    def _surplus(self, results: Sequence[SplitResult]) -> list[str]:
        """The keys of files that only an earlier try had, which rejected more."""
        if not any(result.most_rejects for result in results):
            return []
        count = sum(len(result.rejects) for result in results)
        most = sum(max(len(result.rejects), result.most_rejects) for result in results)
        # One more: what the destination refused comes last.
        return [self._key(number) for number in range(count + 1, most + 2)]

    def _key(self, number: int) -> str:
        within = "" if self._batch is None else f"{self._batch:05d}-"
        return f"{self._prefix()}{within}{number}.json"

    def _prefix(self) -> str:
        prefix = "" if self._bucket is None else (self._errors.prefix or "").strip("/")
        folders = (prefix, self._execution.flow_name, self._execution.execution_id)
        return "".join(f"{folder}/" for folder in folders if folder)
