"""Taps and connectors of others, where `make adapters` installed them: each in an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path


def adapter(environment: str, program: str) -> Path | None:
    """The program's path, None where it is not installed."""
    place = os.environ.get("APPFLOW_ADAPTERS")
    folder = Path(place) if place else Path.home() / ".cache" / "headrace" / "adapters"
    found = folder / environment / "bin" / program
    return found if found.exists() else None
