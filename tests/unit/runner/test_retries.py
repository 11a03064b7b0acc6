"""Calls of a connector that are made again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from headrace.engine.watch import Cancelled
from headrace.errors import Retry, Stop
from headrace.log import silent
from headrace.runner.retries import ATTEMPTS, LONGEST_WAIT_S, wait_s, with_retries


def failing(times: int, error: Exception) -> Callable[[], str]:
    left = iter(range(times))

    def call() -> str:
        if next(left, None) is not None:
            raise error
        return "done"

    return call


def test_a_call_that_asks_for_it_is_made_again() -> None:
    waited: list[float] = []

    assert with_retries("list", failing(3, Retry("busy")), wait=waited.append, log=silent()) == "done"
    assert waited == [0.5, 1.0, 2.0]


def test_the_application_says_how_long_to_wait() -> None:
    waited: list[float] = []

    with_retries("list", failing(1, Retry("busy", after_s=7)), wait=waited.append, log=silent())

    assert waited == [7]


def test_nobody_waits_longer_than_a_minute() -> None:
    assert wait_s(1, 3600) == LONGEST_WAIT_S
    assert wait_s(30, None) == LONGEST_WAIT_S
    assert wait_s(1, -5) == 0


def test_a_call_that_keeps_asking_fails_in_the_end() -> None:
    waited: list[float] = []

    with pytest.raises(Retry, match="busy"):
        with_retries("list", failing(ATTEMPTS, Retry("busy")), wait=waited.append, log=silent())
    assert len(waited) == ATTEMPTS - 1


def test_a_call_that_can_not_succeed_is_made_once() -> None:
    waited: list[float] = []

    with pytest.raises(Stop):
        with_retries("list", failing(1, Stop("gone")), wait=waited.append, log=silent())
    assert waited == []


def test_a_stop_ends_the_waiting() -> None:
    def stopped(_seconds: float) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        with_retries("list", failing(1, Retry("busy")), wait=stopped, log=silent())
