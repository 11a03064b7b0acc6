"""Requests over kept-alive connections, and what they cost the server in CPU."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What a server did while it was asked: `cpu_s` is user and system time of its process, `took_s` of each answer."""

    requests: int
    failures: int
    wall_s: float
    cpu_s: float
    took_s: Sequence[float]

    @property
    def a_cpu_second(self) -> float:
        return self.requests / self.cpu_s

    @property
    def a_second(self) -> float:
        return self.requests / self.wall_s

    @property
    def p99_s(self) -> float:
        """99 of 100 answers came within this."""
        return sorted(self.took_s)[len(self.took_s) * 99 // 100]

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.requests * 1e6


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def ask(pid: int, port: int, request: Callable[[int], bytes], *, clients: int, seconds: float) -> Load:
    """Send requests to 127.0.0.1 for so long, each client one after another; `request` gets a running number."""
    numbers = count()
    before, begun = cpu_s(pid), perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        parts = [pool.submit(_ask_in_turn, port, request, numbers, begun + seconds) for _ in range(clients)]
        done = [part.result() for part in parts]
    wall_s = perf_counter() - begun
    good = [seconds for took, _ in done for seconds in took]
    return Load(len(good), sum(bad for _, bad in done), wall_s, cpu_s(pid) - before, good)


def post(path: str, body: bytes, *, service: str, **headers: str) -> bytes:
    """A POST signed by made-up credentials, as it goes over the wire."""
    scope = f"AKIDBENCH/20260101/us-east-1/{service}/aws4_request"
    lines = {
        "Host": "127.0.0.1",
        "Content-Length": str(len(body)),
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class Connection:
    """One kept-alive connection; opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = self._opened()

    def send(self, request: bytes) -> tuple[int, bytes]:
        """The answer's status and body."""
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._received()
        head, _, body = answer.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields[b"content-length"]):
            body += self._received()
        if fields.get(b"connection") == b"close":
            self._socket.close()
            self._socket = self._opened()
        return int(head[9:12]), body

    def close(self) -> None:
        self._socket.close()

    def _received(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError("the server closed the connection before it had answered")
        return received

    def _opened(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened


def _ask_in_turn(
    port: int, request: Callable[[int], bytes], numbers: count[int], until: float
) -> tuple[list[float], int]:
    """How long each answer took that was a good one, and how many were not."""
    connection, took, bad = Connection(port), list[float](), 0
    while (begun := perf_counter()) < until:
        status, _ = connection.send(request(next(numbers)))
        if status == 200:
            took.append(perf_counter() - begun)
        else:
            bad += 1
    connection.close()
    return took, bad
