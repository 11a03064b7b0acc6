"""One claimed execution, from its plan to the moment its output is visible."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headrace.connector_sdk.contract import FileDestination
from headrace.engine.results import Counts
from headrace.engine.watch import Cancelled
from headrace.errors import ConnectorError, HeadraceError, Stop
from headrace.flow.plan import Plan
from headrace.model.states import State
from headrace.runner import messages
from headrace.runner.control import Reason
from headrace.runner.rejects import Rejects
from headrace.runner.splits import Held, Splits, Tools

# An execution that takes its process down with it (out of memory) must not do so for ever.
MOST_ATTEMPTS = 10


@dataclass(frozen=True)
class Outcome:
    """How an execution ends; `message` None: nothing to say beside the status."""

    state: State
    counts: Counts
    message: str | None = None


class Attempt:
    """What one worker does for one claim.

    `run` raises what stops the execution: Cancelled (`Control.reason` says why), LeaseLost, or the
    reason it fails. Nothing is visible before `Ledger.begin_commit`; after it this attempt, or the
    next one, goes on until everything is.
    """

    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._splits = Splits(tools, held)
        self._rejects: Rejects | None = None
        self._has_begun_commit = held.claim.execution.commit_ms is not None

    def run(self) -> Outcome:
        """Plan, run each split that has no result yet, commit."""
        self._held.control.check()
        plan = self._plan()
        destination = self._tools.registry.destination(plan.destinations[0].connector_type)
        self._rejects = Rejects(self._held.claim.execution, plan.errors, self._tools.folders, destination)
        if not self._has_begun_commit:
            self._splits.run(plan)
            if refusal := self._refusal(plan, str(self._rejects)):
                return self.failed(refusal)
            self._begin_commit()
            self._has_begun_commit = True
        else:
            self._splits.take_results()
        self._commit(plan, destination, self._rejects)
        return Outcome(State.DONE, self._counts, self._remark(str(self._rejects)))

    def failed(self, message: str) -> Outcome:
        """The outcome of an execution that fails; the rejects of its finished splits are kept."""
        if self._has_begun_commit:
            message = f"{message.rstrip('.')}. Some objects of this execution may have been written"
        elif self._rejects is not None:
            self._keep_rejects(self._rejects)
        return Outcome(State.FAILED, self._uncommitted(), message)

    def cancelled(self) -> Outcome:
        """The outcome of an execution that a caller cancelled."""
        return Outcome(State.CANCELLED, self._uncommitted())

    def leave(self) -> None:
        """Stop without an outcome: another holder, or this one after its next start, goes on."""
        self._splits.leave()

    @property
    def _counts(self) -> Counts:
        return self._held.progress.finished

    def _plan(self) -> Plan:
        execution = self._held.claim.execution
        if execution.attempt > MOST_ATTEMPTS and not self._has_begun_commit:
            raise Stop(f"The execution was begun {MOST_ATTEMPTS} times and never came to its end")
        plan = self._tools.plan(self._held.claim.document)
        if missing := self._tools.registry.missing(plan):
            raise Stop(missing)
        return plan

    def _begin_commit(self) -> None:
        try:
            self._tools.ledger.begin_commit(self._held.claim)
        except Cancelled:
            self._held.control.stop(Reason.CANCELLED)
            raise

    def _commit(self, plan: Plan, destination: FileDestination, rejects: Rejects) -> None:
        results = self._splits.results
        staged = [file for result in results for file in result.outputs]
        self._splits.retried("keep rejects", lambda: rejects.deliver(results))
        if staged:
            properties = plan.destinations[0].properties
            self._splits.retried("publish", lambda: destination.publish(properties, staged))

    def _keep_rejects(self, rejects: Rejects) -> None:
        # The execution fails for another reason, which must not be lost over this one.
        for keep in (rejects.deliver, rejects.keep):
            try:
                keep(self._splits.results)
            except (ConnectorError, OSError) as error:
                self._held.log.warning("rejects not kept", place=str(rejects), reason=messages.of_failure(error))
            else:
                return

    def _refusal(self, plan: Plan, place: str) -> str | None:
        counts = self._counts
        if not counts.balanced:
            raise HeadraceError("The counts of records read, written, rejected and dropped do not add up")
        if plan.errors.fail_on_first and counts.records_rejected:
            return messages.of_first_reject(place)
        if counts.records_rejected and not counts.records_written:
            return messages.of_nothing_left(counts.records_rejected, place)
        return None

    def _remark(self, place: str) -> str | None:
        rejected = self._counts.records_rejected
        return messages.of_rejects(rejected, self._counts.records_read, place) if rejected else None

    def _uncommitted(self) -> Counts:
        # Nothing became visible, whatever was staged.
        return replace(self._counts, bytes_written=0)
