"""The secrets that connectors know, and texts without them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from time import monotonic

from headrace.connector_sdk.http.redaction import HIDDEN, forms_of

# Shorter values would take ordinary words out of sentences.
_SHORTEST = 6
# A token that was replaced is of no use after its time, and no connector speaks of it for longer than this.
_REPLACED_S = 24 * 3600
# So many of one owner are kept however long ago they were handed out: a password is good for as long as it is the last.
_LAST = 8
# Whoever was handed nothing for so long is not there any more.
_GONE_S = 30 * 24 * 3600

_Handing = tuple[str, frozenset[str]]


class Handed:
    """The values that were handed out, but for those of an owner that newer ones replaced long ago.

    Tokens are renewed every hour or so for as long as the process lives: to keep all of them would take ever more
    memory, and ever more time for each line that a connector prints.
    """

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        # When each was last handed out, the earliest first.
        self._handings: dict[_Handing, float] = {}
        self._values: tuple[str, ...] = ()

    def add(self, values: Iterable[str], owner: str = "") -> None:
        """Hide these values of the owner from now on, in every form in which a request may carry them."""
        handing = owner, frozenset(form for value in values if len(value) >= _SHORTEST for form in forms_of(value))
        with self._lock:
            is_new = self._handings.pop(handing, None) is None
            self._handings[handing] = self._now_s()
            if is_new:
                self._forget()
                forms = {form for _, each in self._handings for form in each}
                # The longest first: one may be a part of another.
                self._values = tuple(sorted(forms, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """The text without any of the values."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return text

    def _forget(self) -> None:
        now_s, newer = self._now_s(), Counter[str]()
        for handing, at_s in reversed(tuple(self._handings.items())):
            newer[handing[0]] += 1
            if now_s - at_s > (_REPLACED_S if newer[handing[0]] > _LAST else _GONE_S):
                del self._handings[handing]
