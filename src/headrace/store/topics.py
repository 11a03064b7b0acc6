"""Who is told what of the store has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

Listener = Callable[[str], None]


class Topics:
    """The listeners of one store."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._changing = threading.Lock()

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with each topic from now on; the answer ends that."""
        with self._changing:
            self._listeners = [*self._listeners, listener]

        def unwatch() -> None:
            with self._changing:
                self._listeners = [known for known in self._listeners if known is not listener]

        return unwatch

    def announce(self, topics: Iterable[str]) -> None:
        """Tell every listener of every topic."""
        found = tuple(topics)
        for listener in self._listeners:
            for topic in found:
                listener(topic)
