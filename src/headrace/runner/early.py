"""Large files go to the disk while they are written, so that little is left to wait for at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from headrace.durable import flush
from headrace.engine.pieces import FIRST_PIECES
from headrace.repeating import repeating

_EVERY_S = 0.25
# What is written meanwhile costs nothing; to ask for it costs as much for little as for more.
WORTH_BYTES = 32 * 1024 * 1024
# Of a folder with more files each is small.
_MOST_FILES = 32


class Early:
    """What grows in a folder, and the first pieces below it: `look` may be called now and then, by one thread.

    `lost` is why something could not be written. The system says so once: who flushes the file after that is told that
    all is well.
    """

    def __init__(self, folder: Path, worth_bytes: int = WORTH_BYTES, to_disk: Callable[[Path], None] = flush) -> None:
        self.lost: OSError | None = None
        self._folder = folder
        self._worth_bytes = worth_bytes
        self._to_disk = to_disk
        self._flushed: dict[int, int] = {}

    def look(self) -> list[str]:
        """Flush the files that have grown by so much since they were; their names."""
        found: list[str] = []
        # A file may get its name, or go, at any moment. Who needs it durable flushes it once more.
        with suppress(OSError):
            for folder in (self._folder, *self._folder.glob(FIRST_PIECES)):
                with os.scandir(folder) as entries:
                    found.extend(entry.name for entry in islice(entries, _MOST_FILES) if self._is_flushed(entry))
        return found

    def _is_flushed(self, entry: os.DirEntry[str]) -> bool:
        stat = entry.stat(follow_symlinks=False)
        is_worth_it = entry.is_file() and stat.st_size - self._flushed.get(stat.st_ino, 0) >= self._worth_bytes
        if is_worth_it:
            self._flush(Path(entry.path))
            self._flushed[stat.st_ino] = stat.st_size
        return is_worth_it

    def _flush(self, path: Path) -> None:
        try:
            self._to_disk(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            self.lost = self.lost or error
            raise


@contextmanager
def flushing_early(early: Early) -> Generator[None]:
    """Within the block what grows goes to the disk. Raises OSError where the block went well and the disk did not."""
    with repeating(early.look, _EVERY_S, "headrace-early"):
        yield
    if early.lost is not None:
        raise early.lost
