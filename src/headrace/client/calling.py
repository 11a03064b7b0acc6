"""What the two clients share: their settings, sending, waiting, closing."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from headrace.client.credentials import FromChain, Given, InTurn, Keys, session_of
from headrace.client.driving import drive, drive_async
from headrace.client.endpoints import Endpoint, endpoint
from headrace.client.errors import NoEndpoint
from headrace.client.exchange import Exchange, Retrying
from headrace.client.signing import Credentials
from headrace.client.structure import Input, O_co
from headrace.client.transport import AsyncTransport, Timeouts, Transport
from headrace.client.transports import async_transport_of, transport_of
from headrace.clock import Clock, SystemClock

if TYPE_CHECKING:
    import httpx

    from headrace.client.structures import ExecutionRecord

_NOWHERE = (
    "Where is the service? Pass endpoint_url='http://127.0.0.1:8080' or set AWS_ENDPOINT_URL_APPFLOW for headrace;"
    " pass region='us-east-1' or set AWS_REGION for AWS"
)


class Options(TypedDict, total=False):
    """What a client is made with; everything has a default."""

    # Where the service is; else AWS_ENDPOINT_URL_APPFLOW, AWS_ENDPOINT_URL, and at last AWS's host of the region.
    endpoint_url: str | None
    # Else AWS_REGION, AWS_DEFAULT_REGION, and at last what botocore finds.
    region: str | None
    # Else those of the environment, and at last what botocore's chain finds.
    credentials: Credentials | Callable[[], Credentials] | None
    # A profile of AWS's shared files, by botocore.
    profile: str | None
    use_fips: bool | None
    use_dualstack: bool | None
    timeouts: Timeouts
    retrying: Retrying
    # Instead of that of the process.
    environment: Mapping[str, str]
    clock: Clock
    # Between 0 and 1; draws how long a retry waits.
    random: Callable[[], float]
    # Makes the client tokens that are not given.
    new_token: Callable[[], str]


def new_token() -> str:
    """A token that no other call has: a UUID of random bits, as text."""
    bits = bytearray(os.urandom(16))
    bits[6], bits[8] = bits[6] & 0x0F | 0x40, bits[8] & 0x3F | 0x80
    text = bits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def chance() -> float:
    """A number between 0 and 1."""
    return int.from_bytes(os.urandom(6)) / (1 << 48)


class _Settled:
    """What both clients make of their options."""

    def __init__(self, options: Options) -> None:
        self._environment = options.get("environment", os.environ)
        self._timeouts = options.get("timeouts") or Timeouts()
        profile = options.get("profile")
        named = profile or self._environment.get("AWS_PROFILE")
        place = self._place(options, named)
        self._exchange = Exchange(
            place,
            _keys(options.get("credentials"), profile, named, place, self._environment),
            retrying=options.get("retrying") or Retrying(),
            clock=options.get("clock") or SystemClock(),
            random=options.get("random") or chance,
            new_token=options.get("new_token") or new_token,
        )

    @property
    def endpoint_url(self) -> str:
        """Where the client's calls go."""
        return self._exchange.endpoint.url

    @property
    def region(self) -> str:
        """The region that the client signs for."""
        return self._exchange.endpoint.region

    def _place(self, options: Options, profile: str | None) -> Endpoint:
        asked: dict[str, Any] = {name: options.get(name) for name in ("region", "use_fips", "use_dualstack")}
        asked["url"] = options.get("endpoint_url")
        found = endpoint(self._environment, **asked)
        if found is None:
            session = session_of(profile)
            asked["region"] = None if session is None else session.get_config_variable("region")
            found = endpoint(self._environment, **asked)
        if found is None:
            raise NoEndpoint(_NOWHERE)
        return found


