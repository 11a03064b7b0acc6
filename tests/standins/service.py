"""headrace itself as a process: `serve` on a free port with a data folder of the test's own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.standins.processes import PATIENCE_S, Program, plain_environment

HEADRACE = (sys.executable, "-m", "headrace")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDTESTS", "AWS_SECRET_ACCESS_KEY": "not-checked"}


class ServiceProcess:
    """`headrace serve`, started and answering; `close` kills it with everything it started.

    `act` is another subcommand with its options, `work` or `serve --no-work`.
    """

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None, act: str = "serve") -> None:
        self.data = data
        self._act = act
        self._environment = dict(environment or {})
        self._clients: list[Any] = []
        self._start()

    @property
    def caller_environment(self) -> dict[str, str]:
        """What points an unmodified AWS client at the service."""
        return plain_environment(
            "HOME",
            AWS_ENDPOINT_URL_APPFLOW=self.url,
            AWS_REGION="us-east-1",
            AWS_DEFAULT_REGION="us-east-1",
            **CREDENTIALS,
        )

    def client(self, **config: Any) -> Any:
        """An unmodified boto3 client of the service."""
        client: Any = boto3.client(
            "appflow",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE_S, **config),
        )
        self._clients.append(client)
        return client

    def terminate(self, timeout_s: float = PATIENCE_S) -> int:
        """SIGTERM, and the exit code."""
        self.program.send(signal.SIGTERM)
        return self.program.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        self.program.close()

    def restart(self) -> None:
        """Start again on the same data folder, after `terminate` or `kill`; the port may be another."""
        self.program.close()
        self._start()

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.program.close()

    def _start(self) -> None:
        environment = plain_environment(HOME=str(self.data.parent)) | self._environment
        self.program = Program([*HEADRACE, *self._act.split(), "--port", "0", "--data", self.data], env=environment)
        try:
            self.url = self.program.find(r"(?:AWS_ENDPOINT_URL_APPFLOW=|metrics: )(http://127\.0\.0\.1:\d+)").group(1)
        except AssertionError:
            self.program.close()
            raise
