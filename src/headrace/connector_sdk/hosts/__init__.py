"""Where a custom connector's code runs, behind one call."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

Request = Mapping[str, Any]
# Called with each line that a connector prints, and the request it was working on, if any.
OnLine = Callable[[str, Request | None], None]

MIB = 1024 * 1024
# What AWS Lambda takes and gives; held with HEADRACE_LIMITS=aws only.
LAMBDA_PAYLOAD_BYTES = 6 * MIB
# What any host may answer: beyond it, memory is not ours to spend.
ANSWER_BYTES = 64 * MIB


class Host(Protocol):
    """Something that answers a custom connector's requests. Safe to use from several threads."""

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        """The connector's answer, decoded from JSON, whatever it is.

        `batch_key` is the same when the same batch is sent again; the connector finds it in the client context.

        Raises Retry where the same request may be answered later, Stop where it will not.
        """
        ...

    def close(self) -> None:
        """End what runs; calls under way fail."""
        ...


def client_context(batch_key: str) -> dict[str, Any]:
    """What a handler finds as `context.client_context`: AppFlow's requests have no place for a batch's key."""
    return {"custom": {"batchKey": batch_key}}


def client_context_headers(batch_key: str | None) -> dict[str, str]:
    """The same as Lambda's Invoke takes it, for HTTP endpoints too."""
    if batch_key is None:
        return {}
    return {"x-amz-client-context": base64.b64encode(json.dumps(client_context(batch_key)).encode()).decode()}


@runtime_checkable
class Streaming(Protocol):
    """A host that keeps something open from one page of QueryData to the next."""

    def leave(self, token: str) -> None:
        """Let go of what the nextToken stands for: nobody will ask for that page."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connector's call may take; `memory_bytes` holds for its own process only."""

    timeout_s: float = 300.0
    memory_bytes: int = 1024 * MIB
    answer_bytes: int = ANSWER_BYTES
    request_bytes: int = ANSWER_BYTES
