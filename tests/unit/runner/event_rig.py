"""Event flows on a rig: events as if they had come, the listener's look made by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from headrace.clock import HandClock, to_ms
from headrace.connector_sdk.listening import Arrival, Interest, News
from headrace.meters import Meters
from headrace.model.states import State
from headrace.runner.listener import Listener
from headrace.store import event_batches, event_runs, events, executions, flows
from headrace.store.executions import Execution
from headrace.store.tx import Tx
from tests.unit.runner.rig import Rig, document

FLOW = "id of orders"
LEASE_S = 30.0


@dataclass
class Replays:
    """A source that tells events by number, from the one after the cursor on, as replay ids do."""

    count: int = 0
    most: int = 10**6
    interests: list[Interest] = field(default_factory=list[Interest])
    closed: int = 0
    fault: Exception | None = None
    after: int = 0

    def subscribe(self, interest: Interest) -> Replays:
        self.interests.append(interest)
        self.after = int(interest.cursor or 0)
        return self

    def poll(self) -> News:
        if self.fault is not None:
            raise self.fault
        numbers = range(self.after + 1, min(self.count, self.after + self.most) + 1)
        self.after = numbers[-1] if numbers else self.after
        arrivals = tuple(Arrival(str(number), json.dumps({"key": f"in/{number}"})) for number in numbers)
        return News(arrivals, str(self.after))

    def close(self) -> None:
        self.closed += 1


@dataclass
class EventTown:
    """Also the registry, whose one source tells of replays."""

    rig: Rig
    replays: Replays = field(default_factory=Replays)
    now_s: float = 0.0
    meters: Meters = field(default_factory=Meters)

    def source(self, connector_type: str) -> Replays:
        return self.replays

    def listener(self) -> Listener:
        given: dict[str, Any] = {
            "store": self.rig.store,
            "clock": self.rig.clock,
            "new_id": lambda: f"{self.rig.data.name}-{next(self.rig.numbers)}",
            "registry": self,
            "lease_s": LEASE_S,
            "meters": self.meters,
            "seconds": lambda: self.now_s,
        }
        return Listener(**given)

    def ask(self, listener: Listener) -> None:
        self.now_s += 1.0
        listener.ask()

    @property
    def clock(self) -> HandClock:
        """The rig's, where a test turns it."""
        assert isinstance(self.rig.clock, HandClock)
        return self.rig.clock

    @property
    def cursor(self) -> str | None:
        found = self.rig.store.read(lambda tx: events.listener(tx, FLOW)).result()
        return None if found is None else found.cursor


def event_document(**errors: Any) -> dict[str, Any]:
    return document(**errors) | {"triggerConfig": {"triggerType": "Event"}}


def listen(rig: Rig, threshold: int | None = None, **errors: Any) -> None:
    """Make the flow and activate it."""

    def work(tx: Tx) -> None:
        now_ms = to_ms(rig.clock.now())
        flows.insert(
            tx,
            flow_id=FLOW,
            account="1",
            region="r",
            name="orders",
            arn="arn:orders",
            trigger_type="Event",
            failure_threshold=threshold,
            status="Active",
            kms_arn=None,
            document=event_document(**errors),
            by="me",
            now_ms=now_ms,
        )
        events.begin(tx, FLOW, now_ms=now_ms)

    rig.store.write(work).result()


def come(rig: Rig, *keys: str, told: str = "told") -> int:
    """Tell of objects; the rig has them, or not."""
    arrivals = [Arrival(f"{told} {key}", json.dumps({"key": key})) for key in keys]
    now_ms = to_ms(rig.clock.now())
    return rig.store.write(lambda tx: events.take(tx, FLOW, arrivals, now_ms=now_ms)).result()


def drop(rig: Rig, **texts: str) -> None:
    """Put objects below `in/` and tell of them."""
    rig.objects.objects |= {("raw", f"in/{name}"): text for name, text in texts.items()}
    come(rig, *(f"in/{name}" for name in texts))


def rouse(rig: Rig) -> None:
    """What the listener does once a second."""
    now_ms, ids = to_ms(rig.clock.now()), rig.numbers
    rig.store.write(lambda tx: event_runs.rouse(tx, lambda: f"run-{next(ids)}", now_ms=now_ms)).result()


def runs(rig: Rig) -> list[Execution]:
    """Oldest first."""
    return rig.store.read(lambda tx: executions.page(tx, FLOW, before_sequence=None, limit=99)).result()[::-1]


def parked(rig: Rig) -> Execution:
    """The newest execution once it waits for events."""
    return rig.until(lambda found: found.state is State.WAITING, runs(rig)[-1].execution_id)


def waiting(rig: Rig) -> int:
    found = rig.store.read(lambda tx: events.listener(tx, FLOW)).result()
    assert found is not None
    assert len(rig.store.read(lambda tx: events.waiting(tx, FLOW, limit=999)).result()) == found.waiting_events
    return found.waiting_events


def has_batch(rig: Rig) -> bool:
    return rig.store.read(lambda tx: event_batches.of_flow(tx, FLOW)).result() is not None


def lines(rig: Rig) -> list[str]:
    return sorted("".join(rig.objects.output().values()).splitlines())
