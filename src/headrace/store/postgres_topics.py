"""Word of what changed, to and from the other processes on one PostgreSQL database."""

from __future__ import annotations

import selectors
import socket
import threading
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from time import monotonic

import psycopg

from headrace.store import postgres
from headrace.store.postgres import Lost, Postgres

_CHANNEL = "headrace"
_PAUSE_S = 1.0
# Between two times of telling: of topics that come in bursts the first is told at once, the others together.
_BREATH_S = 0.02


class Exchange:
    """Tells other processes of topics and hears theirs, on a thread and a connection of its own.

    What is announced or told while the connection is down is lost, so who listens also looks by itself. Not part of
    the transactions: a NOTIFY in one would let the server commit only one of them at a time.
    """

    def __init__(self, connect: Callable[[], Postgres], hear: Callable[[Iterable[str]], None]) -> None:
        self._connect = connect
        self._hear = hear
        self._name = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._tell_at_s = 0.0
        self._closed = threading.Event()
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._there.setblocking(False)  # noqa: FBT003 - see above
        self.is_listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="headrace-store-topics", daemon=True)
        self._thread.start()

    def announce(self, topics: Iterable[str]) -> None:
        """Tell the other processes, soon; topics that wait together are told once each."""
        with self._lock:
            is_first = not self._waiting
            self._waiting |= set(topics)
        if is_first:
            self._wake()

    def close(self) -> None:
        """Tell what waits, then end."""
        self._closed.set()
        self._wake()
        self._thread.join()
        self._here.close()
        self._there.close()

    def _wake(self) -> None:
        try:
            self._here.send(b"!")
        except BlockingIOError:  # pragma: no cover - it is awake already
            return

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                with closing(self._connect()) as connection, postgres.lost(connection):
                    # What is told is lost with the server anyhow: no reason to wait for its disk.
                    connection.execute("SET synchronous_commit = off")
                    connection.execute(f"LISTEN {_CHANNEL}")
                    self.is_listening.set()
                    self._exchange(connection)
            except (Lost, psycopg.Error):
                # Nobody need be told: the next transaction of anybody says what is wrong.
                self.is_listening.clear()
                self._closed.wait(_PAUSE_S)

    def _exchange(self, connection: Postgres) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._there, selectors.EVENT_READ)
            selector.register(connection.fileno(), selectors.EVENT_READ)
            while not self._closed.is_set():
                pause_s = self._tell(connection)
                self._listen(connection)
                selector.select(pause_s)
                self._calm()
            self._tell_at_s = 0.0
            self._tell(connection)

    def _calm(self) -> None:
        try:
            while self._there.recv(4096):
                pass
        except BlockingIOError:
            return

    def _tell(self, connection: Postgres) -> float | None:
        """Tell what waits, or say after how many seconds that is due; None: once anything waits."""
        pause_s = self._tell_at_s - monotonic()
        if pause_s > 0:
            return pause_s if self._waiting else None
        with self._lock:
            topics, self._waiting = self._waiting, set()
        for topic in sorted(topics):
            connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, f"{self._name} {topic}"))
            self._tell_at_s = monotonic() + _BREATH_S
        return None

    def _listen(self, connection: Postgres) -> None:
        heard = {note.payload.partition(" ")[::2] for note in connection.notifies(timeout=0)}
        if topics := {topic for name, topic in heard if name != self._name}:
            self._hear(topics)