class Caller(_Settled):
    """A client that waits for its answers; may be used by several threads at once."""

    def __init__(
        self,
        *,
        transport: Transport | httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(options)
        self._transport = transport_of(transport, self.endpoint_url, self._timeouts, self._environment)
        self._sleep = sleep

    def send(self, given: Input[O_co]) -> O_co:
        """Make the call of an input, and answer its output; raises the errors of its operation."""
        return drive(self._exchange.steps(given), self._transport, self._sleep)

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask a headrace for what lies beyond AppFlow's API: `ask("GET", "/headrace/v1/flows/orders/position")`.

        The path and its query are percent-encoded; the errors are those of the operations. See docs/api.md.
        """
        return self.send(import_module("headrace.client.beyond").Ask(method, path, document)).document

    def wait_for_execution(
        self,
        flow_name: str,
        execution_id: str,
        *,
        on_progress: Callable[[ExecutionRecord], object] | None = None,
        timeout_s: float | None = None,
        longest_pause_s: float = 5.0,
    ) -> ExecutionRecord:
        """Wait until an execution is done; `on_progress` gets its record each time it is looked at.

        Raises ExecutionFailed where it ends as Error or Canceled, WaitTimedOut after `timeout_s`.
        """
        follow = import_module("headrace.client.waiting").follow
        steps = follow(self._exchange, flow_name, execution_id, on_progress, timeout_s, longest_pause_s)
        return drive(steps, self._transport, self._sleep)

    def close(self) -> None:
        """Let go of all connections; a later call opens new ones."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, module: str, name: str, members: Mapping[str, Any]) -> Any:
        """What the method of an operation does: without members it begins a builder, else it makes the call."""
        found = import_module(f"headrace.client.operations.{module}")
        kind = getattr(found, f"{name}Input" if members else f"{name}Builder")
        return self.send(kind(**members)) if members else kind(self)


class AsyncCaller(_Settled):
    """A client whose answers are awaited; may be used by several coroutines of one event loop."""

    def __init__(
        self,
        *,
        transport: AsyncTransport | httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(options)
        self._transport = async_transport_of(transport, self._timeouts, self._environment)
        asyncio = import_module("asyncio")
        self._sleep: Callable[[float], Awaitable[object]] = sleep or asyncio.sleep
        self._in_thread: Callable[[Callable[[], Any]], Awaitable[Any]] = asyncio.to_thread

    async def send(self, given: Input[O_co]) -> O_co:
        """Make the call of an input, and answer its output; raises the errors of its operation."""
        return await drive_async(self._exchange.steps(given), self._transport, self._sleep, self._in_thread)

    async def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask a headrace for what lies beyond AppFlow's API: `ask("GET", "/headrace/v1/flows/orders/position")`.

        The path and its query are percent-encoded; the errors are those of the operations. See docs/api.md.
        """
        return (await self.send(import_module("headrace.client.beyond").Ask(method, path, document))).document

    async def wait_for_execution(
        self,
        flow_name: str,
        execution_id: str,
        *,
        on_progress: Callable[[ExecutionRecord], object] | None = None,
        timeout_s: float | None = None,
        longest_pause_s: float = 5.0,
    ) -> ExecutionRecord:
        """Wait until an execution is done; `on_progress` gets its record each time it is looked at.

        Raises ExecutionFailed where it ends as Error or Canceled, WaitTimedOut after `timeout_s`.
        """
        follow = import_module("headrace.client.waiting").follow
        steps = follow(self._exchange, flow_name, execution_id, on_progress, timeout_s, longest_pause_s)
        return await drive_async(steps, self._transport, self._sleep, self._in_thread)

    async def close(self) -> None:
        """Let go of all connections; a later call opens new ones."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _call(self, module: str, name: str, members: Mapping[str, Any]) -> Any:
        """What the method of an operation does: without members it begins a builder, else it makes the call."""
        found = import_module(f"headrace.client.operations.{module}")
        kind = getattr(found, f"{name}Input" if members else f"Async{name}Builder")
        return self.send(kind(**members)) if members else kind(self)


def _keys(
    credentials: Credentials | Callable[[], Credentials] | None,
    profile: str | None,
    named: str | None,
    place: Endpoint,
    environment: Mapping[str, str],
) -> Keys:
    """Given, the profile's, the environment's, the chain's; an address that is not AWS's can do without any."""
    if credentials is not None:
        return Given(credentials)
    if profile is not None:
        return FromChain(profile)
    return InTurn(environment, FromChain(named) if place.is_aws or named else None)
