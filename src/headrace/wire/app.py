"""The API over HTTP, step by step: start reading at `Api.answer`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from headrace.clock import Clock, SystemClock
from headrace.errors import ConnectorError, HeadraceError, SettingsError
from headrace.log import Log
from headrace.meters import Meters
from headrace.model.check import check
from headrace.model.codec import decode
from headrace.model.shapes import Limits
from headrace.operations import record_events
from headrace.operations.context import Answer, Caller
from headrace.settings import Settings
from headrace.wire.asgi import Application, Receive, Scope, Send
from headrace.wire.bodies import GoneError, Patience
from headrace.wire.callers import Callers, Identity, KeyLookup, NoCallers, OpenCallers, SignedCallers, authorize
from headrace.wire.calls import Call
from headrace.wire.extension import PREFIX, find_beyond, named, replied
from headrace.wire.extension_table import DESCRIBE, ROWS
from headrace.wire.metrics import PATH as METRICS
from headrace.wire.metrics import MetricsPage
from headrace.wire.notifications import NotificationsApi, is_notification
from headrace.wire.openapi import openapi
from headrace.wire.owner import OwnerApi, is_for_owner
from headrace.wire.pages import healthy, live
from headrace.wire.record_posts import RecordsApi
from headrace.wire.replies import Reply, answered, failed, refused, send_reply
from headrace.wire.routes import Route, find_route
from headrace.wire.secrets import Desk, SecretsApi, is_for_secrets
from headrace.wire.sigv4 import Signed

# A body longer than this is read and checked beside the event loop, which goes on answering.
LARGE_BODY_BYTES = 64 * 1024


class Dispatching(Protocol):
    """What runs the operations."""

    def call(self, name: str, caller: Caller, request: dict[str, Any], /) -> Future[Answer]:
        """Run an operation on a request that is decoded and checked; the future may hold a ServiceError."""
        ...


def create_app(
    *,
    dispatcher: Dispatching,
    settings: Settings,
    clock: Clock,
    keys: KeyLookup | None,
    log: Log,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    patience: Patience = Patience(),  # noqa: B008 - immutable
    secrets: Desk | None = None,
    owner: OwnerApi | None = None,
    meters: Meters | None = None,
    metrics: MetricsPage | None = None,
    is_open: bool = True,
) -> Application:
    """The service as an ASGI application; `secrets` None serves no GetSecretValue, `owner` None no owner, `metrics`
    None no page of them. `is_open` false: callers of the API are sent elsewhere.

    Raises SettingsError if signatures are to be verified and `keys` is None.
    """
    # Those who sign here are processes: they live by the machine's clock, also where a test turns headrace's by hand.
    vault = None if secrets is None else SecretsApi(secrets, keys, SystemClock(), settings.body_limit_bytes)
    callers = _callers(settings, keys, clock) if is_open else NoCallers()
    told = NotificationsApi(dispatcher, callers, keys if is_open else None, settings)
    posts = RecordsApi(dispatcher, told, settings, may_sign=is_open)
    api = Api(dispatcher, settings, callers, log, patience, told, posts, vault, owner, meters)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await live(scope, receive, send)
        elif scope["path"] == "/healthz":
            await healthy(scope, send)
        elif metrics is not None and scope["path"] == METRICS:
            await metrics.serve(scope, send)
        else:
            await api.serve(Call(scope, receive, new_id()), send)

    return app


def _callers(settings: Settings, keys: KeyLookup | None, clock: Clock) -> Callers:
    if settings.auth == "open":
        return OpenCallers(settings)
    if keys is None:
        raise SettingsError("HEADRACE_AUTH=sigv4 needs access keys to verify signatures with: none were given")
    return SignedCallers(keys, clock)


class Api:
    """The way of a request through the steps, and back."""

    def __init__(
        self,
        dispatcher: Dispatching,
        settings: Settings,
        callers: Callers,
        log: Log,
        patience: Patience,
        notifications: NotificationsApi,
        posts: RecordsApi,
        secrets: SecretsApi | None,
        owner: OwnerApi | None = None,
        meters: Meters | None = None,
    ) -> None:
        self._owner = owner
        self._meters = meters or Meters()
        self._dispatcher = dispatcher
        self._limits: Limits = settings.limits
        self._body_limit_bytes = settings.body_limit_bytes
        self._callers = callers
        self._log = log
        self._patience = patience
        self._secrets = secrets
        self._notifications = notifications
        self._posts = posts
        self._lines: list[tuple[str, dict[str, Any]]] = []

    async def serve(self, call: Call, send: Send) -> None:
        """Answer a request, whatever becomes of it, and write its log line."""
        try:
            reply = await self.answer(call)
        except GoneError:
            self._count(call, "gone")
            self._tell(call, {**call.log_fields(0, 0), "gone": True})
            return
        except HeadraceError as error:
            reply = refused(error, call.request_id)
        except Exception as error:
            # Boundary: nothing that goes wrong behind the wire may leave a client without an answer.
            self._log.failure("the service failed", error, request_id=call.request_id, operation=call.operation_name)
            reply = failed(call.request_id)
        await self._send(call, reply, send)

    async def answer(self, call: Call) -> Reply:
        """The steps of a request, in order; raises what any of them refuses."""
        if self._secrets is not None and is_for_secrets(call):
            return await self._secrets.answer(call, self._patience)
        if self._owner is not None and is_for_owner(call):
            return await self._owner.answer(call, self._patience)
        if is_notification(call):
            return await self._notifications.answer(call, self._patience)
        if call.raw_path.startswith(PREFIX):
            return await self._answer_beyond(call)
        route = find_route(call.method, call.raw_path)
        operation = route.operation
        call.operation_name = operation.name
        body, query, identity = await self._heard(call)
        if len(body) > LARGE_BODY_BYTES:
            request = await asyncio.to_thread(self._read, route, identity, query, body)
        else:
            request = self._read(route, identity, query, body)
        answer = await self._dispatched(operation.name, identity, request)
        return answered(operation, answer, call.request_id)

    async def _answer_beyond(self, call: Call) -> Reply:
        """The same steps for what is no operation of AppFlow's."""
        beyond = find_beyond(call.method, call.raw_path)
        call.operation_name = beyond.row.name
        if beyond.row.name == record_events.PUT:
            return await self._posts.answer(call, beyond.path_values["flowName"], self._patience)
        body, query, identity = await self._heard(call)
        if beyond.permission is not None and not beyond.is_named_within:
            authorize(identity, beyond.permission, beyond.path_values)
        request = beyond.request(query, body, self._limits)
        for permission in beyond.permissions_of(request):
            authorize(identity, permission, named(request))
        if beyond.row.name == DESCRIBE:
            return replied(beyond.row, openapi(ROWS), call.request_id)
        return replied(beyond.row, await self._dispatched(beyond.row.name, identity, request), call.request_id)

    async def _heard(self, call: Call) -> tuple[bytes, Mapping[str, Sequence[str]], Identity]:
        """The body and the query, and who sends them."""
        body = await call.body(self._body_limit_bytes, self._patience)
        query = call.query()
        signed = Signed(call.method, call.raw_path, call.query_string, call.headers, body)
        identity = await self._callers.identify(signed, query)
        call.caller_arn = identity.caller.arn
        return body, query, identity

    async def _dispatched(self, name: str, identity: Identity, request: dict[str, Any]) -> Answer:
        pending = self._dispatcher.call(name, identity.caller, request)
        return pending.result() if pending.done() else await asyncio.wrap_future(pending)

    def _read(
        self, route: Route, identity: Identity, query: Mapping[str, Sequence[str]], body: bytes
    ) -> dict[str, Any]:
        request = decode(route.operation, path_values=route.path_values, query=query, body=body)
        authorize(identity, route.operation, request)
        check(route.operation, request, limits=self._limits)
        return request

    async def _send(self, call: Call, reply: Reply, send: Send) -> None:
        call.error = reply.error
        if call.is_body_pending:
            reply.headers.append((b"connection", b"close"))
            await send_reply(send, reply, is_last=False)
            await call.drain(self._patience)
            await send({"type": "http.response.body", "body": b""})
        else:
            try:
                await send_reply(send, reply)
            except ConnectorError as error:
                # Half an answer is out: its end is left away, so that the client sees that it is none.
                self._log.warning("answer broken off", request_id=call.request_id, reason=error.message)
        self._count(call, str(reply.status))
        self._tell(call, call.log_fields(reply.status, len(reply.body)))

    def _tell(self, call: Call, fields: dict[str, Any]) -> None:
        """Write the call's line at the end of this turn of the event loop, with those of others that end in it."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write_lines)
        self._lines.append((call.operation_name or "unknown operation", fields))

    def _write_lines(self) -> None:
        lines, self._lines = self._lines, []
        self._log.infos(lines)

    def _count(self, call: Call, status: str) -> None:
        # The names of the owner's actions are as they were sent.
        operation = "owner" if is_for_owner(call) else call.operation_name or "unknown"
        self._meters.requests.add(operation, status)
        self._meters.answers.add(call.taken_s(), operation)
