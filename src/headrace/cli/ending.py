"""The end of the process, without what Python does for whoever goes on: memory goes with it."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

# What Python itself exits with where its last output can't be written.
_UNWRITTEN = 120


class Ending:
    """To be made first: what is to be done at the exit of the process is done before its own, in reverse order."""

    def __init__(self) -> None:
        self._code: int | None = None
        atexit.register(self._end)

    def leave(self, code: int) -> NoReturn:
        """Exit, once threads have ended and everything that asked to be called at the exit was."""
        self._code = code
        sys.exit(code)

    def _end(self) -> None:
        if self._code is None:
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            # Whoever read it is gone.
            os._exit(_UNWRITTEN)
        os._exit(self._code)
