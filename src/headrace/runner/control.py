"""How the threads around an execution stop it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from enum import Enum

from headrace.engine.results import Counts
from headrace.engine.watch import Cancelled, Watch


class Reason(Enum):
    """Why an execution is stopped before its end."""

    CANCELLED = "cancelled"  # a caller asked for it
    LOST = "lost"  # another lease holder has it
    PUT_OFF = "put off"  # the store can't be used; whoever claims it next looks what was recorded
    HANDED_BACK = "handed back"  # the worker stops; the execution goes back into the queue


class Control:
    """The stop switch of one execution in this process. The first reason stays.

    `elapsed_s` is the clock by which the lease counts; see `hold_until`.
    """

    def __init__(self, on_progress: Callable[[Counts], None], elapsed_s: Callable[[], float] = lambda: 0.0) -> None:
        self.watch = Watch(on_progress)
        self._elapsed_s = elapsed_s
        self._held_until_s = math.inf
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._reason: Reason | None = None

    @property
    def reason(self) -> Reason | None:
        """Why it was stopped; None as long as it was not."""
        return self._reason

    def hold_until(self, elapsed_s: float) -> None:
        """Count as lost from then on, unless this is called again: nobody else has the execution before."""
        self._held_until_s = elapsed_s

    def stop_if_stale(self) -> None:
        """Stop the execution if its lease was not renewed in time (invariant 5)."""
        if self._elapsed_s() >= self._held_until_s:
            self.stop(Reason.LOST)

    def stop(self, reason: Reason) -> None:
        """Stop the execution at once, from any thread: a running query is interrupted."""
        with self._lock:
            self._reason = self._reason or reason
        self._stopped.set()
        self.watch.cancel()

    def check(self) -> None:
        """Raise Cancelled once the execution was stopped, or its lease was not renewed in time."""
        self.stop_if_stale()
        if self._reason is not None:
            raise Cancelled(f"The execution was stopped: {self._reason.value}.")

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the execution is stopped; then raise Cancelled."""
        self._stopped.wait(seconds)
        self.check()
