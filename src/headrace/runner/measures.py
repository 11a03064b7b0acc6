"""What a worker and a scheduler count of what they do."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.clock import Clock, to_ms
from headrace.engine.results import Counts
from headrace.meters import FlowName, Meters
from headrace.model.states import State
from headrace.store.executions import Claim, Execution

_HOW: Mapping[State, str] = {State.DONE: "succeeded", State.FAILED: "failed", State.CANCELLED: "canceled"}


class Measures:
    """Counts executions as AppFlow's metrics do; what is taken again after its holder fell silent has begun once."""

    def __init__(self, meters: Meters, clock: Clock) -> None:
        self._meters = meters
        self._clock = clock

    def claimed(self, claim: Claim) -> None:
        """The execution is held here from now on."""
        execution = claim.execution
        self._meters.claims.add()
        if execution.attempt == 1:
            self._meters.flows.started(_name(execution))
            begun_ms = execution.updated_ms if execution.started_ms is None else execution.started_ms
            self._meters.waits.add(_seconds(execution.queued_ms, begun_ms))

    def settled(self, claim: Claim, state: State, counts: Counts) -> None:
        """The execution has ended, durably."""
        self._ended(claim.execution, state, counts)

    def closed(self, execution: Execution) -> None:
        """An execution that waited for events was ended as it is now, durably."""
        counts = None if execution.counts is None else Counts.from_document(execution.counts)
        self._ended(execution, execution.state, counts or Counts())

    def _ended(self, execution: Execution, state: State, counts: Counts) -> None:
        begun_ms = execution.queued_ms if execution.started_ms is None else execution.started_ms
        seconds = _seconds(begun_ms, to_ms(self._clock.now()))
        self._meters.runs.add(seconds)
        self._meters.flows.ended(_name(execution), _HOW[state], seconds, counts.records_read)

    def lost(self) -> None:
        """The execution is another's now, or nobody's."""
        self._meters.leases_lost.add()


def _name(execution: Execution) -> FlowName:
    return FlowName(execution.account, execution.region, execution.flow_name)


def _seconds(from_ms: int, to_ms: int) -> float:
    # A clock that was turned back must not take anything away.
    return max(0, to_ms - from_ms) / 1000
