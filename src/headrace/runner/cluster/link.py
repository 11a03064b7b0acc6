"""A worker's line to its driver process, and through it to the cluster."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from headrace.engine.results import SplitResult
from headrace.runner.cluster.messages import (
    Beat,
    Cancel,
    ClusterAway,
    ClusterUnusable,
    Ended,
    Failure,
    Found,
    Look,
    Machine,
    Run,
)

Answer = SplitResult | Failure | tuple[Found, ...]

_REACHED_WITHIN_S = 5.0
# A start of the driver imports Ray and asks for the whole cluster.
_CONNECTED_WITHIN_S = 60.0
# The driver beats every two seconds, as long as the cluster answers it.
_SILENT_S = 30.0
_LETS_GO_S = 5.0
# Its own default is a minute, in which every split would be waited for.
_RAYS_PATIENCE = {"RAY_gcs_rpc_server_reconnect_timeout_s": "15", "RAY_USAGE_STATS_ENABLED": "0"}


class Link:
    """A driver process that is connected, until it or the cluster is lost; usable from any thread.

    Raises ClusterAway if nothing is there, ClusterUnusable if it can't be connected to what is. `log` is a file for
    what the process prints.
    """

    def __init__(self, address: str, log: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._address = address
        self._log = log
        _must_answer(address)
        ours, theirs = socket.socketpair()
        with closing(theirs), log.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headrace.runner.cluster.driver", str(theirs.fileno()), address],
                env=_RAYS_PATIENCE | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                # Ctrl-C is for the worker, which then hangs up.
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self._tickets = itertools.count(1)
        self._waiting: dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._away: ClusterAway | None = None
        self._machines: tuple[Machine, ...] = ()
        self._await_first_beat()
        self._reader = threading.Thread(target=self._read_until_lost, name="cluster", daemon=True)
        self._reader.start()

    @property
    def is_lost(self) -> bool:
        """Whether another one is needed."""
        return self._away is not None

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The nodes that the cluster had at its last answer."""
        return self._machines

    def ask(self, asking: Callable[[int], Run | Look]) -> tuple[Future[Answer], Callable[[], None]]:
        """Send what is made from a new ticket; its answer to come, ClusterAway if none will, and what cancels it."""
        answer = Future[Answer]()
        with self._lock:
            if self._away is not None:
                raise self._away
            ticket = next(self._tickets)
            self._waiting[ticket] = answer
            self._send(asking(ticket))
        return answer, lambda: self._cancel(ticket)

    def close(self) -> None:
        """Hang up; what the driver still has running is ended by Ray."""
        with self._lock, suppress(OSError):
            # Not closed while the other thread reads: its descriptor may be another's by then.
            _shut(self._connection)
        self._end(_LETS_GO_S)

    def _cancel(self, ticket: int) -> None:
        with self._lock:
            if self._away is None and ticket in self._waiting:
                self._send(Cancel(ticket))

    def _send(self, message: Run | Look | Cancel) -> None:
        # Where it is lost, the thread that reads sees it too, and tells everybody who waits.
        with suppress(OSError):
            self._connection.send(message)

    def _await_first_beat(self) -> None:
        if not self._connection.poll(_CONNECTED_WITHIN_S):
            self._end(0)
            raise ClusterUnusable(
                f"The Ray cluster at {self._address} gave no answer in {_CONNECTED_WITHIN_S:g} seconds"
            )
        try:
            self._hear(self._connection.recv())
        except (EOFError, OSError):
            self._end(_LETS_GO_S)
            raise ClusterUnusable(f"The Ray cluster at {self._address} can't be used: {self._reason()}") from None

    def _read_until_lost(self) -> None:
        reason, patience_s = "its driver ended", _LETS_GO_S
        try:
            while self._connection.poll(_SILENT_S):
                self._hear(self._connection.recv())
            reason, patience_s = f"it was silent for {_SILENT_S:g} seconds", 0
        except (EOFError, OSError):
            pass
        with self._lock:
            self._away = ClusterAway(f"The Ray cluster at {self._address} was lost: {reason}")
            waiting, self._waiting = self._waiting, {}
        self._end(patience_s)
        for answer in waiting.values():
            answer.set_exception(self._away)

    def _hear(self, message: Beat | Ended) -> None:
        if isinstance(message, Beat):
            self._machines = message.machines
            return
        with self._lock:
            answer = self._waiting.pop(message.ticket, None)
        if answer is not None:
            answer.set_result(message.answer)

    def _end(self, patience_s: float) -> None:
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _reason(self) -> str:
        printed = self._log.read_text(encoding="utf-8", errors="replace")
        if "AuthToken" in printed or "Unauthenticated" in printed:
            return "it wants its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN if ~/.ray/auth_token has it not"
        lines = printed.strip().splitlines() or ["its driver ended without a word"]
        return f"{lines[-1]}. All that Ray said is in {self._log}"


def _shut(connection: Connection) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _must_answer(address: str) -> None:
    """Ray itself would look for minutes for a head that is not there."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    if parts.port is None or parts.hostname is None:
        return
    try:
        socket.create_connection((parts.hostname, parts.port), _REACHED_WITHIN_S).close()
    except OSError as error:
        raise ClusterAway(
            f"Nothing answers at {address}, where HEADRACE_RAY_ADDRESS says a Ray cluster is: {error.strerror or error}"
        ) from None
