"""What is done again and again beside something else."""

from __future__ import annotations

import threading

import pytest

from headrace.repeating import repeating
from tests.standins.processes import PATIENCE_S


def test_it_is_done_again_and_again_until_the_block_ends() -> None:
    thrice, done = threading.Event(), list[str]()

    def act() -> None:
        done.append(threading.current_thread().name)
        if len(done) == 3:
            thrice.set()

    with repeating(act, 0.001, "again"):
        assert thrice.wait(PATIENCE_S)
    assert set(done) == {"again"}
    assert "again" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_with_a_block_that_fails_before_it_was_done_once() -> None:
    with pytest.raises(ValueError, match="so it is"), repeating(lambda: pytest.fail("too early"), 3600, "again"):
        raise ValueError("so it is")
    assert "again" not in {thread.name for thread in threading.enumerate()}
