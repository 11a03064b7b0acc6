"""Delivers reports of runs: to each receiver at least once, and in order for each flow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from headrace.clock import Clock, to_ms
from headrace.log import Log, silent
from headrace.runner import messages
from headrace.runner.receivers import Receiver
from headrace.runner.shifts import LENGTH_S, OthersShift, Shift
from headrace.store import outbox
from headrace.store.outbox import Report
from headrace.store.store import Store

# How long a report waits for a receiver that does not take it.
KEPT = timedelta(days=3)
# The store says when there is something to tell; looking by itself drops what waited too long.
POLL_S = 60.0
_MOST_WAIT_S = 300.0
_PAGE = 200
# How long a delivery under way may take to end.
_LET_GO_S = 12.0


class Notifier:
    """One thread for each receiver, so that one which hangs holds up no other. `wait_s` is the wait after failures.

    `owner` names this process among all that tell the same receivers: one at a time does.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        receivers: Iterable[Receiver],
        log: Log | None = None,
        wait_s: Callable[[int], float] | None = None,
        owner: str = "",
    ) -> None:
        lines = log or silent()
        waits = wait_s or _wait_s
        self._rounds = [Rounds(store, clock, receiver, lines, waits, owner) for receiver in receivers]

    def start(self) -> None:
        """Begin to deliver, with what the last process left."""
        for each in self._rounds:
            each.start()

    def stop(self) -> None:
        """Deliver no more; what is left is delivered after the next start."""
        for each in self._rounds:
            each.tell_to_stop()
        for each in self._rounds:
            each.stop()


class Rounds:
    """What one receiver is told. See Notifier."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        receiver: Receiver,
        log: Log,
        wait_s: Callable[[int], float],
        owner: str = "",
    ) -> None:
        self._shift = Shift(store, clock, receiver.key, owner)
        # How long to wait for word of something to tell.
        self._pause_s = POLL_S
        self._store = store
        self._clock = clock
        self._receiver = receiver
        self._log = log.bind(receiver=receiver.name)
        self._wait_s = wait_s
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._unwatch: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._deliver_until_stopped, name="reports", daemon=True)

    def start(self) -> None:
        """Deliver until stopped, in a thread."""
        self._unwatch = self._store.watch(self._wake)
        self._thread.start()

    def tell_to_stop(self) -> None:
        """Begin nothing more."""
        self._stopped.set()
        self._changed.set()

    def stop(self) -> None:
        """Wait for the end of what has begun."""
        self._thread.join(_LET_GO_S)
        self._unwatch()
        self._receiver.close()

    def deliver_all(self) -> bool:
        """Deliver what waits, oldest first; whether all of it was taken.

        A flow whose report is refused waits with all its later ones, and holds up no other flow. Raises as
        `Receiver.deliver` does: nothing more is tried then. Raises OthersShift while another process does it.
        """
        if not self._page(0):
            return True
        with self._shift.held():
            return self._deliver_what_waits()

    def _deliver_what_waits(self) -> bool:
        self._drop_old()
        refusing: set[str] = set()
        after = 0
        while page := self._page(after):
            after = page[-1].number
            for batch in _batches(page, self._receiver.most_together):
                if self._stopped.is_set():
                    return True
                self._shift.keep()
                refusing |= self._deliver([report for report in batch if report.flow_id not in refusing])
        return not refusing

    def _deliver(self, reports: Sequence[Report]) -> set[str]:
        """The flows whose reports were refused."""
        if not reports:
            return set()
        refused = self._receiver.deliver(reports)
        # Killed before this is durable, they are delivered once more, under the same ids.
        taken = [report.number for report in reports if report.event_id not in refused]
        self._store.write(lambda tx: outbox.remove(tx, taken)).result()
        for event_id, reason in refused.items():
            self._log.warning("report refused", event_id=event_id, reason=reason)
        return {report.flow_id for report in reports if report.event_id in refused}

    def _page(self, after: int) -> list[Report]:
        key = self._receiver.key
        return self._store.read(lambda tx: outbox.page(tx, key, after=after, limit=_PAGE)).result()

    def _drop_old(self) -> None:
        key, before_ms = self._receiver.key, to_ms(self._clock.now() - KEPT)
        old = self._store.read(lambda tx: outbox.expired(tx, key, before_ms=before_ms)).result()
        if old:
            self._store.write(lambda tx: outbox.remove(tx, old)).result()
            self._log.error("reports dropped", count=len(old), reason=f"nobody took them for {KEPT.days} days")

    def _deliver_until_stopped(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            self._changed.clear()
            failures = 0 if self._is_delivered() else failures + 1
            if failures:
                self._stopped.wait(self._wait_s(failures))
            elif not self._stopped.is_set():
                self._changed.wait(self._pause_s)

    def _is_delivered(self) -> bool:
        self._pause_s = POLL_S
        try:
            return self.deliver_all()
        except OthersShift:
            # To see that nothing is left where that process dies.
            self._pause_s = LENGTH_S
            return True
        except Exception as error:  # Boundary: whatever it is, the reports are still there for the next time
            messages.tell(self._log, "reports not delivered", error)
            return False

    def _wake(self, topic: str) -> None:
        if topic == outbox.TOPIC:
            self._changed.set()


def _batches(reports: Iterable[Report], most: int) -> Iterator[list[Report]]:
    """Cut so that no batch has two of one flow: the later one would come before the earlier if that is refused."""
    batch: list[Report] = []
    flows: set[str] = set()
    for report in reports:
        if len(batch) == most or report.flow_id in flows:
            yield batch
            batch, flows = [], set()
        batch.append(report)
        flows.add(report.flow_id)
    if batch:
        yield batch


def _wait_s(failures: int) -> float:
    return min(2.0 ** (failures - 1), _MOST_WAIT_S)
