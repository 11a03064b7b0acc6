"""Everything but the HTTP server: where all other rooms are put together."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.clock import Clock, SystemClock, to_ms
from headrace.connector_sdk.connections import BuiltIns
from headrace.connector_sdk.connector_lines import ConnectorLines, ExecutionName
from headrace.connector_sdk.hosts import OnLine, Request
from headrace.connector_sdk.hosts.book import HostBook, Place, Surroundings, place_of
from headrace.connector_sdk.hosts.hiding import HidingHosts
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.oauth import TokenClient
from headrace.connector_sdk.registry import Registry
from headrace.engine.split import Engine
from headrace.errors import Stop
from headrace.later import Later
from headrace.log import Log, silent
from headrace.meters import Meters
from headrace.operations.authorizing import Authorizer
from headrace.operations.connector_calls import Connectors, ProfileTrial
from headrace.operations.connector_secrets import ConnectorSecrets
from headrace.operations.connector_trial import ConnectorTrial
from headrace.operations.dispatch import Dispatcher
from headrace.operations.heard import Heard
from headrace.operations.oauth_profiles import declared_styles
from headrace.operations.owner import Owner
from headrace.operations.refreshing import Refresher
from headrace.runner.looking import Looker
from headrace.runner.notifier import Notifier
from headrace.runner.placement import placement_of
from headrace.runner.receivers import receivers_of
from headrace.runner.source_check import SourceCheck
from headrace.runner.worker import Worker
from headrace.settings import Settings
from headrace.store import connectors, executions, listeners, shared_key
from headrace.store.opening import open_store
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from headrace.store.tx import Tx
from headrace.store.waiting import Waiting

if TYPE_CHECKING:
    from headrace.runner import listener, scheduler, sweeper
else:
    # A single run needs none of them.
    listener, scheduler = Later("headrace.runner.listener"), Later("headrace.runner.scheduler")
    sweeper = Later("headrace.runner.sweeper")

# How long a start waits for a PostgreSQL server that starts at the same time.
_AWAITED_S = 30.0


def new_uuid() -> str:
    """A random id in the form of AppFlow's."""
    return str(uuid.uuid4())


