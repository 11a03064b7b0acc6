"""What lets another thread follow a split and stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.results import Counts
from headrace.errors import HeadraceError


class Cancelled(HeadraceError):
    """The split was stopped from outside; nothing of it may be used."""


class Watch:
    """The line between a run and whoever watches it; safe to use from any thread."""

    def __init__(self, on_progress: Callable[[Counts], None]) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` has been called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop the run: its running query is interrupted at once, its next step raises Cancelled."""
        with self._lock:
            self._cancelled.set()
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """Raise Cancelled if `cancel` has been called."""
        if self.cancelled:
            raise Cancelled("The run was cancelled.")

    def progress(self, counts: Counts) -> None:
        """Tell the watcher what the run has done so far."""
        self._on_progress(counts)

    def wait(self, timeout_s: float) -> bool:
        """Wait until cancelled, at most `timeout_s` seconds; whether it was."""
        return self._cancelled.wait(timeout_s)

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Generator[None]:
        """Within the block, `cancel` calls `interrupt`. Raises Cancelled if it comes too late."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)


def check_unchanged(files: Sequence[LocalFile]) -> None:
    """Raise where a file that is read where it lies is not the one any more that was listed."""
    for file in files:
        file.check()
