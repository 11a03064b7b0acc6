"""Waiting for a PostgreSQL server that is not up yet, as where it is started together with headrace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from headrace.errors import HeadraceError

T = TypeVar("T")

_PAUSE_S = 0.5
# What libpq says, in words alone, of a server that may be up a little later. A wrong password is not waited for.
_NOT_UP_YET = (
    "refused",
    "starting up",
    "shutting down",
    "timeout",
    "could not translate host name",
    "failed to resolve host",
)


class Lost(HeadraceError):
    """The server can't be spoken to; the transaction that was under way, if any, was not committed."""


class Waiting:
    """How long to wait, 0: not at all; `tell` is told once, of what."""

    def __init__(self, patience_s: float = 0.0, tell: Callable[[str], None] = lambda _: None) -> None:
        self._patience_s = patience_s
        self._tell = tell

    def until_up(self, work: Callable[[], T]) -> T:
        """Do the work, again for as long as the server is not up yet; raises Lost as the work does in the end."""
        given_up_at_s, tell = monotonic() + self._patience_s, self._tell
        while True:
            try:
                return work()
            except Lost as error:
                if monotonic() + _PAUSE_S > given_up_at_s or not any(each in error.message for each in _NOT_UP_YET):
                    raise
                tell(" ".join(error.message.split()))
                tell = _silent
            threading.Event().wait(_PAUSE_S)


def _silent(_: str) -> None:
    return


NO_WAITING = Waiting()
