"""The executions a worker holds: leases renewed, cancellations and losses noticed."""

from __future__ import annotations

import threading

from headrace.clock import Clock
from headrace.model.states import State
from headrace.runner.control import Control, Reason
from headrace.runner.ledger import Ledger
from headrace.store.executions import Claim

# How much of a lease may pass without a renewal: what remains is for executions to come to a stand, and for clocks
# that differ.
KEPT = 2 / 3


class Leases:
    """Which executions run in this process, each with its stop switch. Safe to use from several threads.

    An execution whose lease was not renewed for KEPT of its length is stopped here, so that it stands still before
    another may claim it. That is counted from the moment before the store was asked, by a clock that nobody sets.
    """

    def __init__(self, ledger: Ledger, clock: Clock, *, lease_s: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._every_s = lease_s / 3
        self._kept_s = lease_s * KEPT
        self._renewed_at_s = clock.elapsed_s()
        self._lock = threading.Lock()
        self._held: dict[tuple[str, int], Control] = {}
        self._changed = threading.Condition(self._lock)
        self._ended = threading.Event()
        self._fencing = threading.Thread(
            target=self._fence_until_ended, args=(lease_s / 10,), name="fences", daemon=True
        )

    def start(self) -> None:
        """Begin to stop what was not renewed in time, whatever holds up the renewals."""
        self._fencing.start()

    def stop(self) -> None:
        """Nothing is held any more."""
        self._ended.set()
        self._fencing.join()

    def _fence_until_ended(self, every_s: float) -> None:
        while not self._ended.wait(every_s):
            self.stop_stale()

    def __len__(self) -> int:
        with self._lock:
            return len(self._held)

    def take(self, claim: Claim, control: Control, asked_at_s: float) -> None:
        """Hold the claim, which the store was asked for at that moment of the clock's `elapsed_s`.

        An older lease of the same execution, which this one took over, ends at the next `look`.
        """
        control.hold_until(asked_at_s + self._kept_s)
        with self._lock:
            if not self._held:
                self._renewed_at_s = asked_at_s
            self._held[claim.execution.execution_id, claim.execution.fence] = control

    def drop(self, claim: Claim) -> None:
        """The execution has ended here."""
        with self._changed:
            self._held.pop((claim.execution.execution_id, claim.execution.fence), None)
            self._changed.notify_all()

    def wait_until_none(self, seconds: float) -> bool:
        """Wait so long for every execution to end; whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout=seconds)

    def stop_all(self, reason: Reason) -> None:
        """Stop every execution that still runs."""
        for control in self._snapshot().values():
            control.stop(reason)

    def stop_stale(self) -> None:
        """Stop what was not renewed in time. Asks nobody, so that a store that hangs does not hold it up."""
        for control in self._snapshot().values():
            control.stop_if_stale()

    def look(self) -> None:
        """Stop what was cancelled, deleted or claimed by another."""
        held = self._snapshot()
        if not held:
            return
        found = self._ledger.look_up({id_ for id_, _ in held})
        for (id_, fence), control in held.items():
            execution = found.get(id_)
            if execution is None or execution.fence != fence:
                control.stop(Reason.LOST)
            elif execution.state is State.CANCELLING:
                control.stop(Reason.CANCELLED)

    def renew_if_due(self) -> None:
        """Renew every lease three times in its life; stop what is lost or was cancelled."""
        now_s = self._clock.elapsed_s()
        held = {key: control for key, control in self._snapshot().items() if control.reason is not Reason.LOST}
        if not held or now_s - self._renewed_at_s < self._every_s:
            return
        states = self._ledger.renew({id_ for id_, _ in held})
        self._renewed_at_s = now_s
        for (id_, _), control in held.items():
            control.hold_until(now_s + self._kept_s)
            if id_ not in states:
                control.stop(Reason.LOST)
            elif states[id_] is State.CANCELLING:
                control.stop(Reason.CANCELLED)

    def _snapshot(self) -> dict[tuple[str, int], Control]:
        with self._lock:
            return dict(self._held)
