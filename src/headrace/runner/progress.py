"""The counts of a running execution, shown while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta

from headrace.engine.results import Counts

# Callers poll; more often would cost durable writes that nobody sees.
EVERY = timedelta(seconds=0.5)


class Progress:
    """Adds up the counts of an execution's splits and saves them at most every EVERY.

    `save` starts a write and returns at once; `lost` is called when its answer is False.
    """

    def __init__(
        self,
        save: Callable[[Counts], Future[bool]],
        *,
        now: Callable[[], datetime],
        lost: Callable[[], None],
    ) -> None:
        self._save = save
        self._now = now
        self._lost = lost
        self._lock = threading.Lock()
        self._finished = Counts()
        self._running = Counts()
        self._due = now() + EVERY
        self._saving: Future[bool] | None = None

    @property
    def finished(self) -> Counts:
        """The sum of the splits that came to their end."""
        return self._finished

    def reached(self, counts: Counts) -> None:
        """The split that runs has come this far."""
        with self._lock:
            self._running = counts
            self._save_if_due()

    def begin_again(self) -> None:
        """Forget the splits that came to their end: their results are taken anew."""
        with self._lock:
            self._finished = self._running = Counts()

    def split_done(self, counts: Counts) -> None:
        """A split came to its end."""
        with self._lock:
            self._finished = self._finished.add(counts)
            self._running = Counts()
            self._save_if_due()

    def _save_if_due(self) -> None:
        now = self._now()
        if now < self._due or (self._saving is not None and not self._saving.done()):
            return
        self._due = now + EVERY
        self._saving = self._save(self._finished.add(self._running))
        self._saving.add_done_callback(self._saved)

    def _saved(self, saving: Future[bool]) -> None:
        # A write that failed is no reason to stop: the next durable write of the run tells.
        if not saving.cancelled() and saving.exception() is None and not saving.result():
            self._lost()
