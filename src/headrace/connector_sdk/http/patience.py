"""When a session asks again by itself, and when it leaves that to the runner."""

from __future__ import annotations

from collections.abc import Callable

from headrace.connector_sdk.http.limits import LONGEST_WAIT_S

TRIES = 2
FIRST_WAIT_S = 0.25


class Patience:
    """Tries that a session has in hand.

    An answer of success gives them back. Where an application is down they are used up once, and every later
    failure is the runner's at once: its retries and these add up, they don't multiply.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._left = TRIES

    def restore(self) -> None:
        """The application answers."""
        self._left = TRIES

    def wait_s(self, after_s: float | None) -> float | None:
        """How long to wait before the next try; `after_s` is what the application asked for. None: don't try."""
        backoff_s = FIRST_WAIT_S * 2 ** (TRIES - self._left) * (0.5 + self._random())
        wait_s = backoff_s if after_s is None else after_s
        if self._left <= 0 or wait_s > LONGEST_WAIT_S:
            return None
        self._left -= 1
        return wait_s
