"""How much one host is asked at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from headrace.errors import Retry

# A longer wait is the runner's, which can be cancelled while it waits.
LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What an application allows: requests under way at a time, and begun in a second; None: as many as come."""

    concurrent: int = 8
    per_s: float | None = None


USUAL_LIMITS = Limits()


class Gate:
    """Lets requests to one host through as its limits allow. Safe to use from several threads."""

    def __init__(
        self,
        limits: Limits,
        *,
        wait: Callable[[float], None],
        monotonic: Callable[[], float],
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._limits = limits
        self._longest_wait_s = longest_wait_s
        self._wait = wait
        self._monotonic = monotonic
        self._places = threading.BoundedSemaphore(limits.concurrent)
        self._lock = threading.Lock()
        self._free_at = 0.0

    @contextmanager
    def place(self) -> Generator[None]:
        """Hold a place while the block runs. Raises Retry where none comes free soon."""
        self._take_turn()
        if not self._places.acquire(timeout=self._longest_wait_s):
            raise Retry(f"{self._limits.concurrent} requests to the host are under way, which is all it takes.")
        try:
            yield
        finally:
            self._places.release()

    def _take_turn(self) -> None:
        if self._limits.per_s is None:
            return
        with self._lock:
            now = self._monotonic()
            begin = max(now, self._free_at)
            wait_s = begin - now
            if wait_s > self._longest_wait_s:
                raise Retry(
                    f"The host takes {self._limits.per_s:g} requests a second, and others wait.", after_s=wait_s
                )
            self._free_at = begin + 1 / self._limits.per_s
        if wait_s > 0:
            self._wait(wait_s)
