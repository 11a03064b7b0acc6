"""Copies of remote files, made a few ahead of their use."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.errors import Stop

# Parts copied at the same time, and files at most on disk where each is deleted when it was read.
TOGETHER = 4
# The threads share the parts of the first file that is not whole: were each to copy a file of its own, as many would
# come to their end at once, and nothing be there to be read before. A larger file is given out while it comes.
PART_BYTES = 4 * 1024 * 1024
# Parts grow with what is in front of them and shrink again: where all share one link, the one in front gets but a
# fourth of it, so what is under way behind it has to be little beside what is there, and at the end, when nobody works
# on it yet. Servers keep objects in blocks of some MiB, read whole for any part.
_SOON_BYTES = 1024 * 1024
_LAST_BYTES = 4 * 1024 * 1024
_GROWTH = 4
_MOST_PART_BYTES = 16 * 1024 * 1024
# A beginning says which fields there are. Of files that are read as one it is looked for before any is read.
HEAD_BYTES = 64 * 1024
_HEADS_TOGETHER = 2


class Progress:
    """How much of a part is there, which whoever copies it may tell, and whether to leave off."""

    def __init__(self, stopped: threading.Event, changed: threading.Condition) -> None:
        self.stopped = stopped
        self.there_bytes = 0
        self._changed = changed

    def tell(self, there_bytes: int) -> None:
        """So many of the part's first bytes can be read."""
        with self._changed:
            self.there_bytes = there_bytes
            self._changed.notify_all()


# Copies some bytes of a file to their place in the file at a path; leaves off soon after `stopped` is set.
Copy = Callable[[SourceFile, range, Path, Progress], None]


def read_ahead(files: Sequence[SourceFile], scratch: Path, copy: Copy) -> ReadAhead:
    """A copy of each file in `scratch`, in order; large ones are given out while they come."""
    return ReadAhead(files, scratch / uuid.uuid4().hex, copy)


class ReadAhead(Iterator[LocalFile]):
    """Where a copy fails, its error comes out in the place of its file, of a large one where that is waited for.

    Closed before all is there, or failing, it waits for its threads to leave off and removes what they copied.
    """

    def __init__(self, files: Sequence[SourceFile], folder: Path, copy: Copy) -> None:
        self._files = enumerate(files)
        self._folder = folder
        self._copy = copy
        self._stopped = threading.Event()
        self._heads = ThreadPoolExecutor(_HEADS_TOGETHER, thread_name_prefix="fetch-head")
        self._rest = ThreadPoolExecutor(TOGETHER, thread_name_prefix="fetch")
        self._coming: deque[tuple[LocalFile, _Parts]] = deque()
        # Of the files that were given out while they came.
        self._given: list[_Parts] = []

    def __next__(self) -> LocalFile:
        """The next file."""
        try:
            while len(self._coming) < TOGETHER and (found := next(self._files, None)) is not None:
                self._coming.append(self._begun(*found))
            if self._coming:
                return self._next(*self._coming.popleft())
        except BaseException:
            self._leave_off()
            raise
        # Where something is still coming, whoever reads it waits for it.
        self._end(is_waited_for=self._is_whole)
        raise StopIteration

    def close(self) -> None:
        """Leave off."""
        if self._coming or next(self._files, None) is not None or not self._is_whole:
            self._leave_off()

    @property
    def _is_whole(self) -> bool:
        return all(parts.are_there for parts in self._given)

    def _begun(self, place: int, file: SourceFile) -> tuple[LocalFile, _Parts]:
        _make(self._folder)
        path = self._folder / f"{place:06d}"
        changed = threading.Condition()
        ranges = _parts(file)
        parts: list[_Part] = []
        for part in ranges:
            pool = self._heads if part.start == 0 and len(ranges) > 1 else self._rest
            progress = Progress(self._stopped, changed)
            parts.append(_Part(part, progress, pool.submit(self._copy, file, part, path, progress)))
        return LocalFile(file.name, path, file.size_bytes, is_copy=True), _Parts(parts, changed)

    def _next(self, file: LocalFile, parts: _Parts) -> LocalFile:
        if file.size_bytes <= PART_BYTES or parts.are_one:
            parts.there(file.size_bytes, None)
            return file
        self._given.append(parts)
        return replace(file, coming=parts)

    def _leave_off(self) -> None:
        self._stopped.set()
        self._end(is_waited_for=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, *, is_waited_for: bool) -> None:
        for pool in (self._heads, self._rest):
            pool.shutdown(wait=is_waited_for, cancel_futures=self._stopped.is_set())


class _Part(NamedTuple):
    bytes: range
    progress: Progress
    copied: Future[None]

    @property
    def is_there(self) -> bool:
        return self.copied.done() and not self.copied.cancelled() and self.copied.exception() is None


class _Parts:
    """See Coming: the parts of a copy, in order."""

    def __init__(self, parts: Sequence[_Part], changed: threading.Condition) -> None:
        self._parts = parts
        self._changed = changed
        # So many of them are known to be there.
        self._there = 0
        for part in parts:
            part.copied.add_done_callback(self._notify)

    @property
    def are_one(self) -> bool:
        """Whether there is but one."""
        return len(self._parts) == 1

    @property
    def are_there(self) -> bool:
        """Whether all of them are."""
        return all(part.is_there for part in self._parts[self._there :])

    def there(self, least_bytes: int, timeout_s: float | None) -> int:
        """See Coming; None: however long it takes."""
        with self._changed:
            self._changed.wait_for(lambda: self._reached() >= least_bytes or self._following.done(), timeout_s)
            reached = self._reached()
            if reached < least_bytes and self._following.done():
                self._following.result()
        return reached

    def _reached(self) -> int:
        while self._there < len(self._parts) and self._parts[self._there].is_there:
            self._there += 1
        if self._there == len(self._parts):
            return self._parts[-1].bytes.stop
        part = self._parts[self._there]
        return part.bytes.start + part.progress.there_bytes

    @property
    def _following(self) -> Future[None]:
        """What is waited for where not enough is there."""
        return self._parts[min(self._there, len(self._parts) - 1)].copied

    def _notify(self, _: Future[None]) -> None:
        with self._changed:
            self._changed.notify_all()


def _parts(file: SourceFile) -> list[range]:
    """Without an ETag nothing tells the parts of one object from those of another."""
    size_bytes = file.size_bytes
    if file.etag is None or size_bytes <= PART_BYTES:
        return [range(size_bytes)]
    ends = [0, HEAD_BYTES]
    while ends[-1] < size_bytes:
        ends.append(min(_end(ends[-1], size_bytes), size_bytes))
    return list(map(range, ends, ends[1:]))


def _end(begin: int, size_bytes: int) -> int:
    """Where the part ends that begins there."""
    if begin < _SOON_BYTES:
        return _SOON_BYTES
    behind, ahead = begin // _GROWTH, (size_bytes - begin) // (2 * TOGETHER)
    part_bytes = min(behind, max(ahead, _LAST_BYTES), _MOST_PART_BYTES)
    return begin + max(part_bytes // _SOON_BYTES * _SOON_BYTES, _SOON_BYTES)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Stop(f"Files can't be copied to this machine: {error}") from error
