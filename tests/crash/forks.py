"""Acts in processes of their own, forked from one that has everything imported: killed at a moment, or not."""

from __future__ import annotations

import multiprocessing
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.crash.moments import Moments
from tests.standins.processes import PATIENCE_S

# The moment at which nothing is killed: the process comes to its end.
NEVER = 0
# What others import only when it is needed first: a quarter of what a process takes.
_IMPORTED_LATE = ["httpcore", "certifi", "encodings.utf_8_sig", "headrace.connectors.s3"]
Tell = Callable[[str, Any], None]
# What is done in a folder; it tells what callers were answered and how executions ended.
Act = Callable[[Path, Moments, Tell], None]


@dataclass
class Ended:
    """What a process said of itself until its end: its moments, answers that callers got, and how executions ended."""

    code: int | None = None
    moments: list[str] = field(default_factory=list[str])
    answers: list[str] = field(default_factory=list[str])
    executions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def started(self) -> list[str]:
        """The executions that callers were told of."""
        return [answer for answer in self.answers if answer.startswith("StartFlow: ")]


class Forks:
    """Forks processes from one that runs no thread; from several threads at once."""

    def __init__(self) -> None:
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["pytest", "tests.crash.scenarios", *_IMPORTED_LATE])
        # The module looks after all its processes whenever it starts one, and would take another's exit code.
        self._starting = threading.Lock()

    def play(self, act: Act, folder: Path, kill_at: int = NEVER) -> Ended:
        """Act in the folder, in a process that is killed at that moment."""
        hearing, saying = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_act, args=(act, folder, kill_at, saying), daemon=True)
        with self._starting:
            process.start()
        saying.close()
        ended = _heard(hearing)
        wait([process.sentinel], PATIENCE_S)
        with self._starting:
            ended.code = process.exitcode
        return ended


def _heard(hearing: Any) -> Ended:
    ended = Ended()
    while True:
        assert hearing.poll(PATIENCE_S), f"nothing was said for {PATIENCE_S} s after {ended}"
        try:
            kind, what = hearing.recv()
        except EOFError:
            return ended
        assert kind != "failed", what
        getattr(ended, kind).append(what)


def _act(act: Act, folder: Path, kill_at: int, saying: Any) -> None:
    lock = threading.Lock()

    def tell(kind: str, what: Any) -> None:
        with lock:
            saying.send((kind, what))

    moments = Moments(partial(tell, "moments"), kill_at)
    moments.watch_files(folder / "data")
    try:
        act(folder, moments, tell)
    except BaseException:  # Boundary: a process of its own has nobody else to tell
        tell("failed", traceback.format_exc())
        raise
