"""Which headrace this is; apart, because looking it up takes as long as the rest of `--help`."""

from __future__ import annotations

import importlib.metadata


def version() -> str:
    """The version that is installed; "unknown" where headrace is run without being installed."""
    try:
        return importlib.metadata.version("headrace")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
