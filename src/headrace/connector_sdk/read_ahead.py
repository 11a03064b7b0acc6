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

# Copies made at the same time, and at most on disk where each is deleted when it was read.
TOGETHER = 4

# Copies one file to a path; leaves off soon after the event is set.
Copy = Callable[[SourceFile, Path, threading.Event], LocalFile]


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
        coming: deque[Future[LocalFile]] = deque()
        for place, file in enumerate(files):
            coming.append(pool.submit(copy, file, folder / f"{place:06d}", stopped))
            if len(coming) == TOGETHER:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    except BaseException:
        stopped.set()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        pool.shutdown()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise Stop(f"Files can't be copied to this machine: {error}") from error
