"""Calls that wait for a disk or a network, some at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

Call = tuple[Callable[..., object], *tuple[Any, ...]]


def together(calls: Sequence[Call], *, at_a_time: int) -> None:
    """Make the calls, each with its arguments, until one fails; what that raises comes out once none runs any more.

    A single one is made by the calling thread.
    """
    if len(calls) == 1:
        [(call, *arguments)] = calls
        call(*arguments)
        return
    left = deque(calls)
    with ThreadPoolExecutor(at_a_time, thread_name_prefix="headrace-together") as pool:
        try:
            makers = [pool.submit(_make, left) for _ in range(min(at_a_time, len(calls)))]
            wait(makers)
        finally:
            left.clear()
    for each in makers:
        each.result()


def _make(left: deque[Call]) -> None:
    """Make one call after the other; a thread that asked for each would take longer than many of them do."""
    try:
        while call := _next(left):
            call[0](*call[1:])
    except BaseException:
        left.clear()
        raise


def _next(left: deque[Call]) -> Call | None:
    try:
        return left.popleft()
    except IndexError:
        return None
