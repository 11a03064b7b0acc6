"""A real S3 server on loopback: SeaweedFS, from its wheel."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.standins.processes import Program, free_ports, plain_environment, until

ACCESS_KEY = "AKIDSEAWEED"
SECRET_KEY = "sekret-of-the-tests"
_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)


@dataclass(frozen=True)
class S3Server:
    """Where a running S3 server is, and what it lets in."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What points headrace, or any AWS client, at it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def weed() -> str | None:
    """The program's path, None where the wheel is not installed."""
    beside = Path(sys.executable).parent
    return shutil.which("weed", path=str(beside)) or shutil.which("weed")


@contextmanager
def s3_server(program: str, folder: Path) -> Generator[S3Server]:
    """Start it, wait until it answers (some four seconds), and kill its process group at the end."""
    running, port = _started(program, folder)
    try:
        yield S3Server(f"http://127.0.0.1:{port}")
    finally:
        running.close()


def _started(program: str, folder: Path, attempts: int = 3) -> tuple[Program, int]:
    """The running server and its port. A port that was free may be another program's a moment later: tried again."""
    place = folder / str(attempts)
    ports: dict[str, int] = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    running = Program([program, *_arguments(place, ports)], env=plain_environment(HOME=str(place)), cwd=place)
    port = ports["s3.port"]
    until(lambda: running.has_ended or _answers(port))
    if not running.has_ended:
        return running, port
    running.close()
    assert attempts > 1, f"{program} ended; its output was:\n{running.output}"
    return _started(program, folder, attempts - 1)


def _arguments(folder: Path, ports: Mapping[str, int]) -> list[str]:
    (folder / "data").mkdir(parents=True)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    return [
        f"-logdir={folder}",
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.volumeSizeLimitMB=1024",
        "-volume.max=2000",
        "-s3",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 'identities.json'}",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
