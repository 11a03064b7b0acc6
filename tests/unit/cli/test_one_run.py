"""One run whose store takes no more: nobody but the caller would ever learn of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from headrace.backend import Backend
from headrace.cli.one_run import OneRun
from headrace.errors import InternalServerException
from headrace.settings import Settings
from headrace.store.store import Store
from tests.unit.cli.documents import flow_document


class FullStore:
    """A store that takes no more once it is told that it is full."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_full = False

    def write(self, work: Callable[[Any], Any]) -> Future[Any]:
        def act(tx: Any) -> Any:
            done = work(tx)
            # The end of an execution is what it has no room for.
            if self.is_full and done is True:
                raise InternalServerException("The disk is full. Make room, then try again.")
            return done

        return self._store.write(act)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_run_that_can_not_be_settled_ends_with_the_reason(data: Path) -> None:
    stores: list[FullStore] = []

    def around(store: Store) -> Any:
        stores.append(FullStore(store))
        return stores[0]

    backend = Backend(Settings(data=data), around_store=around, environment={})
    backend.start()
    try:
        run = OneRun(backend, flow_document())
        run.save_flow()
        stores[0].is_full = True
        with pytest.raises(InternalServerException, match="The disk is full"):
            run.follow(run.start(), lambda _: None)
    finally:
        backend.stop()


def test_every_look_at_a_run_knows_how_much_there_is_once_the_source_was_listed(data: Path) -> None:
    seen: list[int] = []
    backend = Backend(Settings(data=data), environment={})
    backend.start()
    try:
        run = OneRun(backend, flow_document())
        run.save_flow()
        for _ in range(2):
            last = run.follow(run.start(), lambda look: seen.append(look.source_bytes))
            assert last.source_bytes == last.counts.bytes_read > 0
    finally:
        backend.stop()
    assert set(seen) <= {0, seen[-1]}
