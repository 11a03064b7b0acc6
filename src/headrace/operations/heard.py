"""What connectors print, for whoever listens: a trial of a connector."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

_MOST = 10_000


class Heard:
    """Passes the lines of connectors on to those that listen. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening: list[tuple[str, deque[str]]] = []

    def add(self, lambda_arn: str, line: str) -> None:
        """A connector has printed a line."""
        with self._lock:
            for arn, lines in self._listening:
                if arn == lambda_arn:
                    lines.append(line)

    @contextmanager
    def listening(self, lambda_arn: str | None) -> Generator[deque[str]]:
        """The last lines that the connector prints during the block; None: those of nobody."""
        held = (lambda_arn or "", deque[str](maxlen=_MOST))
        with self._lock:
            self._listening.append(held)
        try:
            yield held[1]
        finally:
            with self._lock:
                self._listening = [each for each in self._listening if each is not held]
