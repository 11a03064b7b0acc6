"""Copies of remote files, made a few ahead of their use."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from headrace.connector_sdk.contract import LocalFile, SourceFile
from headrace.errors import Stop

# Parts copied at the same time, and files at most on disk where each is deleted when it was read.
TOGETHER = 4
# The threads share the parts of the first file that is not whole: were each to copy a file of its own, as many would
# come to their end at once, and nothing be there to be read before.
PART_BYTES = 8 * 1024 * 1024

# Copies some bytes of a file to their place in the file at a path; leaves off soon after the event is set.
Copy = Callable[[SourceFile, range, Path, threading.Event], None]


def read_ahead(files: Sequence[SourceFile], scratch: Path, copy: Copy) -> Iterator[LocalFile]:
    """A copy of each file in `scratch`, in order.

    Where a copy fails, its error comes out in the place of its file. Closed early or failing, it
    waits for its threads to leave off and removes what they copied.
    """
    folder = scratch / uuid.uuid4().hex
    stopped = threading.Event()
    pool = ThreadPoolExecutor(TOGETHER, thread_name_prefix="fetch")
    try:
        _make(folder)
        coming: deque[tuple[LocalFile, list[Future[None]]]] = deque()
        for place, file in enumerate(files):
            made = LocalFile(file.name, folder / f"{place:06d}", file.size_bytes, is_copy=True)
            coming.append((made, [pool.submit(copy, file, part, made.path, stopped) for part in _parts(file)]))
            if len(coming) == TOGETHER:
                yield _whole(*coming.popleft())
        while coming:
            yield _whole(*coming.popleft())
    except BaseException:
        stopped.set()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        pool.shutdown()


def _parts(file: SourceFile) -> list[range]:
    """Without an ETag nothing tells the parts of one object from those of another."""
    size_bytes = file.size_bytes
    if file.etag is None or size_bytes <= PART_BYTES:
        return [range(size_bytes)]
    return [range(begin, min(begin + PART_BYTES, size_bytes)) for begin in range(0, size_bytes, PART_BYTES)]


def _whole(file: LocalFile, parts: Sequence[Future[None]]) -> LocalFile:
    for part in parts:
        part.result()
    return file


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise Stop(f"Files can't be copied to this machine: {error}") from error
