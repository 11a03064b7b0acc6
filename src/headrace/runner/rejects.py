"""Where rejected records stay once their execution ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headrace.connector_sdk.contract import FileDestination, no_check
from headrace.engine.results import SplitResult, StagedFile
from headrace.flow.plan import ErrorHandling
from headrace.runner.folders import Folders
from headrace.store.executions import Execution


@dataclass(frozen=True)
class Rejects:
    """The rejects of one execution and their place: the bucket of errorHandlingConfig, else the data folder."""

    execution: Execution
    errors: ErrorHandling
    folders: Folders
    destination: FileDestination
    # The number of a batch of events, whose files lie beside those of the others.
    batch: int | None = None

    def __str__(self) -> str:
        """The place, as a message names it."""
        if self.errors.bucket is None:
            return str(self.folders.rejects(self.execution.flow_name, self.execution.execution_id))
        return f"s3://{self.errors.bucket}/{self._prefix()}"

    def deliver(self, results: Sequence[SplitResult], check: Callable[[], None] = no_check) -> None:
        """Put every file of rejects in its place; doing it again changes nothing (invariant 4).

        `check` is called before each object.
        """
        if self.errors.bucket is None:
            self.keep(results)
            return
        bucket = {"bucketName": self.errors.bucket}
        if staged := self._numbered(results):
            self.destination.publish(bucket, staged, check)
        if surplus := self._surplus(results):
            self.destination.remove(bucket, surplus)

    def keep(self, results: Sequence[SplitResult]) -> None:
        """Put every file of rejects in the data folder, whatever the flow asks for."""
        files = [(Path(file.path), _name(file.key)) for file in self._numbered(results)]
        surplus = [_name(key) for key in self._surplus(results)]
        if files or surplus:
            self.folders.keep_rejects(self.execution.flow_name, self.execution.execution_id, files, surplus)

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
        within = "" if self.batch is None else f"{self.batch:05d}-"
        return f"{self._prefix()}{within}{number}.json"

    def _prefix(self) -> str:
        folders = ((self.errors.prefix or "").strip("/"), self.execution.flow_name, self.execution.execution_id)
        return "".join(f"{folder}/" for folder in folders if folder)


def _name(key: str) -> str:
    return key.rpartition("/")[2]
