"""The connections that a split is worked on with: how far they are, and what stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import duckdb

from headrace.engine.watch import Watch

_EVERY_S = 0.25


class Working:
    """The connections whose queries run now, as if they were one; safe to use from any thread."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._lock = threading.Lock()
        self._at_work = [con]
        self._pieces = 1
        self._done = 0

    @contextmanager
    def in_pieces(self, pieces: int) -> Generator[None]:
        """Within the block so many queries do the work of one."""
        self._pieces, self._done = pieces, 0
        try:
            yield
        finally:
            self._pieces, self._done = 1, 0

    @contextmanager
    def on(self, con: duckdb.DuckDBPyConnection) -> Generator[None]:
        """Within the block the connection runs the query of one piece."""
        with self._lock:
            self._at_work.append(con)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.remove(con)
                self._done += 1

    def interrupt(self) -> None:
        """End the queries that run; one that is just about to begin may not notice."""
        with self._lock:
            for con in self._at_work:
                con.interrupt()

    def percent(self) -> float:
        """How much of the running query has been read."""
        with self._lock:
            running = sum(max(con.query_progress(), 0.0) for con in self._at_work)
            return min(100.0, (100.0 * self._done + running) / self._pieces)

    @contextmanager
    def followed(self, watch: Watch, progress: Callable[[float], None]) -> Generator[None]:
        """Tell now and then what `percent` is; stop the query that a cancel came just before."""
        done = threading.Event()

        def follow() -> None:
            while not done.wait(_EVERY_S):
                if watch.cancelled:
                    self.interrupt()
                progress(self.percent())

        follower = threading.Thread(target=follow, name="headrace-progress", daemon=True)
        follower.start()
        try:
            yield
        finally:
            done.set()
            follower.join()
