"""Somebody's program as a process: its lines within bounds, its end explained in its own words."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

from headrace.connector_sdk.hosts import Bounds, OnLine, Request
from headrace.connector_sdk.hosts.adapters.tender import NOT_STARTED
from headrace.connector_sdk.lambda_answers import spoken
from headrace.errors import ConnectorError, Retry, Stop

_TENDER = Path(__file__).with_name("tender.py")
_READ_BYTES = 1 << 18
_LONGEST_LINE_BYTES = 16 * 1024 * 1024
_LONGEST_WORDS_BYTES = 8192
_LAST_LINES = 20
# How long a program that has closed its output may take to end, and to have its last words read.
_ENDING_S = 10.0
_PYTHON = re.compile(r"python[\d.]*")
# What the last line of a traceback looks like: the program's own words for what went wrong.
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Failure|Refused|Timeout)\b.*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every run of a program is given: its folder and environment, its bounds, where its words go.

    `scratch` is a folder of headrace's for files with credentials.
    """

    folder: Path
    environment: Mapping[str, str]
    bounds: Bounds
    scratch: Path
    on_line: OnLine


class Program:
    """A program that runs from its construction on, in a process group of its own. One thread reads its lines.

    `files` are texts by name; an argument that is a name of one of them becomes its path. They may hold
    credentials: only headrace's user may read them, and they are gone when the program has ended. Raises Stop where
    there is no such program.
    """

    def __init__(
        self, command: Sequence[str], surroundings: Surroundings, files: Mapping[str, str], request: Request | None
    ) -> None:
        self.name = name_of(command)
        self._given, self._request = surroundings, request
        if shutil.which(command[0]) is None:
            raise Stop(f"There is no program {command[0]}. Install it there, or host the connector anew.")
        self._files = _written(files, surroundings.scratch)
        self._killing = threading.Lock()
        self._is_killed = False
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._begun: list[bytes] = []
        self._begun_bytes = 0
        self._process = self._start([str(self._files / word) if word in files else word for word in command])
        self._output = _piped(self._process.stdout)
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN | select.POLLHUP)
        self._words = threading.Thread(target=self._read_words, args=(_piped(self._process.stderr),), daemon=True)
        self._words.start()

    def lines(self, wait_s: float) -> list[bytes] | None:
        """The next whole lines of the standard output; none where `wait_s` went by without one, None at its end.

        Raises Stop for a line beyond all bounds.
        """
        until = monotonic() + wait_s
        while True:
            # POSIX has no time-out below a millisecond; rounded up, so that waiting never spins.
            if not self._poll.poll(max(int((until - monotonic()) * 1000) + 1, 1)):
                return []
            part = os.read(self._output.fileno(), _READ_BYTES)
            if not part:
                return self._rest()
            if found := self._whole(part):
                return found
            if monotonic() >= until:
                return []

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """How it ended, after its output did: see `subprocess.Popen.returncode`. None: it goes on without output."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        return self._process.poll()

    def failure(self, what: str, code: int | None) -> ConnectorError:
        """The error that an end with this exit code is, in the program's words; Retry where it was killed."""
        if code is None:
            return Retry(f"{self.name} closed its output and did not end ({what}).{self.last_words()}")
        if code < 0:
            return Retry(f"{self.name} was killed by {_signal(-code)} ({what}).{self.last_words()}")
        if code == NOT_STARTED:
            return Stop(f"{self.name} can't be started.{self.last_words()}")
        return Stop(f"{self.name} ended with exit code {code} ({what}).{self.last_words()}")

    def last_words(self) -> str:
        """What it said last on standard error, as a sentence; the error that it raised, if there is one."""
        self._words.join(_ENDING_S if self._process.poll() is not None else 0)
        said = list(self._last)
        raised = [line for line in said if _RAISED.match(line)]
        words = spoken(raised[-1] if raised else " | ".join(said[-5:]))
        return f" It said: {words}" if words else ""

    def tell(self, words: str) -> None:
        """Put words of the program into the log."""
        for line in words.splitlines():
            if line.strip():
                self._given.on_line(line[:_LONGEST_WORDS_BYTES].rstrip(), self._request)

    def kill(self) -> None:
        """End it and all that it started, and remove its files."""
        with self._killing:
            if self._is_killed:
                # Its id may be another's by now.
                return
            self._is_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        shutil.rmtree(self._files, ignore_errors=True)

    def close(self) -> None:
        """As `kill`, by the thread that reads its lines."""
        self.kill()
        self._output.close()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        given = self._given
        tender = [sys.executable, "-I", "-S", str(_TENDER), str(given.bounds.memory_bytes), str(self._files)]
        try:
            return subprocess.Popen(
                [*tender, *command],
                cwd=given.folder,
                # Each thread of glibc would reserve address space for itself, which the bound on memory counts.
                env={"MALLOC_ARENA_MAX": "2", **given.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            shutil.rmtree(self._files, ignore_errors=True)
            raise Stop(f"{self.name} can't be started in {given.folder}: {error}.") from None

    def _whole(self, part: bytes) -> list[bytes]:
        self._begun_bytes += len(part)
        self._begun.append(part)
        if b"\n" not in part:
            if self._begun_bytes > _LONGEST_LINE_BYTES:
                raise Stop(
                    f"{self.name} printed a line of more than {_LONGEST_LINE_BYTES} bytes. It begins:"
                    f" {spoken(b''.join(self._begun)[:200].decode('utf-8', 'replace'))}"
                )
            return []
        *found, rest = b"".join(self._begun).split(b"\n")
        self._begun, self._begun_bytes = [rest], len(rest)
        return [line for line in found if line]

    def _rest(self) -> list[bytes] | None:
        rest, self._begun = b"".join(self._begun), []
        return [rest] if rest else None

    def _read_words(self, output: IO[bytes]) -> None:
        with output:
            # Read in bounded pieces: a program may print without ever ending a line.
            while line := output.readline(_LONGEST_WORDS_BYTES):
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._last.append(text)
                    self._given.on_line(text, self._request)


def name_of(command: Sequence[str]) -> str:
    """What people know the program by: a script by its own name, not by Python's."""
    is_script = len(command) > 1 and _PYTHON.fullmatch(Path(command[0]).name) is not None and command[1][:1] != "-"
    return Path(command[1] if is_script else command[0]).name


def _written(files: Mapping[str, str], scratch: Path) -> Path:
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(dir=scratch))
    for name, text in files.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    return folder


def _piped(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise ValueError("the process was started without this pipe")
    return end


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
