"""What connectors said of their entities, kept for as long as they said it holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

_MOST = 1000
# `own` is what a connector keeps for itself.
Kind = Literal["entities", "entity", "own"]


@dataclass(frozen=True, slots=True)
class Key:
    """One answer: the entities below a path (`name` None: the topmost), the definition of an entity, or another.

    `origin` is what the answer depends on beside: a profile that was changed or made anew is answered anew.
    """

    account: str
    region: str
    profile_name: str
    kind: Kind
    name: str | None
    api_version: str | None
    origin: Hashable = None
    connector_type: str = "CustomConnector"


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    until_ms: float


class MetadataCache:
    """At most a thousand answers; the oldest go first. Safe to use from several threads.

    Two that ask for the same thing at once may both ask the connector: the later answer stays.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._kept: dict[Key, _Kept] = {}
        # Grows with every reset: an answer that was asked for before one is not kept after it.
        self._resets = 0

    def get(self, key: Key, ask: Callable[[], tuple[Any, float]]) -> Any:
        """The kept answer, or that of `ask`, which also says for how many seconds it holds."""
        now_ms = self._now_ms()
        with self._lock:
            kept, resets = self._kept.get(key), self._resets
            if kept is not None and now_ms < kept.until_ms:
                return kept.value
        value, ttl_s = ask()
        with self._lock:
            self._kept.pop(key, None)
            if resets == self._resets:
                self._kept[key] = _Kept(value, now_ms + ttl_s * 1000)
                while len(self._kept) > _MOST:
                    self._kept.pop(next(iter(self._kept)))
        return value

    def forget(self, wanted: Callable[[Key], bool]) -> None:
        """Drop every answer whose key is wanted."""
        with self._lock:
            self._resets += 1
            for key in [key for key in self._kept if wanted(key)]:
                del self._kept[key]
