"""The right to use a data folder, which one process has at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from headrace.errors import SettingsError

LOCK_NAME = "headrace.lock"


class FolderLock:
    """The right to use this folder, held by one process at a time (and one Store in it)."""

    def __init__(self, data: Path) -> None:
        """Take the lock; raises SettingsError naming the process that holds it."""
        path = data / LOCK_NAME
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="ascii")
        except OSError as error:
            raise SettingsError(
                f"headrace can't write to its data folder {data}: {error.strerror}."
                " Allow writing to it, or choose another folder with --data."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(_held(data, self._file)) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def _held(data: Path, file: IO[str]) -> str:
    with file:
        file.seek(0)
        holder = file.read().strip() or "unknown"
    return (
        f"the data folder {data} is in use by process {holder}."
        " Stop that process, or choose another folder with --data."
    )
