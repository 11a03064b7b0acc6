"""The file system that DuckDB reads coming files by."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from io import SEEK_CUR, SEEK_END, SEEK_SET
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem  # pyright: ignore[reportMissingTypeStubs]

if TYPE_CHECKING:
    from headrace.engine.coming import Followed


class ComingFiles(AbstractFileSystem):
    """`known` has the files by their URLs, as long as they may be read."""

    cachable = False

    def __init__(self, protocol: str) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.protocol = protocol
        self.known: dict[str, Followed] = {}

    # What DuckDB calls, as it calls it.
    def glob(self, path: str, **_: object) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Nothing is to be expanded."""
        return [path]

    def info(self, path: str, **_: object) -> Mapping[str, Any]:
        """The file's size, as much of it as may be there."""
        return {"name": path, "size": self.known[path].file.size_bytes, "type": "file"}

    def open(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, path: str, mode: str = "rb", **_: object
    ) -> ComingFile:
        """A reader of its own for each who asks."""
        assert mode == "rb"  # noqa: S101 - DuckDB does not write there
        return ComingFile(self.known[path])


class ComingFile:
    """One reader of a file, for several threads: some read on where others ended, some seek first."""

    def __init__(self, followed: Followed) -> None:
        self._followed = followed
        self._place = 0
        # Where each thread sought, until it reads; void once anyone has read on from the common place.
        self._sought = threading.local()
        self._reads = 0

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """As of any file."""
        begin = {SEEK_SET: 0, SEEK_CUR: self._place, SEEK_END: self._followed.file.size_bytes}[whence]
        self._place = begin + offset
        self._sought.at = (self._reads, begin + offset)
        return begin + offset

    def tell(self) -> int:
        """As of any file."""
        return self._place

    def read(self, size_bytes: int = -1) -> bytes:
        """As of any file; raises where copying ended, or the run was cancelled."""
        reads, place = getattr(self._sought, "at", (None, 0))
        if reads != self._reads:
            self._reads += 1
            place = self._place
        self._sought.at = (None, 0)
        most = self._followed.file.size_bytes - place
        block = self._followed.read(place, min(size_bytes, most) if size_bytes >= 0 else most)
        self._place = place + len(block)
        return block

    def close(self) -> None:
        """Nothing is kept open."""
