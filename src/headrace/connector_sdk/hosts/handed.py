"""The secrets that connectors know, and texts without them."""

from __future__ import annotations

import threading
from collections.abc import Iterable

_HIDDEN = "[redacted]"
# Shorter values would take ordinary words out of sentences.
_SHORTEST = 6


class Handed:
    """The values that were handed out since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: tuple[str, ...] = ()

    def add(self, values: Iterable[str]) -> None:
        """Hide these values from now on."""
        new = {value for value in values if len(value) >= _SHORTEST}
        with self._lock:
            if not new <= set(self._values):
                # The longest first: one may be a part of another.
                self._values = tuple(sorted(new | set(self._values), key=len, reverse=True))

    def hide(self, text: str) -> str:
        """The text without any of the values."""
        for value in self._values:
            text = text.replace(value, _HIDDEN)
        return text
