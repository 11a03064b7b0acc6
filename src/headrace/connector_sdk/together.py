"""Calls that wait for a disk or a network, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
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
    with ThreadPoolExecutor(at_a_time, thread_name_prefix="headrace-together") as pool:
        sent = [pool.submit(*call) for call in calls]
        done, waiting = wait(sent, return_when=FIRST_EXCEPTION)
        for each in waiting:
            each.cancel()
        for each in done:
            each.result()
