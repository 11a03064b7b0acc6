"""Modules that take long to load, and are loaded where they are first used."""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """Stands for the module of that name. It is imported for type checkers alone.

    if TYPE_CHECKING:
        import httpx
    else:
        httpx = Later("httpx")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)
