"""Unmodified AWS clients in three languages, driven alike: boto3, the AWS CLI, the AWS SDK for JavaScript."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tests.standins.processes import PATIENCE_S
from tests.standins.service import ServiceProcess

Answer = dict[str, Any]

NODE_SCRIPT = Path(__file__).parents[1] / "e2e" / "node" / "caller.mjs"


class Refused(Exception):
    """The service answered with an error; `code` is its name on the wire."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Caller(Protocol):
    """One client; answers are plain documents with the API's member names."""

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """Raises Refused when the service answers with an error."""
        ...

    def close(self) -> None: ...


class Boto3:
    """boto3, in this process."""

    def __init__(self, service: ServiceProcess) -> None:
        self._client = service.client()

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        try:
            answer: Answer = getattr(self._client, _snake(operation))(**request)
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        del answer["ResponseMetadata"]
        return answer

    def close(self) -> None:
        self._client.close()


class AwsCli:
    """The AWS CLI, a process a call."""

    def __init__(self, service: ServiceProcess) -> None:
        self._environment = service.caller_environment

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        command = [sys.executable, Path(sys.executable).with_name("aws"), "appflow", _snake(operation, "-")]
        done = subprocess.run(
            [*map(str, command), "--output", "json", "--cli-input-json", json.dumps(request)],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        if done.returncode:
            refusal = re.search(r"An error occurred \((\w+)\)[^:]*: (.*)", done.stderr, re.DOTALL)
            assert refusal, done.stderr
            raise Refused(refusal.group(1), refusal.group(2).strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def close(self) -> None:
        """Nothing outlives a call."""


class JavaScript:
    """@aws-sdk/client-appflow in one Node.js process that reads calls line by line."""

    def __init__(self, service: ServiceProcess, client: Path) -> None:
        self._process = subprocess.Popen(
            ["node", "--no-warnings", str(NODE_SCRIPT)],
            env=service.caller_environment | {"APPFLOW_NODE_CLIENT": str(client)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"operation": operation, "request": request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the Node.js client ended"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"]["name"], answer["error"]["message"])
        return answer["answer"]

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.kill()
        self._process.wait()


def node_client() -> Path | None:
    """Where `make node-client` put the SDK, None where it or Node.js is missing."""
    place = os.environ.get("APPFLOW_NODE_CLIENT")
    folder = Path(place) if place else Path.home() / ".cache" / "headrace" / "node-client"
    is_there = (folder / "node_modules" / "@aws-sdk" / "client-appflow").is_dir()
    return folder if is_there and shutil.which("node") else None


def _snake(operation: str, between: str = "_") -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", between, operation).lower()
