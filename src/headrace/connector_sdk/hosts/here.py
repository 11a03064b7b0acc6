"""A handler in this process, for tests: what it is asked and what it answers goes through JSON, as elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from headrace.connector_sdk.hosts import Request, client_context
from headrace.connector_sdk.lambda_answers import spoken
from headrace.errors import Stop


class _Context:
    """What the handler gets beside its event."""

    def __init__(self, client: dict[str, Any]) -> None:
        self.client_context = SimpleNamespace(**client)


class HereHost:
    """See Host."""

    def __init__(self, handler: Callable[[Any, Any], object]) -> None:
        self._handler = handler

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        """See Host."""
        try:
            context = None if batch_key is None else _Context(client_context(batch_key))
            return json.loads(json.dumps(self._handler(json.loads(json.dumps(request)), context)))
        except Exception as error:  # Boundary: other people's code, which may raise anything
            raise Stop(f"The connector raised {spoken(f'{type(error).__name__}: {error}')}") from error

    def close(self) -> None:
        """See Host."""
