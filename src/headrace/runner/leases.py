"""The executions a worker holds: leases renewed, cancellations and losses noticed."""

from __future__ import annotations

import threading
from datetime import timedelta

from headrace.clock import Clock
from headrace.model.states import State
from headrace.runner.control import Control, Reason
from headrace.runner.ledger import Ledger
from headrace.store.executions import Claim


class Leases:
    """Which executions run in this process, each with its stop switch. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, clock: Clock, *, lease_s: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._every = timedelta(seconds=lease_s / 3)
        self._renewed_at = clock.now()
        self._lock = threading.Lock()
        self._held: dict[tuple[str, int], Control] = {}
        self._changed = threading.Condition(self._lock)

    def __len__(self) -> int:
        with self._lock:
            return len(self._held)

    def take(self, claim: Claim, control: Control) -> None:
        """Hold the claim. An older lease of the same execution, which this one took over, ends at the next `look`."""
        with self._lock:
            if not self._held:
                self._renewed_at = self._clock.now()
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
        now, held = self._clock.now(), self._snapshot()
        if not held or now - self._renewed_at < self._every:
            return
        states = self._ledger.renew({id_ for id_, _ in held})
        self._renewed_at = now
        for (id_, _), control in held.items():
            if id_ not in states:
                control.stop(Reason.LOST)
            elif states[id_] is State.CANCELLING:
                control.stop(Reason.CANCELLED)

    def _snapshot(self) -> dict[tuple[str, int], Control]:
        with self._lock:
            return dict(self._held)
