"""The connections that a split is worked on with: how far they are, and what stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import duckdb

from headrace.engine.watch import Watch
from headrace.repeating import repeating

_EVERY_S = 0.25


def set_up(con: duckdb.DuckDBPyConnection) -> None:
    """What each connection needs that reads records.

    DuckDB says how far a query is only where it could show a bar.
    """
    con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = true; SET enable_progress_bar_print = false")


class Working:
    """The connections whose queries run now, as if they were one; safe to use from any thread."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._lock = threading.Lock()
        self._at_work = [con]
        # Of a group of files; none while it is not their records that are read.
        self._pieces = 0
        self._done = 0

    @contextmanager
    def reading(self) -> Generator[None]:
        """Within the block the split's own connection reads the records of the files that are worked on."""
        with self.in_pieces(1):
            yield

    @contextmanager
    def in_pieces(self, pieces: int) -> Generator[None]:
        """Within the block so many queries read them together."""
        self._pieces, self._done = pieces, 0
        try:
            yield
        finally:
            self._pieces = 0

    @contextmanager
    def on(self, con: duckdb.DuckDBPyConnection) -> Generator[None]:
        """Within the block the connection reads one piece."""
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
        """How much of the files that are worked on has been read; it may go back."""
        with self._lock:
            if not self._pieces:
                return 0.0
            running = sum(max(con.query_progress(), 0.0) for con in self._at_work)
            return min(100.0, (100.0 * self._done + running) / self._pieces)

    @contextmanager
    def followed(self, watch: Watch, progress: Callable[[float], None]) -> Generator[None]:
        """Tell now and then what `percent` is; stop the query that a cancel came just before."""

        def look() -> None:
            if watch.cancelled:
                self.interrupt()
            progress(self.percent())

        with repeating(look, _EVERY_S, "headrace-progress"):
            yield
