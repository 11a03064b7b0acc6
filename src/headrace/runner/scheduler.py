"""Queues the runs of scheduled flows: on every node, as each second begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from headrace.clock import Clock, from_ms, to_ms
from headrace.flow.faults import PlanFaults
from headrace.flow.schedule import Schedule, Trigger, last_due, next_due
from headrace.flow.trigger import trigger_of
from headrace.flow.window import Window, window_at
from headrace.log import Level, Log, silent
from headrace.meters import Meters
from headrace.runner import messages
from headrace.store import executions, queueing, schedules
from headrace.store.schedules import DueFlow
from headrace.store.store import Store
from headrace.store.tx import Tx

# How many flows are seen to in one transaction: others that write wait for it.
MOST_TOGETHER = 200
_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)

Fate = Literal["queued", "skipped", "waits", "passed", "given up", "busy"]
_SAID: Mapping[Fate, tuple[Level, str]] = {
    "queued": ("info", "flow due"),
    "skipped": ("warning", "tick skipped: the flow still runs"),
    "given up": ("error", "flow can't be scheduled"),
}


@dataclass(frozen=True)
class Tick:
    """What became of a flow that was due.

    `instant` is the tick that counts: the last one up to now; `following` the next one, None: there is none. "waits":
    the flow still runs and no tick follows, so this one stays due until it does not. "busy": a caller decides about
    the flow at this moment, so the next look does. `trouble` says why a flow was given up.
    """

    flow: DueFlow
    fate: Fate
    instant: datetime | None = None
    following: datetime | None = None
    execution_id: str | None = None
    window: Window | None = None
    trouble: str | None = None


class Scheduler:
    """Looks at the store once a second of the clock, on whose whole seconds all ticks lie.

    `new_id` makes the ids of executions. Any number of schedulers may look at one store.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        new_id: Callable[[], str],
        log: Log | None = None,
        meters: Meters | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._log = log or silent()
        self._lateness = (meters or Meters()).lateness
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_until_stopped, name="schedules", daemon=True)

    def start(self) -> None:
        """Begin to look, at once: what came due while nobody did is seen to first."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> tuple[str, ...]:
        """Queue what is due by now; the ids of the executions. From any thread.

        Of several ticks that a flow missed, the last one counts: one run makes up for all of them. A tick that comes
        while the flow runs is skipped; the window of the next one covers it.
        """
        ticks: list[tuple[Tick, datetime]] = []
        try:
            for page in self._pages():
                ticks += page
        finally:
            # Not between two pages: what is told of one would keep the other waiting.
            for tick, at in ticks:
                self._tell(tick, at)
        return tuple(tick.execution_id for tick, _ in ticks if tick.execution_id is not None)

    def _look_until_stopped(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception as error:  # Boundary: a store that fails now may work a second later
                messages.tell(self._log, "schedules not looked at", error)
            self._stopped.wait(_to_next_second_s(self._clock.now()))

    def _pages(self) -> Iterator[list[tuple[Tick, datetime]]]:
        # Nothing is written, and no writer held up, while nothing is due.
        earliest_ms = self._store.read(schedules.earliest_ms).result()
        if earliest_ms is None or earliest_ms > to_ms(self._clock.now()):
            return
        page = self._fire(None)
        yield page
        while len(page) == MOST_TOGETHER:
            page = self._fire(page[-1][0].flow)
            yield page

    def _fire(self, after: DueFlow | None) -> list[tuple[Tick, datetime]]:
        now = self._clock.now()
        ticks = self._store.write(lambda tx: self._fire_page(tx, after, now)).result()
        # Durable by now; the tick of a service that was down is as late as it was long.
        done_at = self._clock.now()
        for tick in ticks:
            if tick.fate == "queued" and tick.instant is not None:
                self._lateness.add((done_at - tick.instant).total_seconds())
        return [(tick, now) for tick in ticks]

    def _fire_page(self, tx: Tx, after: DueFlow | None, now: datetime) -> list[Tick]:
        """Queue the runs of flows that are due and set their next ticks, in one transaction (invariant 6)."""
        found = schedules.due(tx, now_ms=to_ms(now), limit=MOST_TOGETHER, after=after)
        free = tx.try_locks([flow.arn for flow in found])
        ids = [flow.flow_id for flow in found if flow.arn in free]
        running = queueing.running(tx, ids)
        fired = schedules.fired(tx, ids, from_ms=found[0].next_fire_ms) if found else set[tuple[str, int]]()
        ticks = [
            self._tick(flow, now, fired, is_running=flow.flow_id in running) if flow.arn in free else Tick(flow, "busy")
            for flow in found
        ]
        _keep(tx, ticks, to_ms(now))
        # Workers that began now would be in the way of the pages that follow, the last of which wakes them.
        if len(found) == MOST_TOGETHER:
            tx.topics.discard(executions.TOPIC)
        elif after is not None:
            tx.announce(executions.TOPIC)
        return ticks

    def _tick(self, flow: DueFlow, now: datetime, fired: Container[tuple[str, int]], *, is_running: bool) -> Tick:
        try:
            trigger, schedule = _meaning(flow)
        except PlanFaults as faults:
            return Tick(flow, "given up", trouble=messages.shown(faults.worded("Start")))
        instant = last_due(schedule, after=from_ms(flow.next_fire_ms) - _MILLISECOND, until=now)
        following = next_due(schedule, after=now)
        if is_running and instant is not None and following is None:
            return Tick(flow, "waits", instant)
        if instant is None or (flow.flow_id, to_ms(instant)) in fired:
            return Tick(flow, "passed", instant, following)
        if is_running:
            return Tick(flow, "skipped", instant, following)
        read_until = None if flow.read_until_ms is None else from_ms(flow.read_until_ms)
        window = window_at(trigger, instant, read_until=read_until)
        return Tick(flow, "queued", instant, following, self._new_id(), window)

    def _tell(self, tick: Tick, now: datetime) -> None:
        said = _SAID.get(tick.fate)
        if said is not None:
            instant, late = tick.instant, None if tick.instant is None else now - tick.instant
            fields = {
                "flow": tick.flow.name,
                "execution": tick.execution_id,
                "instant": None if instant is None else instant.isoformat(),
                "late_s": None if late is None else late.total_seconds(),
            }
            self._log.write(*said, fields)


def _keep(tx: Tx, ticks: Sequence[Tick], now_ms: int) -> None:
    for tick in ticks:
        if tick.trouble is not None:
            schedules.give_up(tx, tick.flow.flow_id, tick.trouble, now_ms=now_ms)
    schedules.set_next_of(
        tx, [(tick.flow.flow_id, _ms(tick.following)) for tick in ticks if tick.fate in {"queued", "skipped", "passed"}]
    )
    due = [
        queueing.Tick(
            tick.flow,
            tick.execution_id,
            to_ms(tick.instant),
            *((None, None) if tick.window is None else (to_ms(tick.window.start), to_ms(tick.window.end))),
        )
        for tick in ticks
        if tick.execution_id is not None and tick.instant is not None
    ]
    if due:
        queueing.insert_ticks(tx, due, now_ms=now_ms)


def _ms(instant: datetime | None) -> int | None:
    return None if instant is None else to_ms(instant)


def _meaning(flow: DueFlow) -> tuple[Trigger, Schedule]:
    """The flow's trigger and its schedule; one that says no start has its grid from the activation on."""
    trigger = trigger_of(flow.document)
    if trigger.schedule is None:
        raise PlanFaults(["Trigger Validation Error: the flow is due and has no schedule; stop it and start it again"])
    return trigger, replace(trigger.schedule, start=trigger.schedule.start or from_ms(flow.grid_start_ms))


def _to_next_second_s(now: datetime) -> float:
    return 1 - now.microsecond / 1_000_000
