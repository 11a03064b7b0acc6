"""A real Ray cluster on loopback: a head without processors of its own, and nodes that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.standins.processes import free_ports, plain_environment, until

# Nobody else on the machine may give this cluster anything to do: parts of it listen on every address.
_TOKEN = "a-token-of-the-tests-0123456789abcdef"
_STORE_BYTES = 100_000_000


def why_not() -> str | None:
    """Why no cluster can be started here; None: one can."""
    return None if find_spec("ray") else "Ray is not installed here: pip install 'headrace[ray]'"


@dataclass
class RayCluster:
    """A running cluster. Nodes are added with `node`, and end with `close`, with all that they started."""

    folder: Path
    port: int
    client_port: int
    pids: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def client_address(self) -> str:
        return f"ray://127.0.0.1:{self.client_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to be let in."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": _TOKEN,
            "RAY_USAGE_STATS_ENABLED": "0",
            # How long a driver looks for a head that is gone.
            "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
            "RAY_TMPDIR": str(self.folder),
            "TMPDIR": str(self.folder),
        }

    def head(self) -> None:
        self._start(
            "head",
            *("--head", f"--port={self.port}", "--num-cpus=0", f"--ray-client-server-port={self.client_port}"),
            "--include-dashboard=false",
        )

    def node(self, name: str, *arguments: str) -> None:
        self._start(name, f"--address={self.address}", "--num-cpus=1", *arguments)

    def processes(self, name: str, part: str) -> list[int]:
        """Those of a node, or below one of them, whose command line has that part."""
        return [pid for pid in _below(self.pids[name]) if part in _command(pid)]

    def kill(self, name: str) -> None:
        """End every process of a node, as if its machine had lost its power."""
        for pid in _below(self.pids.pop(name)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        for name in [*self.pids]:
            self.kill(name)

    def _start(self, name: str, *arguments: str) -> None:
        before = _ours(self.folder)
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments]
        command += ["--node-ip-address=127.0.0.1", "--include-log-monitor=false", "--disable-usage-stats"]
        command += [f"--object-store-memory={_STORE_BYTES}", f"--temp-dir={self.folder}"]
        done = subprocess.run(
            command, env=plain_environment() | self.environment, capture_output=True, text=True, check=False
        )
        self.pids[name] = sorted(_ours(self.folder) - before)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def ray_cluster(*nodes: str) -> Generator[RayCluster]:
    """A head and these nodes, of one processor each; some seven seconds for the head, four for a node."""
    # Not pytest's folder: the paths of Ray's sockets must stay short.
    folder = Path(tempfile.mkdtemp(prefix="hr-"))
    port, client_port = free_ports(2)
    cluster = RayCluster(folder, port, client_port)
    try:
        cluster.head()
        for name in nodes:
            cluster.node(name)
        yield cluster
    finally:
        cluster.close()
        until(lambda: not _ours(folder))
        shutil.rmtree(folder, ignore_errors=True)


def _ours(folder: Path) -> set[int]:
    """The processes that name the folder, but for those that start them."""
    return {pid for pid in _pids() if str(folder) in _command(pid) and "scripts.scripts" not in _command(pid)}


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _below(pids: list[int]) -> list[int]:
    """These and every process that they started, and those started."""
    parents: dict[int, int] = {}
    for pid in _pids():
        with suppress(OSError):
            parents[pid] = int((Path("/proc") / str(pid) / "stat").read_text("ascii").rpartition(")")[2].split()[1])
    found = list(pids)
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid and child not in found]
    return found
