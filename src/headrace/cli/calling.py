"""Calls of a running headrace from the command line, beyond AppFlow's operations too."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import httpx

from headrace.cli.reaching import client_of, line_of
from headrace.client import CallError, Client, ConnectionFailed, Retrying, UnmodelledError
from headrace.client.endpoints import is_aws
from headrace.client.transport import Reply, Request
from headrace.errors import ServiceError, SettingsError, Stop
from headrace.model.api import OPERATIONS

_TIMEOUTS = httpx.Timeout(330.0, connect=10.0)


class Api:
    """A service, AWS's too; signed with the AWS credentials that there are, if any."""

    def __init__(
        self, url: str, region: str | None, environment: Mapping[str, str], profile: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._who: dict[str, Any] = {"url": url, "region": region, "profile": profile, "environment": environment}

    @property
    def is_aws(self) -> bool:
        """Whether it is AWS, which knows nothing of /headrace/v1."""
        return is_aws(self.url)

    def client(self) -> Client:
        """A client of the service, to be closed."""
        return client_of(**self._who)

    def __call__(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. Raises Stop with the service's words, SettingsError where no service answers."""
        return self.ask("POST", OPERATIONS[name].path, json.dumps(request).encode())

    def ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """The answer at a path, its query with it; raises the same."""
        document: dict[str, Any] | None = json.loads(body) if body else None
        with self._telling(), self.client() as client:
            return client.ask(method, path, document)

    def download(self, path: str, to: IO[bytes]) -> int:
        """Write what lies at a path, however large it is; its bytes. Raises the same."""
        taking = _Taking(to)
        with self._telling(), client_of(**self._who, transport=taking, retrying=Retrying(attempts=1)) as client:
            client.ask("GET", path)
        return taking.size_bytes

    @contextmanager
    def _telling(self) -> Generator[None]:
        try:
            yield
        except (ServiceError, UnmodelledError) as error:
            raise Stop(line_of(error)) from None
        except CallError as error:
            raise SettingsError(line_of(error)) from None


class _Taking:
    """A transport that writes what is answered to a file as it comes. For one request: it can't be taken back."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self.size_bytes = 0

    def send(self, request: Request) -> Reply:
        """The answer without its body; with it where it is no success."""
        try:
            with httpx.stream(request.method, request.url, headers=dict(request.headers), timeout=_TIMEOUTS) as reply:
                headers = {name.lower(): value for name, value in reply.headers.items()}
                if not reply.is_success:
                    return Reply(reply.status_code, headers, reply.read())
                self.size_bytes = sum(self._to.write(block) for block in reply.iter_bytes())
                return Reply(reply.status_code, headers, b"")
        except httpx.HTTPError as error:
            raise ConnectionFailed(f"The connection broke: {error}", was_sent=True) from None

    def close(self) -> None:
        """There is nothing that is kept open."""
