"""A client of AppFlow's API, for headrace and for AWS: typed, fluent, with threads or coroutines."""

from __future__ import annotations

from headrace.client.api import AsyncClient, Client
from headrace.client.errors import (
    CallError,
    ClockSkewed,
    ConnectionFailed,
    CredentialsExpired,
    CredentialsRefused,
    ExecutionFailed,
    InvalidInput,
    NoCredentials,
    NoEndpoint,
    TimedOut,
    UnmodelledError,
    UnreadableAnswer,
    WaitTimedOut,
)
from headrace.client.exchange import Retrying
from headrace.client.signing import Credentials
from headrace.client.transport import Timeouts

__all__ = [
    "AsyncClient",
    "CallError",
    "Client",
    "ClockSkewed",
    "ConnectionFailed",
    "Credentials",
    "CredentialsExpired",
    "CredentialsRefused",
    "ExecutionFailed",
    "InvalidInput",
    "NoCredentials",
    "NoEndpoint",
    "Retrying",
    "TimedOut",
    "Timeouts",
    "UnmodelledError",
    "UnreadableAnswer",
    "WaitTimedOut",
]
