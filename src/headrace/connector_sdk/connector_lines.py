"""What connectors printed for each execution, kept in files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from headrace.log import redacted

# At least so much of the last lines is kept, and at most twice as much.
KEPT_BYTES = 64 * 1024
# So many executions of a flow have a file; the oldest go first.
MOST_FILES = 100
_LONGEST_LINE = 4096
_FOLDER = "connector-logs"
# Connectors may print what they read.
_OWNERS_FOLDER = 0o700
_OWNERS_FILE = 0o600


class ExecutionName(NamedTuple):
    """Which execution a connector worked for; flows of other accounts and regions may have the same name."""

    account: str
    region: str
    flow_name: str
    execution_id: str

    @classmethod
    def of(cls, request: Mapping[str, Any] | None) -> Self | None:
        """That which the request to a connector is for; None: none."""
        context: Mapping[str, Any] = (request or {}).get("connectorContext") or {}
        flow, execution = context.get("flowName"), context.get("executionId")
        # The profile's secret belongs to the flow's account and region.
        credentials: Mapping[str, Any] = context.get("credentials") or {}
        parts = str(credentials.get("secretArn")).split(":")
        if not flow or not execution or len(parts) < 5:
            return None
        return cls(parts[4], parts[3], flow, execution)


def path_of(data: Path, name: ExecutionName) -> Path:
    """Where the lines of the execution are; nothing is there until there is one."""
    return data / _FOLDER / name.account / name.region / name.flow_name / f"{name.execution_id}.log"


def lines_of(data: Path, name: ExecutionName) -> list[str]:
    """What was kept of the execution, oldest first; none where nothing was printed, or the file gave way."""
    try:
        return path_of(data, name).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


class ConnectorLines:
    """One file for each execution that a connector printed anything for. Safe to use from several threads."""

    def __init__(self, data: Path, now: Callable[[], datetime]) -> None:
        self._data = data
        self._folder = data / _FOLDER
        self._now = now
        self._lock = threading.Lock()

    def path(self, name: ExecutionName) -> Path:
        """See `path_of`."""
        return path_of(self._data, name)

    def add(self, name: ExecutionName, line: str) -> None:
        """Keep the line, without what looks like a secret. A disk that takes no more keeps no more lines."""
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = f"{at} {redacted(line)[:_LONGEST_LINE]}\n".encode(errors="backslashreplace")
        path = self.path(name)
        with self._lock:
            try:
                if not path.exists():
                    self._begin(path)
                _append(path, text)
            except OSError:
                return

    def _begin(self, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(_OWNERS_FOLDER)
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_room(path.parent)
        path.touch(mode=_OWNERS_FILE)


def _append(path: Path, text: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(text)
        size_bytes = stream.tell()
    if size_bytes > 2 * KEPT_BYTES:
        _shorten(path)


def _shorten(path: Path) -> None:
    kept = path.read_bytes()[-KEPT_BYTES:].partition(b"\n")[2]
    shorter = path.with_suffix(".shorter")
    shorter.touch(mode=_OWNERS_FILE)
    shorter.write_bytes(kept)
    shorter.replace(path)


def _make_room(folder: Path) -> None:
    with os.scandir(folder) as entries:
        found = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    for _, oldest in found[: max(0, len(found) + 1 - MOST_FILES)]:
        Path(oldest).unlink(missing_ok=True)