class Backend:
    """Everything but the HTTP server: store, connectors, engine, operations, one worker, one scheduler if asked for.

    Usable between `start` and `stop`, once. `start` raises SettingsError if the data folder can't
    be used, and leaves nothing open then. `url` says where custom connectors fetch their credentials. `entries` are
    the connectors that there are, None: those that are installed. `around_store` may put something around the opened
    store that sees every transaction.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        log: Log | None = None,
        new_id: Callable[[], str] = new_uuid,
        environment: Mapping[str, str] = os.environ,
        url: Callable[[], str] | None = None,
        entries: Iterable[EntryPoint] | None = None,
        around_store: Callable[[Store], Store] = lambda store: store,
    ) -> None:
        self._entries = entries
        self._around_store = around_store
        self.settings = settings
        self.clock = clock or SystemClock()
        self.log = log or silent()
        self.new_id = new_id
        self._environment = environment
        self._url = url or _no_url
        self._heard = Heard()
        self.meters = Meters(settings.metrics_flows)
        self._stack = ExitStack()
        self._work = ExitStack()
        self._hasten: Callable[[], None] = lambda: None
        self._worker: Worker | None = None

    def start(self, *, is_working: bool = True, is_notifying: bool = False) -> None:
        """Open the store, take back what the last process left unfinished, and start the worker if it is to work.

        `is_notifying`: whom the settings name is told of runs.
        """
        with ExitStack() as stack:
            settings = self.settings
            notifier = self._open_store(stack, is_notifying=is_notifying)
            self.sealer = Sealer.of(settings)
            shared_key.check(self.store, self.sealer)
            self.registry = Registry.load(settings, self.log, self._entries)
            self.engine = Engine(
                memory_limit_bytes=settings.memory_limit_bytes,
                threads=settings.threads,
                scratch=_empty_folder(settings.data / "scratch"),
            )
            stack.callback(self.engine.close)
            self._open_connectors(stack)
            self.dispatcher = self._dispatcher()
            stack.callback(self.dispatcher.close)
            # First of these: a connector or an application that hangs holds up whoever waits for the dispatcher.
            stack.callback(self.hosts.close)
            stack.callback(self.applications.close)
            self._take_back()
            notifier.start()
            # Stopped after the worker, so that what it settles last may still be told.
            self._work.callback(notifier.stop)
            if is_working:
                self._start_worker()
            self._stack = stack.pop_all()

    def _dispatcher(self) -> Dispatcher:
        settings = self.settings
        return Dispatcher(
            store=self.store,
            settings=settings,
            clock=self.clock,
            new_id=self.new_id,
            sources=SourceCheck(self.registry, self.connectors.connections),
            looker=Looker(
                self.registry,
                self.engine,
                self.connectors.connections,
                folder=settings.data / "scratch",
                ray=settings.ray,
            ),
            sealer=self.sealer,
            profiles=ProfileTrial(self.connectors, self.connector_secrets, self.authorizer),
            connectors=self.connectors,
            catalog=self.registry.catalog,
        )

    def run_schedules(self) -> None:
        """Queue the runs of scheduled flows, and those that events start, from now on, until `drain`."""
        self.scheduler = scheduler.Scheduler(
            store=self.store, clock=self.clock, new_id=self.new_id, log=self.log, meters=self.meters
        )
        self.scheduler.start()
        self._work.callback(self.scheduler.stop)
        self.listener = listener.Listener(
            store=self.store,
            clock=self.clock,
            new_id=self.new_id,
            registry=self.registry,
            lease_s=self.settings.lease_s,
            connections=self.connectors.connections.unhurried(),
            log=self.log,
            meters=self.meters,
        )
        self.listener.start()
        self._work.callback(self.listener.stop)

    def sweep(self) -> None:
        """Remove what nobody needs any more from now on, until `drain`."""
        sweeping = sweeper.Sweeper.of(self.settings, self.store, self.clock, self.registry.buckets, self.log)
        sweeping.start()
        self._work.callback(sweeping.stop)

    @property
    def trouble(self) -> Exception | None:
        """What keeps the worker from claiming or settling executions; None: nothing."""
        return None if self._worker is None else self._worker.trouble

    def drain(self) -> None:
        """Let running executions finish or hand them back; none are taken any more."""
        self._hasten()
        self._work.close()

    def stop(self) -> None:
        """Drain, then close everything."""
        self.drain()
        self._stack.close()

    def _take_back(self) -> None:
        """Let what the last process ran be claimed at once, where nobody else can hold a lease."""
        if not self.store.is_shared:
            self.store.write(executions.expire_leases).result()
            self.store.write(listeners.expire).result()

    def _open_store(self, stack: ExitStack, *, is_notifying: bool) -> Notifier:
        settings = self.settings
        receivers = receivers_of(settings, self._environment, self.clock.now) if is_notifying else ()
        self.receivers = {receiver.key: receiver.name for receiver in receivers}
        waiting = Waiting(_AWAITED_S, lambda why: self.log.warning("waiting for the database", reason=why))
        opened = open_store(settings, reports_to=tuple(self.receivers), meters=self.meters, waiting=waiting)
        stack.callback(opened.close)
        self._hasten = opened.hasten
        self.store = self._around_store(opened)
        return Notifier(store=self.store, clock=self.clock, receivers=receivers, log=self.log, owner=self.new_id())

    def _open_connectors(self, stack: ExitStack) -> None:
        store = self.store
        self.connector_secrets = ConnectorSecrets(store, self.sealer, _lambda_arn, self._url)
        self.connector_lines = ConnectorLines(self.settings.data, self.clock.now)
        surroundings = Surroundings(
            settings=self.settings,
            environment=self._environment,
            now=self.clock.now,
            on_line=self._lines_of,
            secrets=self.connector_secrets.environment,
            secret=self.connector_secrets.text_for,
        )
        self.hosts = HostBook(self._place, surroundings)
        hosts = HidingHosts(self.hosts, self.connector_secrets.handed.hide)
        tokens = TokenClient()
        stack.callback(tokens.close)
        types, base_urls = self.registry.record_types, self.settings.connector_urls
        self.authorizer = Authorizer(tokens, declared_styles(store), self.now_ms, types, base_urls)
        opening = Refresher(store, self.sealer, self.authorizer, self.now_ms)
        self.applications = Http()
        built_ins = BuiltIns(types, self.settings, self.clock.now, self.applications)
        self.connectors = Connectors.on(store, hosts, opening, self.now_ms, built_ins)
        # Not through what hides: whether a connector tells secrets is one of the questions.
        plain = Connectors.on(store, self.hosts, opening, self.now_ms, built_ins)
        trial = ConnectorTrial(store, plain, opening, self.connector_secrets, self.registry.catalog, self._heard)
        self.owner = Owner(store, self.settings, self.clock, trial.run, self.hosts.renew)

    def now_ms(self) -> int:
        """The time by the clock of all parts."""
        return to_ms(self.clock.now())

    def _place(self, lambda_arn: str) -> Place | None:
        found = self.store.read(lambda tx: connectors.place(tx, lambda_arn)).result()
        return None if found is None else place_of(found)

    def _lines_of(self, lambda_arn: str) -> OnLine:
        log, hide = self.log.bind(connector=lambda_arn), self.connector_secrets.handed.hide

        def on_line(line: str, request: Request | None) -> None:
            self._heard.add(lambda_arn, line)
            said, name = hide(line), ExecutionName.of(request)
            log.info("connector", line=said, flow=name and name.flow_name, execution=name and name.execution_id)
            if name is not None:
                self.connector_lines.add(name, said)

        return on_line

    def _start_worker(self) -> None:
        worker = Worker(
            store=self.store,
            registry=self.registry,
            connections=self.connectors.connections.unhurried(),
            engine=self.engine,
            clock=self.clock,
            settings=self.settings,
            new_id=self.new_id,
            log=self.log,
            meters=self.meters,
            placement=placement_of(self.settings, self._environment, self._work),
        )
        worker.start()
        self._worker = worker
        self._work.callback(worker.stop)


def _lambda_arn(tx: Tx, account: str, region: str, label: str) -> str | None:
    found = connectors.get(tx, account, region, label)
    return None if found is None else found.lambda_arn


def _no_url() -> str:
    raise Stop(
        "Custom connectors fetch their credentials from `headrace serve`, which is not what runs here. Start it, and"
        " start the flow with StartFlow."
    )


def _empty_folder(folder: Path) -> Path:
    # What a killed process spilled there is of no use to anybody.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder
