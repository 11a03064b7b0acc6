"""A program measured from its start to its end: time, processor time and memory of all its processes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

# A program that takes longer is killed, and the page says so.
LIMIT_S = 300.0
_LOOK_S = 0.02


class Whole(NamedTuple):
    """`cpu_s` is user and system time of the program and of those it waited for; `peak_mb` what all had at once."""

    seconds: float
    cpu_s: float
    peak_mb: float


class Failed(Exception):
    """A program did not end in time, or not well: what it said last."""


def whole(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path, *, limit_s: float = LIMIT_S
) -> Whole:
    """Run a program in `folder`. Raises Failed if it takes longer than `limit_s` or ends with another code than 0."""
    with tempfile.TemporaryFile() as output:
        begun = perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            peak_mb, is_over = _watched(process.pid, begun + limit_s)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if is_over:
            raise Failed(f"killed after {limit_s:.0f} s")
        if process.returncode:
            output.seek(0)
            raise Failed(f"exit code {process.returncode}: {output.read().decode(errors='replace')[-600:]}")
    return Whole(seconds, used.ru_utime + used.ru_stime, peak_mb)


def _watched(pid: int, until: float) -> tuple[float, bool]:
    """Look at the program's memory until it ends; the most, and whether it had to be killed."""
    descriptor, peak = os.pidfd_open(pid), 0
    try:
        while not select.select([descriptor], [], [], _LOOK_S)[0]:
            processes = list(_tree(pid))
            peak = max(peak, _memory_kb(pid, "VmHWM"), sum(_memory_kb(each, "VmRSS") for each in processes))
            if perf_counter() > until:
                os.killpg(pid, signal.SIGKILL)
                return peak / 1024, True
    finally:
        os.close(descriptor)
    return peak / 1024, False


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _tree(int(child))


def _memory_kb(pid: int, kind: str) -> int:
    """0 where the process has ended meanwhile."""
    with suppress(OSError):
        found = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else 0
    return 0
