"""Copies that are read while they come: DuckDB waits for what is not there yet, as for a slow disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, cast

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.watch import Watch

if TYPE_CHECKING:
    from headrace.engine.coming_files import ComingFiles

SCHEME = "headrace-coming"
# How soon whoever waits learns that the run was cancelled.
_LOOK_EVERY_S = 0.1
# DuckDB's threads, which all runs share, are kept by a read that waits. So nothing is begun long before it could end: a
# file of at least so many bytes waits until the rest comes in the time that working on all of it takes at this pace.
_PACED_BYTES = 64 * 1024 * 1024
_SLOW_BYTES_PER_S = 16 * 1024 * 1024
_LEAST_S = 0.001
_HEAD_BYTES = 64 * 1024


def wait_for(file: LocalFile, size_bytes: int, watch: Watch | None = None) -> None:
    """Wait for the first bytes of a file. Raises Cancelled, and what ended the copying."""
    while file.coming is not None and file.coming.there(size_bytes, _LOOK_EVERY_S) < size_bytes:
        if watch is not None:
            watch.check()


def whole(file: LocalFile, watch: Watch | None = None) -> LocalFile:
    """The file, once all of it is there; raises as `wait_for` does."""
    wait_for(file, file.size_bytes, watch)
    return replace(file, coming=None) if file.coming else file


def wait_until_worth(files: Sequence[LocalFile], watch: Watch, seconds: Callable[[], float] = monotonic) -> None:
    """Wait until so little of the files is to come that a query over them may begin. Raises as `wait_for` does."""
    for file in files:
        # What says which fields there are.
        wait_for(file, min(_HEAD_BYTES, file.size_bytes), watch)
    size_bytes = sum(file.size_bytes for file in files)
    begun_s, before = seconds(), sum(map(_there, files))
    there = before
    while size_bytes >= _PACED_BYTES and (following := next(filter(_is_coming, files), None)) is not None:
        pace = (there - before) / max(seconds() - begun_s, _LEAST_S)
        if size_bytes - there <= size_bytes * pace / _SLOW_BYTES_PER_S:
            return
        watch.check()
        if following.coming is not None:
            following.coming.there(_there(following) + 1, _LOOK_EVERY_S)
        there = sum(map(_there, files))


def _there(file: LocalFile) -> int:
    return file.size_bytes if file.coming is None else file.coming.there(0, 0)


def _is_coming(file: LocalFile) -> bool:
    return _there(file) < file.size_bytes


class Followed:
    """A file that DuckDB reads while it comes, from any thread; `has_nul`: what it read so far holds NUL."""

    def __init__(self, file: LocalFile, url: str, watch: Watch) -> None:
        self.file = file
        self.url = url
        self.has_nul = False
        self._watch = watch
        self._lock = threading.Lock()
        # What was read, from each beginning to the furthest end; what goes on where the last read ended is one with it.
        self._read: dict[int, int] = {}
        self._last = 0

    def read(self, offset: int, size_bytes: int) -> bytes:
        """The bytes there, fewer only at the end of the file; raises as `wait_for` does."""
        wait_for(self.file, min(offset + size_bytes, self.file.size_bytes), self._watch)
        # Opened for each block: DuckDB does not say when it has done with a file.
        with self.file.path.open("rb") as stream:
            stream.seek(offset)
            block = stream.read(size_bytes)
        if b"\0" in block:
            self.has_nul = True
        self._note(offset, offset + len(block))
        return block

    def _note(self, begin: int, end: int) -> None:
        with self._lock:
            self._last = self._last if self._read.get(self._last) == begin else begin
            self._read[self._last] = max(end, self._read.get(self._last, 0))

    @property
    def is_read_whole(self) -> bool:
        """Whether each of its bytes was read: several threads that read it have to have missed none."""
        reached = 0
        for begin, end in sorted(self._read.items()):
            if begin > reached:
                return False
            reached = max(reached, end)
        return reached == self.file.size_bytes


# Within the block, what comes of some files can be read; each by its URL.
Follow = Callable[[Sequence[LocalFile], Watch], AbstractContextManager[Sequence[Followed]]]


class Comings:
    """What lets the queries of one engine read files while they come; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count()
        self._files: ComingFiles | None = None

    @contextmanager
    def following(
        self, database: duckdb.DuckDBPyConnection, files: Sequence[LocalFile], watch: Watch
    ) -> Generator[tuple[Followed, ...]]:
        """Within the block DuckDB can read those of the files that are coming by their URLs."""
        known = self._registered(database)
        followed = tuple(
            Followed(file, f"{SCHEME}://{next(self._numbers)}", watch) for file in files if file.coming is not None
        )
        known.update({each.url: each for each in followed})
        try:
            yield followed
        finally:
            for each in followed:
                del known[each.url]

    def leave(self, database: duckdb.DuckDBPyConnection) -> None:
        """Take back what the database was told; it outlives its closing otherwise."""
        if self._files is not None and database.filesystem_is_registered(SCHEME):
            database.unregister_filesystem(SCHEME)

    def _registered(self, database: duckdb.DuckDBPyConnection) -> dict[str, Followed]:
        with self._lock:
            # Loaded where a large object is read: it would make every start a little longer.
            made = self._files or import_module("headrace.engine.coming_files").ComingFiles(SCHEME)
            self._files = cast("ComingFiles", made)
            if not database.filesystem_is_registered(SCHEME):
                database.register_filesystem(self._files)
            return self._files.known
