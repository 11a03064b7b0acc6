"""The whole of headrace in one process: what runs flows, behind its HTTP server."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from importlib.metadata import EntryPoint

from headrace.backend import Backend, new_uuid
from headrace.clock import Clock
from headrace.log import Log
from headrace.settings import Settings
from headrace.store import access_keys, figures
from headrace.version import version
from headrace.wire.addresses import local_url, refuse_open_address
from headrace.wire.app import create_app
from headrace.wire.asgi import Application
from headrace.wire.callers import AccessKey
from headrace.wire.metrics import Board, MetricsPage
from headrace.wire.owner import OwnerApi, Serving
from headrace.wire.policy import parse_policy
from headrace.wire.server import HttpServer, bind


class Service:
    """headrace as a server: the API over HTTP, one worker and one scheduler in one process.

    Usable between `start` and `stop`, once.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        log: Log | None = None,
        new_id: Callable[[], str] = new_uuid,
        environment: Mapping[str, str] = os.environ,
        entries: Iterable[EntryPoint] | None = None,
    ) -> None:
        self.backend = Backend(
            settings,
            clock,
            log=log,
            new_id=new_id,
            environment=environment,
            url=lambda: self._local_url,
            entries=entries,
        )
        # Where it listens, with the port that it was given for port 0; empty before the start.
        self.url = ""
        self._local_url = ""
        self._stack = ExitStack()

    def start(self, *, is_working: bool = True, is_scheduling: bool | None = None, is_serving: bool = True) -> None:
        """Listen and work; returns when the service answers.

        `is_working` false: no flow is run. `is_scheduling`: runs are queued when they are due and receivers told of
        them, None: if it works. `is_serving` false: the API is not answered, only connectors, the owner and who reads
        the metrics are.

        Raises SettingsError if the address is open to others without authentication, the address or
        the port can't be had, or the data folder can't be used.
        """
        settings, is_scheduling = self.backend.settings, is_working if is_scheduling is None else is_scheduling
        if is_serving:
            refuse_open_address(settings)
        with ExitStack() as stack:
            # Bound before anything is opened: a taken port is the commonest mistake. Answers come later.
            listening = stack.enter_context(bind(settings.host, settings.port))
            self._local_url = local_url(listening)
            self.backend.start(is_working=is_working, is_notifying=is_scheduling)
            stack.callback(self.backend.stop)
            if is_scheduling:
                self.backend.run_schedules()
                self.backend.sweep()
            serving = Serving.new(self._local_url)
            server = HttpServer(self._app(serving, is_open=is_serving), listening, settings.host)
            server.start()
            stack.callback(server.stop)
            # Before the server stops: the connectors of running executions fetch their credentials from it.
            stack.callback(self.backend.drain)
            serving.write(settings.data)
            stack.callback(Serving.remove, settings.data)
            self.url = server.url
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Queue nothing more, drain the worker, answer what was asked, take no more requests, close the store."""
        self._stack.close()

    def _app(self, serving: Serving, *, is_open: bool) -> Application:
        backend, settings = self.backend, self.backend.settings
        return create_app(
            dispatcher=backend.dispatcher,
            settings=settings,
            clock=backend.clock,
            keys=self._find_key,
            log=backend.log,
            secrets=backend.connector_secrets,
            owner=OwnerApi(serving.token, backend.owner.call, settings.body_limit_bytes),
            meters=backend.meters,
            metrics=MetricsPage(_board(backend), settings),
            is_open=is_open,
        )

    def _find_key(self, access_key_id: str, /) -> Future[AccessKey | None]:
        backend = self.backend
        return backend.store.read(lambda tx: _known(access_keys.get(tx, backend.sealer, access_key_id)))


def _known(key: access_keys.KeyWithSecret | None) -> AccessKey | None:
    if key is None:
        return None
    policy = None if key.policy is None else parse_policy(key.policy)
    return AccessKey(key.key_id, key.secret, key.arn.split(":")[4], key.arn, policy)


def _board(backend: Backend) -> Board:
    """What the page of metrics shows."""
    kind = "sqlite" if backend.settings.database_url is None else "postgresql"
    build = {"version": version(), "python": platform.python_version(), "store": kind}
    return Board(backend.meters, lambda: backend.store.read(figures.read), backend.now_ms, backend.receivers, build)
