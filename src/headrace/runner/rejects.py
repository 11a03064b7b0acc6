"""Where rejected records stay once their execution ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headrace.connector_sdk.contract import FileDestination
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

    def __str__(self) -> str:
        """The place, as a message names it."""
        if self.errors.bucket is None:
            return str(self.folders.rejects(self.execution.flow_name, self.execution.execution_id))
        return f"s3://{self.errors.bucket}/{self._prefix()}"

    def deliver(self, results: Iterable[SplitResult]) -> None:
        """Put every file of rejects in its place; doing it again changes nothing (invariant 4)."""
        if self.errors.bucket is None:
            self.keep(results)
        elif staged := self._numbered(results):
            self.destination.publish({"bucketName": self.errors.bucket}, staged)

    def keep(self, results: Iterable[SplitResult]) -> None:
        """Put every file of rejects in the data folder, whatever the flow asks for."""
        files = [(Path(file.path), file.key.rpartition("/")[2]) for file in self._numbered(results)]
        if files:
            self.folders.keep_rejects(self.execution.flow_name, self.execution.execution_id, files)

    def _numbered(self, results: Iterable[SplitResult]) -> Sequence[StagedFile]:
        files = [file for result in results for file in result.rejects]
        return [replace(file, key=f"{self._prefix()}{number}.json") for number, file in enumerate(files, start=1)]

    def _prefix(self) -> str:
        folders = ((self.errors.prefix or "").strip("/"), self.execution.flow_name, self.execution.execution_id)
        return "".join(f"{folder}/" for folder in folders if folder)
