"""The whole of headrace in one process: the only place where rooms are put together."""

from __future__ import annotations

import ipaddress
import shutil
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

from headrace.clock import Clock, SystemClock
from headrace.connector_sdk.registry import Registry
from headrace.engine.split import Engine
from headrace.errors import SettingsError
from headrace.log import Log, silent
from headrace.operations.dispatch import Dispatcher
from headrace.runner.source_check import SourceCheck
from headrace.runner.worker import Worker
from headrace.settings import Settings
from headrace.store import access_keys, executions
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from headrace.wire.app import create_app
from headrace.wire.callers import AccessKey
from headrace.wire.policy import parse_policy
from headrace.wire.server import HttpServer, bind


def new_uuid() -> str:
    """A random id in the form of AppFlow's."""
    return str(uuid.uuid4())


class Backend:
    """Everything but the HTTP server: store, connectors, engine, operations and one worker.

    Usable between `start` and `stop`, once. `start` raises SettingsError if the data folder can't
    be used, and leaves nothing open then.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        log: Log | None = None,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.log = log or silent()
        self.new_id = new_id
        self._stack = ExitStack()

    def start(self) -> None:
        """Open the store, take back what the last process left unfinished, and start the worker."""
        with ExitStack() as stack:
            settings = self.settings
            self.store = Store.open(settings.data, executions_kept=settings.executions_kept)
            stack.callback(self.store.close)
            self.sealer = Sealer.of(settings)
            self.registry = Registry.load(settings, self.log)
            self.engine = Engine(
                memory_limit_bytes=settings.memory_limit_bytes,
                threads=settings.threads,
                scratch=_empty_folder(settings.data / "scratch"),
            )
            stack.callback(self.engine.close)
            self.dispatcher = Dispatcher(
                store=self.store,
                settings=settings,
                clock=self.clock,
                new_id=self.new_id,
                sources=SourceCheck(self.registry),
                sealer=self.sealer,
            )
            stack.callback(self.dispatcher.close)
            # This process holds the folder's lock, so whoever held a lease is dead.
            self.store.write(executions.expire_leases).result()
            self._start_worker(stack)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Let running executions finish or hand them back, then close everything."""
        self._stack.close()

    def _start_worker(self, stack: ExitStack) -> None:
        worker = Worker(
            store=self.store,
            registry=self.registry,
            engine=self.engine,
            clock=self.clock,
            settings=self.settings,
            new_id=self.new_id,
            log=self.log,
        )
        worker.start()
        stack.callback(worker.stop)


class Service:
    """headrace as a server: the API over HTTP and one worker in one process.

    Usable between `start` and `stop`, once.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        log: Log | None = None,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self.backend = Backend(settings, clock, log=log, new_id=new_id)
        # Where it listens, with the port that it was given for port 0; empty before the start.
        self.url = ""
        self._stack = ExitStack()

    def start(self) -> None:
        """Listen and work; returns when the service answers.

        Raises SettingsError if the address is open to others without authentication, the address or
        the port can't be had, or the data folder can't be used.
        """
        settings = self.backend.settings
        refuse_open_address(settings)
        with ExitStack() as stack:
            # Bound before anything is opened: a taken port is the commonest mistake. Answers come later.
            listening = stack.enter_context(bind(settings.host, settings.port))
            self.backend.start()
            stack.callback(self.backend.stop)
            app = create_app(
                dispatcher=self.backend.dispatcher,
                settings=settings,
                clock=self.backend.clock,
                keys=self._find_key,
                log=self.backend.log,
            )
            server = HttpServer(app, listening, settings.host)
            server.start()
            stack.callback(server.stop)
            self.url = server.url
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Answer what was asked, take no more requests, drain the worker, close the store."""
        self._stack.close()

    def _find_key(self, access_key_id: str, /) -> Future[AccessKey | None]:
        backend = self.backend
        return backend.store.read(lambda tx: _known(access_keys.get(tx, backend.sealer, access_key_id)))


def _known(key: access_keys.KeyWithSecret | None) -> AccessKey | None:
    if key is None:
        return None
    policy = None if key.policy is None else parse_policy(key.policy)
    return AccessKey(key.key_id, key.secret, key.arn.split(":")[4], key.arn, policy)


def refuse_open_address(settings: Settings) -> None:
    """Raise SettingsError if anyone on the network could change flows without a key."""
    if settings.auth == "sigv4" or settings.allow_open or _is_loopback(settings.host):
        return
    raise SettingsError(
        f"HEADRACE_HOST={settings.host!r}: other machines can reach this address, and HEADRACE_AUTH=open accepts"
        " anyone's credentials. Listen on 127.0.0.1; or set HEADRACE_AUTH=sigv4 and make keys with"
        " `headrace keys create`; or, on a network where everyone may read and change every flow,"
        " set HEADRACE_ALLOW_OPEN=yes."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _empty_folder(folder: Path) -> Path:
    # What a killed process spilled there is of no use to anybody.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
