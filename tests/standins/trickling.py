"""Copies that come little by little, as they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from headrace.connector_sdk.contract import LocalFile


class Trickle:
    """What comes of `content` to the file at `path`: each time that more is waited for, `step` bytes of it.

    `fails`: what is raised in the place of the byte `until`; without, what is behind that byte never comes.
    """

    def __init__(
        self, path: Path, content: bytes, step: int, *, until: int | None = None, fails: Exception | None = None
    ) -> None:
        self._path = path
        self._content = content
        self._step = step
        self._until = len(content) if until is None else until
        self._fails = fails
        self._lock = threading.Lock()
        self._there = 0
        self.asked: list[int] = []
        path.touch()

    def there(self, least_bytes: int, timeout_s: float) -> int:
        """See Coming."""
        with self._lock:
            self.asked.append(least_bytes)
            if self._there < least_bytes and self._there == self._until:
                if self._fails:
                    raise self._fails
                threading.Event().wait(timeout_s)
            elif self._there < least_bytes:
                begin, self._there = self._there, min(self._there + self._step, self._until)
                with self._path.open("ab") as stream:
                    stream.write(self._content[begin : self._there])
            return self._there


def trickling(files: Iterator[LocalFile] | list[LocalFile], folder: Path, step: int) -> list[LocalFile]:
    """The files as copies that are still coming."""
    found: list[LocalFile] = []
    for number, file in enumerate(files):
        path = folder / f"{number:06d}"
        found.append(replace(file, path=path, is_copy=True, coming=Trickle(path, file.path.read_bytes(), step)))
    return found
