"""Executions whose database goes away, or breaks off before it has said whether a change was kept."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import pytest

from headrace.errors import StoreAway
from headrace.model.states import State
from tests.standins.processes import PATIENCE_S, until
from tests.unit.runner.rig import TWO_SPLITS, Rig, expire


class BreaksOff:
    """The rig's store, but for one answer: that of the `at`-th change. `is_kept`: the change was made all the same."""

    def __init__(self, rig: Rig, at: int, *, is_kept: bool) -> None:
        self.read = rig.store.read
        self.watch = rig.store.watch
        self.is_shared = rig.store.is_shared
        self.came = threading.Event()
        self._write = rig.store.write
        self._left = at
        self._is_kept = is_kept

    def write(self, work: Any) -> Future[Any]:
        self._left -= 1
        if self._left:
            return self._write(work)
        if self._is_kept:
            self._write(work).result(PATIENCE_S)
        self.came.set()
        answer: Future[Any] = Future()
        answer.set_exception(StoreAway("the server was gone before it said whether the change was kept"))
        return answer


def run_with(rig: Rig, at: int, *, is_kept: bool) -> bool:
    """Run the queued execution to its end; whether it made so many changes that one broke off."""
    store = BreaksOff(rig, at, is_kept=is_kept)
    with rig.work(store=store) as worker:
        until(lambda: store.came.is_set() or rig.get().state is State.DONE)
        if store.came.is_set():
            until(lambda: not len(worker._leases))
            expire(rig)
        assert rig.settled().state is State.DONE, rig.get().message
    return store.came.is_set()


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("at", range(1, 7))
def test_an_execution_goes_on_whatever_change_of_it_was_not_answered(rig: Rig, at: int, *, is_kept: bool) -> None:
    rig.objects.objects = dict(TWO_SPLITS)
    rig.queue()
    # To claim, record splits, keep two results, begin to commit, settle.
    assert run_with(rig, at, is_kept=is_kept)
    assert rig.counts().balanced
    assert rig.counts().records_written == len(TWO_SPLITS)
    written = [line for text in rig.objects.output().values() for line in text.splitlines()]
    assert sorted(written) == sorted(text.strip() for text in TWO_SPLITS.values())
    with rig.work():
        # What it could not remove, for it did not know that it had settled, goes at the next start.
        assert rig.left_over() == []
