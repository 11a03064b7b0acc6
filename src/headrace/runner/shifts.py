"""When it is this process that tells a receiver of runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from headrace.clock import Clock
from headrace.store import instants, receivers
from headrace.store.store import Store
from headrace.store.tx import Tx

# How long a process that fell silent keeps a receiver: longer than one delivery takes.
LENGTH_S = 15.0


class OthersShift(Exception):
    """Another process tells the receiver now."""


class Shift:
    """The right to tell one receiver, among all processes on one database. Alone on a store, it is always held."""

    def __init__(self, store: Store, clock: Clock, receiver: str, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._receiver = receiver
        self._owner = owner
        self._taken_at_s = 0.0

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold it for the block. Raises OthersShift."""
        self._take()
        try:
            yield
        finally:
            if self._store.is_shared:
                self._store.write(lambda tx: receivers.give_back(tx, self._receiver, owner=self._owner)).result()

    def keep(self) -> None:
        """Hold it on, before each delivery. Raises OthersShift where it was lost."""
        if self._clock.elapsed_s() - self._taken_at_s > LENGTH_S / 3:
            self._take()

    def _take(self) -> None:
        if not self._store.is_shared:
            return
        asked_at_s = self._clock.elapsed_s()
        if not self._store.write(self._taken).result():
            raise OthersShift
        self._taken_at_s = asked_at_s

    def _taken(self, tx: Tx) -> bool:
        now_ms = instants.now_ms(tx)
        until_ms = now_ms + int(LENGTH_S * 1000)
        return receivers.take(tx, self._receiver, owner=self._owner, now_ms=now_ms, until_ms=until_ms)
