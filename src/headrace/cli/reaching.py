"""The service that the operations' subcommands call, and what is said where a call comes to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import click

from headrace.cli.common import settings_of
from headrace.cli.main import BAD_USAGE, NOT_STARTED, RUN_FAILED
from headrace.client import (
    CallError,
    Client,
    ConnectionFailed,
    Credentials,
    CredentialsRefused,
    InvalidInput,
    Retrying,
    Timeouts,
    UnmodelledError,
)
from headrace.client.endpoints import endpoint
from headrace.client.transport import Transport
from headrace.connector_sdk.aws_credentials import AwsCredentials
from headrace.errors import (
    AccessDeniedException,
    ConflictException,
    InternalServerException,
    ResourceNotFoundException,
    ServiceError,
    ThrottlingException,
    ValidationException,
)

# A connector may take five minutes to answer, as long as headrace gives it.
_TIMEOUTS = Timeouts(connect_s=10.0, read_s=330.0)
_RETRYING = Retrying(attempts=2)
_NEXT: tuple[tuple[type[Exception], str], ...] = (
    (
        ResourceNotFoundException,
        "See what is there: headrace flows, list-connectors, describe-connector-profiles.",
    ),
    (ConflictException, "See how it stands: headrace flow show NAME."),
    (AccessDeniedException, "Use another access key, or one with a wider policy: headrace keys --help."),
    (ThrottlingException, "Try again in a while."),
    (InternalServerException, "Try again; the service's log says more."),
    (CredentialsRefused, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; headrace keys create makes a pair."),
    (ConnectionFailed, "Start it with headrace serve, or give --endpoint-url."),
)


def service_url(given: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Where the service is: as told, as AWS_ENDPOINT_URL_APPFLOW says, else on this machine; never AWS by a region."""
    found = given or environment.get("AWS_ENDPOINT_URL_APPFLOW")
    if found:
        return found
    settings = settings_of(data=None, environment=environment)
    return f"http://{settings.host}:{settings.port}"


def client_of(
    *,
    url: str | None,
    region: str | None,
    profile: str | None,
    environment: Mapping[str, str] = os.environ,
    transport: Transport | None = None,
    retrying: Retrying = _RETRYING,
    timeouts: Timeouts = _TIMEOUTS,
) -> Client:
    """A client of the service; what is not AWS's is signed for with what keys there are, or not at all."""
    address = service_url(url, environment)
    found = endpoint(environment, url=address, region=region)
    credentials: Credentials | None = None
    if profile is None and found is not None and not found.is_aws:
        keys = AwsCredentials(environment).find()
        credentials = keys and Credentials(keys.access_key_id, keys.secret_access_key, keys.token)
    return Client(
        endpoint_url=address,
        region=region,
        profile=profile,
        credentials=credentials,
        timeouts=timeouts,
        retrying=retrying,
        environment=environment,
        transport=transport,
    )


def told(call: Callable[[], int]) -> int:
    """What the call returns, or the exit code of its failure, which is said in one line with the next step."""
    try:
        return call()
    except (ServiceError, CallError) as error:
        click.echo(line_of(error), err=True)
        return code_of(error)


def line_of(error: ServiceError | CallError) -> str:
    """The failure in one line: its name, what the service or the client says, what to do."""
    parts = [f"{type(error).__name__}: {error.message.strip()}"]
    parts += [step for kind, step in _NEXT if isinstance(error, kind)][:1]
    parts += [f"(request {error.request_id})"] if isinstance(error, InternalServerException) else []
    return " ".join(" ".join(parts).split())


def code_of(error: ServiceError | CallError) -> int:
    """The exit code of the failure."""
    if isinstance(error, InvalidInput | ValidationException):
        return BAD_USAGE
    return RUN_FAILED if isinstance(error, ServiceError | UnmodelledError) else NOT_STARTED
