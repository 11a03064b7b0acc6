"""Listens for the events of flows: asks their sources, and puts to work what has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from headrace.clock import Clock, to_ms
from headrace.connector_sdk.listening import Arrival, EventSource, Interest, News, Subscription
from headrace.connector_sdk.records import Connections
from headrace.connector_sdk.registry import Registry
from headrace.errors import ConnectorError, HeadraceError
from headrace.flow.plan import Plan, PlanFaults, plan
from headrace.log import Log, silent
from headrace.meters import Meters
from headrace.runner import messages
from headrace.runner.connections import NoConnections
from headrace.runner.measures import Measures
from headrace.store import event_runs, events, instants, listeners
from headrace.store.executions import Execution
from headrace.store.listeners import Followed, Listening
from headrace.store.store import Store
from headrace.store.tx import Tx

# Sources are asked once a second; one that takes long gets a twentieth of the time.
EVERY_S = 1.0
_SHARE = 20
# Events come in bursts: so long they are gathered before they are put to work.
GATHER_S = 0.2
AFTER_FAILURE_S = 5.0
# How many events are taken in one transaction: others that write wait for it.
MOST_TOGETHER = 500


@dataclass
class _Following:
    """A flow whose source this node asks; `subscription` None: there is nothing to ask now."""

    name: str
    subscription: Subscription | None
    renew_at_s: float
    due_s: float = 0.0
    # When to begin anew after a failure; None: nothing failed.
    again_s: float | None = None


class Listener:
    """Asks the sources of event flows, and sees that a flow with events has an execution in the queue.

    Any number of nodes may listen on one store: each flow's source is asked by one at a time, under a lease of
    `lease_s` seconds. A node that lost its lease finds out when it keeps what it heard: then that is the other's.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        new_id: Callable[[], str],
        registry: Registry,
        lease_s: float,
        connections: Connections | None = None,
        log: Log | None = None,
        meters: Meters | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._registry = registry
        self._connections = connections or NoConnections()
        self._lease_s = lease_s
        self._log = log or silent()
        self._measures = Measures(meters or Meters(), clock)
        self._seconds = seconds
        self._me = new_id()
        self._following: dict[Listening, _Following] = {}
        self._stopped = threading.Event()
        self._came = threading.Event()
        self._unwatch: Callable[[], None] = lambda: None
        self._threads = (
            threading.Thread(target=self._rouse_until_stopped, name="events", daemon=True),
            threading.Thread(target=self._ask_until_stopped, name="event-sources", daemon=True),
        )

    def start(self) -> None:
        """Begin to listen, where each source was left."""
        self._unwatch = self._store.watch(lambda topic: self._came.set() if topic == events.TOPIC else None)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Listen no more; other nodes may."""
        self._stopped.set()
        self._came.set()
        for thread in self._threads:
            thread.join()
        self._unwatch()
        for following in self._following.values():
            _close(following)
        try:
            self._store.write(lambda tx: listeners.release(tx, self._me)).result()
        except HeadraceError as error:
            # They run out by themselves; a store that fails is no reason not to stop.
            messages.tell(self._log, "sources of events not given back", error)

    def rouse(self) -> None:
        """Put to work the events that wait, and close the executions whose time is over. From any thread."""
        # Nothing is written, and no writer held up, while nothing is due.
        is_due, old = self._store.read(self._due).result()
        if is_due:
            for closed in self._store.write(self._roused).result():
                self._measures.closed(closed)
        if old:
            self._store.write(lambda tx: events.forget(tx, old)).result()

    def ask(self) -> None:
        """Ask every source that it is time to ask. From one thread."""
        found = self._store.read(lambda tx: listeners.open_to(tx, self._me, now_ms=self._now_ms(tx))).result()
        for gone in self._following.keys() - set(found):
            _close(self._following.pop(gone))
        for flow in found:
            following = self._followed(flow)
            if following is not None and following.due_s <= self._seconds():
                self._ask_one(flow, following)

    def _rouse_until_stopped(self) -> None:
        while not self._stopped.is_set():
            self._came.clear()
            try:
                self.rouse()
            except Exception as error:  # Boundary: a store that fails now may work a second later
                messages.tell(self._log, "events not put to work", error)
            self._came.wait(EVERY_S)
            self._stopped.wait(GATHER_S)

    def _ask_until_stopped(self) -> None:
        while not self._stopped.is_set():
            try:
                self.ask()
            except Exception as error:  # Boundary: a store that fails now may work a second later
                messages.tell(self._log, "sources of events not asked", error)
            self._stopped.wait(EVERY_S)

    def _followed(self, flow: Listening) -> _Following | None:
        """The flow as this node follows it; None: another node does."""
        now_s, known = self._seconds(), self._following.get(flow)
        if known is not None and known.again_s is not None and known.again_s <= now_s:
            known = self._following.pop(flow) and None
        if known is not None and now_s < known.renew_at_s:
            return known
        found = self._store.write(lambda tx: self._taken(tx, flow)).result()
        if found is None:
            if known is not None:
                _close(self._following.pop(flow))
            return None
        renew_at_s = now_s + self._lease_s / 3
        if known is None:
            known = self._following[flow] = _Following(found.name, None, renew_at_s)
            known.subscription = self._subscribed(flow, known, found)
        known.renew_at_s = renew_at_s
        return known

    def _taken(self, tx: Tx, flow: Listening) -> Followed | None:
        now_ms = self._now_ms(tx)
        return listeners.follow(tx, flow, self._me, now_ms=now_ms, until_ms=now_ms + int(self._lease_s * 1000))

    def _due(self, tx: Tx) -> tuple[bool, list[int]]:
        now_ms = self._now_ms(tx)
        return event_runs.is_anything_due(tx, now_ms=now_ms), events.old(tx, now_ms=now_ms)

    def _roused(self, tx: Tx) -> list[Execution]:
        return event_runs.rouse(tx, self._new_id, now_ms=self._now_ms(tx))

    def _now_ms(self, tx: Tx) -> int:
        # Where several nodes share a store, by the clock that their leases are counted by: their own may differ.
        return instants.now_ms(tx) if self._store.is_shared else to_ms(self._clock.now())

    def _subscribed(self, flow: Listening, following: _Following, found: Followed) -> Subscription | None:
        try:
            meant = plan(found.document)
            source = self._source(meant, found)
            if not isinstance(source, EventSource):
                return None
            entity = meant.reading.entity if meant.reading is not None else ""
            made = source.subscribe(Interest(entity, meant.source.properties, flow.since_ms, found.cursor))
        except (ConnectorError, PlanFaults) as error:
            self._failed(following, error)
            return None
        if made is not None:
            self._log.info("listening", flow=found.name, cursor=found.cursor)
        return made

    def _source(self, meant: Plan, found: Followed) -> object:
        reading = meant.reading
        if reading is None:
            return self._registry.source(meant.source.connector_type)
        return self._connections.open(found.account, found.region, reading.profile, reading.connector_type)

    def _ask_one(self, flow: Listening, following: _Following) -> None:
        if following.subscription is None:
            return
        began_s = self._seconds()
        listener = self._store.read(lambda tx: events.listener(tx, flow.flow_id)).result()
        # What it does not take now stays at its source.
        if listener is None or listener.is_behind:
            return
        try:
            news = following.subscription.poll()
        except ConnectorError as error:
            self._failed(following, error)
            return
        # Until it is durable it is to be polled again, from the cursor on.
        del self._following[flow]
        if not self._is_kept(flow, news):
            _close(following)
            return
        self._following[flow] = following
        took_s = self._seconds() - began_s
        following.due_s = began_s + took_s + max(0.0, _SHARE * took_s - EVERY_S)

    def _is_kept(self, flow: Listening, news: News) -> bool:
        """Make what happened durable, and only then where to go on (invariant 1). False: it is another's by now."""
        now_ms = to_ms(self._clock.now())

        def work(tx: Tx, some: Sequence[Arrival], cursor: str | None) -> bool:
            if not listeners.hold(tx, flow, self._me):
                return False
            events.take(tx, flow.flow_id, some, now_ms=now_ms)
            if cursor is not None:
                events.move(tx, flow.flow_id, cursor)
            return True

        chunks = list(_chunks(news.arrivals)) or ([()] if news.cursor is not None else [])
        for number, some in enumerate(chunks, start=1):
            cursor = news.cursor if number == len(chunks) else None
            if not self._store.write(lambda tx, some=some, cursor=cursor: work(tx, some, cursor)).result():
                return False
        return True

    def _failed(self, following: _Following, error: Exception) -> None:
        self._log.warning("source of events failed", flow=following.name, reason=messages.of_failure(error))
        _close(following)
        following.subscription = None
        following.again_s = self._seconds() + AFTER_FAILURE_S


def _chunks(arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    for start in range(0, len(arrivals), MOST_TOGETHER):
        yield arrivals[start : start + MOST_TOGETHER]


def _close(following: _Following) -> None:
    if following.subscription is not None:
        following.subscription.close()
