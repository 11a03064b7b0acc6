"""Programs started for a test: each in its own process group, none outliving it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from random import SystemRandom
from threading import Condition, Event, Thread
from time import monotonic
from typing import IO, TypeVar

T = TypeVar("T")

# How long a test waits for what has to come: a bound for what hangs, which a slow and busy machine never reaches.
PATIENCE_S = 120.0
# Of its own: two test runs at once draw different ports.
_CHANCE = SystemRandom()


class Program:
    """A running program whose output is kept line by line.

    `close` kills its whole process group, so what it started goes with it.
    """

    def __init__(self, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path | None = None) -> None:
        self.lines: list[str] = []
        self._changed = Condition()
        self._process = subprocess.Popen(
            [str(part) for part in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        streams = [stream for stream in (self._process.stdout, self._process.stderr) if stream is not None]
        self._open = len(streams)
        self._readers = [Thread(target=self._read, args=(stream,), daemon=True) for stream in streams]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        with self._changed:
            return "\n".join(self.lines)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def find(self, pattern: str, *, timeout_s: float = PATIENCE_S) -> re.Match[str]:
        """The first match in any line, waited for; AssertionError with the output if none comes in time."""
        expression = re.compile(pattern)

        def found() -> re.Match[str] | None:
            return next((match for line in self.lines if (match := expression.search(line))), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or not self._open, timeout_s)
            match = found()
        assert match, f"no line matched {pattern!r} within {timeout_s} s; the output was:\n{self.output}"
        return match

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """The exit code, once all output is there; AssertionError with the output if it does not end in time."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s; the output was:\n{self.output}") from None
        self._read_to_the_end()
        return code

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._read_to_the_end()

    def _read_to_the_end(self) -> None:
        for reader in self._readers:
            reader.join(PATIENCE_S)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nothing listens on, all different.

    Below those that the system hands out by itself, and above those of Ray, 23,000 to 23,999: one of these may be
    another program's a moment later.
    """
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            port = _CHANCE.randrange(24_000, 32_000)
            with suppress(OSError):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                found.append(port)
    return found


def until(what: Callable[[], T | None], *, timeout_s: float = PATIENCE_S, every_s: float = 0.05) -> T:
    """Ask until there is an answer that is true; AssertionError when none came in time."""
    end, pause = monotonic() + timeout_s, Event()
    while not (answer := what()):
        assert monotonic() < end, f"{getattr(what, '__name__', what)}: still {answer!r} after {timeout_s} s"
        pause.wait(every_s)
    return answer


def plain_environment(*keep: str, **more: str) -> dict[str, str]:
    """The environment of a started program: no credentials or settings of whoever runs the tests."""
    kept: Iterable[str] = ("PATH", "PYTHONPATH", "LANG", "TMPDIR", *keep)
    return {name: os.environ[name] for name in kept if name in os.environ} | more
