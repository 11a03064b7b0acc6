"""The folders that executions use while they run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from headrace.connector_sdk.together import together
from headrace.durable import flush
from headrace.engine.results import StagedFile

# The disk takes as long for one file as for several.
_TOGETHER = 8


class Folders:
    """Where executions stage their output and where rejected records stay.

    A split has a folder of its own for each lease, so that a holder that lost its lease can't
    touch what the next one writes (invariant 5).
    """

    def __init__(self, data: Path) -> None:
        self._staging = data / "staging"

    def split(self, execution_id: str, fence: int, number: int) -> Path:
        """The empty folder of one split under one lease; what an earlier try left there is removed."""
        folder = self._staging / execution_id / f"{fence}-{number:05d}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def delivery(self, execution_id: str, fence: int) -> Path:
        """The folder of what a destination refuses under one lease; it may not be there yet."""
        return self._staging / execution_id / f"{fence}-delivery"

    def drop_split(self, execution_id: str, fence: int, number: int) -> None:
        """Remove what a split left that did not come to its end."""
        shutil.rmtree(self._staging / execution_id / f"{fence}-{number:05d}", ignore_errors=True)

    def drop(self, execution_id: str) -> None:
        """Remove everything an execution staged."""
        shutil.rmtree(self._staging / execution_id, ignore_errors=True)

    def has_staged(self, file: StagedFile) -> bool:
        """Whether the file is here, whole; the folder of another node may hold one of that path."""
        path = Path(file.path)
        return path.is_relative_to(self._staging) and path.is_file() and path.stat().st_size == file.size_bytes

    def staged(self) -> tuple[str, ...]:
        """The executions that have staged something, finished or not."""
        if not self._staging.is_dir():
            return ()
        return tuple(sorted(entry.name for entry in self._staging.iterdir()))


def make_durable(paths: Iterable[Path]) -> None:
    """Return once the files, or the names in the folders, survive a power failure."""
    together([(flush, path) for path in paths], at_a_time=_TOGETHER)
