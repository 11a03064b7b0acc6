"""What is to survive a power failure."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: str | Path) -> None:
    """Return once what was written to the file, or the names in the folder, would survive. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
