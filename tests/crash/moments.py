"""The moments of a process at which something becomes lasting: counted, and at a chosen one the process is killed.

Nobody lists them: each transaction that changes the store is one, before its commit and after it, and so is each
change of a file that Python announces to audit hooks, just before it is made.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import FrameType
from typing import Any

from headrace.store.store import Store

# Of what these say, the first argument or two are paths; `open` is looked at more closely.
_CHANGES = frozenset(
    {"open", "os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod"}
)
_WRITING = frozenset("wax+")
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# What is another text in each run: ids, and names that have a random part.
_RANDOM = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|[0-9a-f]{16,}|\btmp\w{8}\b")
_ROOMS = f"{os.sep}headrace{os.sep}"


class Moments:
    """Numbers moments from 1, tells each by its name, and kills this process at number `last` (0: at none)."""

    def __init__(self, tell: Callable[[str], None], last: int = 0) -> None:
        self._tell = tell
        self._last = last
        self._count = 0
        self._lock = threading.Lock()

    def pass_by(self, name: str) -> None:
        with self._lock:
            self._count += 1
            self._tell(name)
            if self._count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch_files(self, folder: Path) -> None:
        """Take every change of a file in the folder from now on for a moment; there is no way back."""
        beginning = f"{folder}{os.sep}"

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in _CHANGES and (name := _changed(event, arguments, beginning)):
                self.pass_by(f"before {event} {_RANDOM.sub('…', name)}")

        sys.addaudithook(hook)


class WatchedStore:
    """A store whose transactions that change anything are moments."""

    def __init__(self, store: Store, moments: Moments) -> None:
        self._store = store
        self._moments = moments

    def write(self, work: Callable[[Any], Any]) -> Future[Any]:
        name, pending = _asked_by(sys._getframe(1)), Future[Any]()
        watched: list[_WatchedTx] = []

        def act(tx: Any) -> Any:
            watched[:] = [_WatchedTx(tx)]
            done = work(watched[0])
            if watched[0].has_changed:
                self._moments.pass_by(f"before the commit of {name}")
            return done

        def durable(done: Future[Any]) -> None:
            if error := done.exception():
                pending.set_exception(error)
                return
            if watched[0].has_changed:
                self._moments.pass_by(f"after the commit of {name}")
            pending.set_result(done.result())

        self._store.write(act).add_done_callback(durable)
        return pending

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


# How a statement begins that changes nothing.
_READING = ("SELECT", "WITH")


class _WatchedTx:
    """A transaction that knows whether it changed anything."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.has_changed = False

    def rows(self, statement: Any, /, **values: Any) -> Any:
        self.has_changed |= not statement.sqlite.startswith(_READING)
        return self._tx.rows(statement, **values)

    def row(self, statement: Any, /, **values: Any) -> Any:
        self.has_changed |= not statement.sqlite.startswith(_READING)
        return self._tx.row(statement, **values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


def _changed(event: str, arguments: tuple[Any, ...], beginning: str) -> str | None:
    """What is changed, by its path in the folder; None: nothing there."""
    if event == "open" and not _is_writing(*arguments[1:]):
        return None
    path = arguments[0]
    if not isinstance(path, str | os.PathLike):
        return None
    text = os.fspath(path)
    # Relative to an open folder: shutil.rmtree removes so, in the order in which the file system lists.
    if not text.startswith(os.sep):
        return "in a folder" if event in {"os.remove", "os.rmdir"} else None
    return text.removeprefix(beginning) if text.startswith(beginning) else None


def _is_writing(mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be changed; a folder, to have it synced, is not."""
    return bool(_CHANGING & flags if mode is None else _WRITING.intersection(mode))


def _asked_by(frame: FrameType | None) -> str:
    """The functions of headrace, innermost first, that asked for a transaction."""
    names: list[str] = []
    while frame is not None and len(names) < 3:
        code = frame.f_code
        if _ROOMS in code.co_filename and "<lambda>" not in code.co_qualname:
            names.append(code.co_qualname)
        frame = frame.f_back
    return " in ".join(names)
