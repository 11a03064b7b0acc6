"""The secrets that connectors know, and texts without them."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from headrace.connector_sdk.http.redaction import HIDDEN, forms_of

# Shorter values would take ordinary words out of sentences.
_SHORTEST = 6


class Handed:
    """The values that were handed out since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: tuple[str, ...] = ()

    def add(self, values: Iterable[str]) -> None:
        """Hide these values from now on, in every form in which a request may carry them."""
        new = {form for value in values if len(value) >= _SHORTEST for form in forms_of(value)}
        with self._lock:
            if not new <= set(self._values):
                # The longest first: one may be a part of another.
                self._values = tuple(sorted(new | set(self._values), key=len, reverse=True))

    def hide(self, text: str) -> str:
        """The text without any of the values."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        return text
