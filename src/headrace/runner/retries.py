"""Calls of a connector that are made again when it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from headrace.errors import Retry
from headrace.log import Log

ATTEMPTS = 5
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0

Result = TypeVar("Result")


def wait_s(attempt: int, after_s: float | None) -> float:
    """How long to wait after the failed attempt `attempt` (from 1): what the application asked for,
    else twice as long each time; never longer than LONGEST_WAIT_S.
    """
    asked = FIRST_WAIT_S * 2 ** (attempt - 1) if after_s is None else max(after_s, 0.0)
    return min(asked, LONGEST_WAIT_S)


def with_retries(what: str, call: Callable[[], Result], *, wait: Callable[[float], None], log: Log) -> Result:
    """Make the call, at most ATTEMPTS times while it raises Retry; the last Retry comes out.

    `wait` takes seconds and may raise to give up waiting; `what` names the call in the log.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except Retry as error:
            seconds = wait_s(attempt, error.after_s)
            log.warning("trying again", call=what, attempt=attempt, wait_s=seconds, reason=error.message)
            wait(seconds)
    return call()
