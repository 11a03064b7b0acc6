"""A Python handler in processes of its own: restarted when one dies, bounded in time and memory."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

from headrace.connector_sdk.hosts import Bounds, OnLine, Request, client_context
from headrace.connector_sdk.lambda_answers import NO_VALID_RESPONSE, as_object, spoken
from headrace.errors import Retry, Stop

_CHILD = Path(__file__).with_name("child.py")
_LENGTH = struct.Struct(">Q")
_LONGEST_LINE_BYTES = 8192
_LAST_LINES = 5
# The line that comes before and after what is printed for a request.
_MARK = "\0"
# How long a process that closed its channel may take to end, and one that has ended to have its last lines read.
_LAST_WORDS_S = 5.0


@dataclass(frozen=True, slots=True)
class Handler:
    """A connector's handler.

    `name` is `module:function`, `python` the interpreter that has the connector's packages, `folder` where its
    modules lie.
    """

    name: str
    python: str
    folder: Path


class ProcessHost:
    """Runs a handler; each call has a process to itself, as on Lambda, and at most `most` run at once."""

    def __init__(
        self,
        handler: Handler,
        *,
        environment: Mapping[str, str],
        bounds: Bounds,
        on_line: OnLine,
        most: int = 4,
    ) -> None:
        self._handler = handler
        self._environment = dict(environment)
        self._bounds = bounds
        self._on_line = on_line
        self._slots = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._is_closed = False

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        """See Host."""
        context = None if batch_key is None else client_context(batch_key)
        body = json.dumps([request, context]).encode()
        if len(body) > self._bounds.request_bytes:
            raise Stop(f"The request takes {len(body)} bytes; at most {self._bounds.request_bytes} are allowed.")
        with self._slots:
            process = self._take()
            try:
                answer = process.call(request, body)
            except BaseException:
                self._give_up(process)
                raise
            self._give_back(process)
        return answer

    def close(self) -> None:
        """See Host."""
        with self._lock:
            self._is_closed = True
            processes = [*self._idle, *self._busy]
            self._idle.clear()
        for process in processes:
            process.kill()

    def _take(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_ready():
                    self._busy.add(process)
                    return process
                process.kill()
            if self._is_closed:
                raise Retry("headrace is stopping.")
            process = _Process(self._handler, self._environment, self._bounds, self._on_line)
            self._busy.add(process)
        return process

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            self._busy.discard(process)
            if not self._is_closed:
                self._idle.append(process)

    def _give_up(self, process: _Process) -> None:
        with self._lock:
            self._busy.discard(process)
        process.kill()


class _Process:
    """One process; one call at a time."""

    def __init__(self, handler: Handler, environment: Mapping[str, str], bounds: Bounds, on_line: OnLine) -> None:
        self._name, self._bounds, self._on_line = handler.name, bounds, on_line
        self._asked: deque[Request] = deque()
        self._is_started = self._is_killed = False
        # Where several nodes run flows, each needs the connector's program.
        self._where = f"on {socket.gethostname()} in {handler.folder}"
        self._killing = threading.Lock()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._channel, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), handler.name, str(bounds.timeout_s), str(bounds.memory_bytes)]
        try:
            self._process = subprocess.Popen(
                [handler.python, "-u", str(_CHILD), *arguments],
                cwd=handler.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self._channel.close()
            raise Stop(
                f"The connector {handler.name} can't be started with {handler.python} {self._where}: {error}."
            ) from None
        finally:
            theirs.close()
        output = self._process.stdout
        self._reader = threading.Thread(target=self._read_lines, args=(output,), daemon=True)
        self._reader.start()

    def is_ready(self) -> bool:
        """Whether an idle process can be asked.

        One that dies closes its channel before its exit code can be had, and one may live on without its channel.
        """
        if self._process.poll() is not None:
            return False
        # Nothing was asked, so all there can be to read is the end.
        channel = select.poll()
        channel.register(self._channel, select.POLLIN)
        return not channel.poll(0)

    def call(self, request: Request, body: bytes) -> object:
        """The answer; whatever is raised, the process is not to be used again."""
        until = monotonic() + self._bounds.timeout_s
        what = f"{request.get('type')}"
        try:
            if not self._is_started:
                self._understood(*self._receive(until), what=f"being started {self._where}")
                self._is_started = True
            self._asked.append(request)
            self._channel.settimeout(self._bounds.timeout_s)
            self._channel.sendall(_LENGTH.pack(len(body)) + body)
            return self._understood(*self._receive(until), what=what)
        except TimeoutError:
            raise Retry(
                f"The connector {self._name} did not answer {what} within {self._bounds.timeout_s:g} s"
                f" (HEADRACE_CONNECTOR_TIMEOUT), so its process was ended.{self._last_words()}"
            ) from None
        except OSError:
            raise self._died(what) from None

    def kill(self) -> None:
        """End the process and all that it started."""
        with self._killing:
            if self._is_killed:
                # Its id may be another's by now.
                return
            self._is_killed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _understood(self, kind: bytes, body: bytes, *, what: str) -> object:
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Stop(f"{NO_VALID_RESPONSE} What {self._name} answered is no JSON: {error}") from None
        if kind == b"R":
            raised = as_object(found) or {}
            words = spoken(f"{raised.get('errorType')}: {raised.get('errorMessage')}")
            raise Stop(f"The connector {self._name} raised {words} ({what}). Its log has the traceback.")
        return found

    def _receive(self, until: float) -> tuple[bytes, bytes]:
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, until))
        if length - 1 > self._bounds.answer_bytes:
            raise Stop(
                f"{NO_VALID_RESPONSE} The connector {self._name} answered {length - 1} bytes; at most"
                f" {self._bounds.answer_bytes} are allowed. Let it answer smaller pages."
            )
        return self._exactly(1, until), self._exactly(length - 1, until)

    def _exactly(self, count: int, until: float) -> bytes:
        parts: list[bytes] = []
        while count:
            self._channel.settimeout(max(until - monotonic(), 0.001))
            part = self._channel.recv(min(count, 1 << 20))
            if not part:
                raise ConnectionResetError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _died(self, what: str) -> Retry:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS_S)
        code = self._process.poll()
        how = "closed its channel" if code is None else _ended(code)
        return Retry(f"The process of the connector {self._name} {how} while it answered {what}.{self._last_words()}")

    def _last_words(self) -> str:
        if self._process.poll() is not None:
            self._reader.join(_LAST_WORDS_S)
        last = " | ".join(tuple(self._last))
        return f" It last said: {spoken(last)}" if last else ""

    def _read_lines(self, output: IO[bytes] | None) -> None:
        if output is None:
            return
        # Whom a line is for is told among the lines: the answer may be here before they are.
        request: Request | None = None
        with output:
            # Read in bounded pieces: a connector may print without ever ending a line.
            while line := output.readline(_LONGEST_LINE_BYTES):
                text = line.decode("utf-8", "replace").rstrip()
                if text == _MARK:
                    request = self._asked.popleft() if request is None and self._asked else None
                elif text:
                    self._last.append(text)
                    self._on_line(text, request)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
