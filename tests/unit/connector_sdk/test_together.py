"""Calls some at a time."""

from __future__ import annotations

import threading

import pytest

from headrace.connector_sdk.together import together
from tests.standins.processes import PATIENCE_S


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_each_call_is_made_once_with_its_arguments(count: int) -> None:
    made: list[tuple[int, str]] = []
    together([(lambda *given: made.append(given), number, "x") for number in range(count)], at_a_time=4)
    assert sorted(made) == [(number, "x") for number in range(count)]


def test_some_wait_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=PATIENCE_S)
    together([(both.wait,), (both.wait,)], at_a_time=2)


@pytest.mark.parametrize("count", [1, 40])
def test_what_the_first_that_fails_raises_comes_out(count: int) -> None:
    def call(number: int) -> None:
        if number == 0:
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        together([(call, number) for number in range(count)], at_a_time=4)


@pytest.mark.parametrize("count", [1, 40])
def test_what_a_call_does_not_find_is_no_end_of_the_calls(count: int) -> None:
    def call() -> None:
        raise IndexError("nothing there")

    with pytest.raises(IndexError, match="nothing there"):
        together([(call,) for _ in range(count)], at_a_time=4)
