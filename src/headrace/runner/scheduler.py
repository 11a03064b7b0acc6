"""Queues the runs of scheduled flows: on every node, as each second begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from headrace.clock import Clock, from_ms, to_ms
from headrace.flow.faults import PlanFaults
from headrace.flow.schedule import Schedule, Trigger, last_due, next_due
from headrace.flow.trigger import trigger_of
from headrace.flow.window import window_at
from headrace.log import Level, Log, silent
from headrace.meters import Meters
from headrace.runner import messages
from headrace.store import executions, schedules
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

    `instant` is the tick that counts: the last one up to now. "waits": the flow still runs and no tick follows, so
    this one stays due until it does not. "busy": a caller decides about the flow at this moment, so the next look does.
    """

    flow: DueFlow
    fate: Fate
    instant: datetime | None = None
    execution_id: str | None = None


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
        ticks = tuple(self._ticks())
        return tuple(tick.execution_id for tick in ticks if tick.execution_id is not None)

    def _look_until_stopped(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception as error:  # Boundary: a store that fails now may work a second later
                messages.tell(self._log, "schedules not looked at", error)
            self._stopped.wait(_to_next_second_s(self._clock.now()))

    def _ticks(self) -> Iterator[Tick]:
        # Nothing is written, and no writer held up, while nothing is due.
        earliest_ms = self._store.read(schedules.earliest_ms).result()
        if earliest_ms is None or earliest_ms > to_ms(self._clock.now()):
            return
        last: DueFlow | None = None
        while ticks := self._fire(last):
            yield from ticks
            last = ticks[-1].flow

    def _fire(self, after: DueFlow | None) -> list[Tick]:
        now = self._clock.now()

        def work(tx: Tx) -> list[Tick]:
            found = schedules.due(tx, now_ms=to_ms(now), limit=MOST_TOGETHER, after=after)
            return [self._fire_one(tx, flow, now) for flow in found]

        ticks = self._store.write(work).result()
        # Durable by now; the tick of a service that was down is as late as it was long.
        done_at = self._clock.now()
        for tick in ticks:
            if tick.fate == "queued" and tick.instant is not None:
                self._lateness.add((done_at - tick.instant).total_seconds())
            self._tell(tick, now)
        return ticks

    def _fire_one(self, tx: Tx, flow: DueFlow, now: datetime) -> Tick:
        """Queue the flow's run and set its next tick, in one transaction (invariant 6)."""
        if not tx.try_lock(flow.arn):
            return Tick(flow, "busy")
        try:
            trigger, schedule = _meaning(flow)
        except PlanFaults as faults:
            schedules.give_up(tx, flow.flow_id, messages.shown(faults.worded("Start")), now_ms=to_ms(now))
            return Tick(flow, "given up")
        instant = last_due(schedule, after=from_ms(flow.next_fire_ms) - _MILLISECOND, until=now)
        following = next_due(schedule, after=now)
        is_running = executions.has_run(tx, flow.flow_id)
        if is_running and instant is not None and following is None:
            return Tick(flow, "waits", instant)
        schedules.set_next(tx, flow.flow_id, None if following is None else to_ms(following))
        if instant is None or schedules.has_fired(tx, flow.flow_id, to_ms(instant)):
            return Tick(flow, "passed", instant)
        if is_running:
            return Tick(flow, "skipped", instant)
        return Tick(flow, "queued", instant, self._queue(tx, flow, trigger, instant, now))

    def _queue(self, tx: Tx, flow: DueFlow, trigger: Trigger, instant: datetime, now: datetime) -> str:
        read_until = None if flow.read_until_ms is None else from_ms(flow.read_until_ms)
        window = window_at(trigger, instant, read_until=read_until)
        execution_id = self._new_id()
        executions.insert(
            tx,
            flow,
            execution_id=execution_id,
            trigger="scheduled",
            now_ms=to_ms(now),
            window_from_ms=None if window is None else to_ms(window.start),
            window_to_ms=None if window is None else to_ms(window.end),
            scheduled_for_ms=to_ms(instant),
        )
        return execution_id

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


def _meaning(flow: DueFlow) -> tuple[Trigger, Schedule]:
    """The flow's trigger and its schedule; one that says no start has its grid from the activation on."""
    trigger = trigger_of(flow.document)
    if trigger.schedule is None:
        raise PlanFaults(["Trigger Validation Error: the flow is due and has no schedule; stop it and start it again"])
    return trigger, replace(trigger.schedule, start=trigger.schedule.start or from_ms(flow.grid_start_ms))


def _to_next_second_s(now: datetime) -> float:
    return 1 - now.microsecond / 1_000_000
