"""One claimed execution of a flow that events start: batch after batch, until no events wait."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

from headrace.clock import Clock
from headrace.engine.formats import UnreadableSource
from headrace.engine.results import Counts
from headrace.flow.plan import Plan
from headrace.model.states import State
from headrace.runner import messages
from headrace.runner.arrived import Arrived, Kept, Objects
from headrace.runner.execution import Attempt, Outcome
from headrace.runner.progress import Progress
from headrace.runner.set_aside import without
from headrace.runner.splits import Held, Splits, Tools
from headrace.store.event_batches import Batch
from headrace.store.executions import SplitRow


class EventAttempt:
    """What one worker does for one claim of an execution that events started; in the form of an Attempt.

    Each batch is seen to its end by an Attempt of its own, so that it is planned, run, committed and taken up
    again as an execution is, and is visible before the next one begins. `run` ends with State.WAITING where no more
    events wait.
    """

    def __init__(self, tools: Tools, held: Held, clock: Clock) -> None:
        self._tools = tools
        self._held = held
        self._clock = clock
        counts = held.claim.execution.counts
        self._counts = Counts() if counts is None else Counts.from_document(counts)
        self._batch: Batch | None = None
        self._attempt: Attempt | None = None

    def run(self) -> Outcome:
        """Work on what waits."""
        self._held.control.check()
        while (batch := self._next()) is not None:
            batch, outcome = self._seen_to(batch)
            if outcome.state is not State.DONE:
                return replace(outcome, counts=self._counts)
            self._finish(batch, outcome)
            self._held.control.check()
        return Outcome(State.WAITING, self._counts)

    def failed(self, message: str) -> Outcome:
        """The outcome of an execution that fails: what its earlier batches did stays."""
        outcome = self._within.failed(message)
        return replace(outcome, counts=self._counts)

    def cancelled(self) -> Outcome:
        """The outcome of an execution that a caller cancelled."""
        outcome = self._within.cancelled()
        return replace(outcome, counts=self._counts)

    def leave(self) -> None:
        """Stop without an outcome."""
        self._within.leave()

    @property
    def has_begun(self) -> bool:
        """Whether anything of the batch under way may be visible."""
        return self._within.has_begun

    @property
    def staging_id(self) -> str:
        """Whose staged files there may be: those of the batch under way."""
        return self._held.staging_id if self._batch is None else self._batch.batch_id

    @property
    def _within(self) -> Attempt:
        """What the batch under way is seen to by; between two, one of nothing."""
        return self._attempt or Attempt(self._tools, self._held)

    def _next(self) -> Batch | None:
        """The batch to work on: the flow's own, or one of what waits; None: there is nothing to do."""
        ledger, claim = self._tools.ledger, self._held.claim
        while True:
            found = ledger.next_events(claim)
            if isinstance(found, Batch):
                return found
            if not found:
                return None
            formed = self._arrived().formed(found)
            batch = ledger.form_batch(claim, formed.taken, formed.document)
            if formed.holds_any:
                return batch
            ledger.finish_batch(claim, batch, self._counts.to_document(), None)

    def _seen_to(self, batch: Batch) -> tuple[Batch, Outcome]:
        """Run the batch, again without each file that can't be read at all: those behind it must not wait for it."""
        try:
            return batch, self._run(batch)
        except UnreadableSource as error:
            fewer = without(batch.document, error)
            if fewer is None or self.has_begun:
                raise
            self._within.leave()
            self._held.control.check()
            self._held.log.warning("file put aside", file=error.file, reason=messages.of_failure(error))
            return self._seen_to(self._tools.ledger.put_aside(self._held.claim, batch, fewer))

    def _run(self, batch: Batch) -> Outcome:
        held = self._of_batch(batch)
        tools = replace(self._tools, ledger=self._tools.ledger.of_batch(self._held.claim, batch))
        self._batch, self._attempt = batch, Attempt(tools, held)
        return self._attempt.run()

    def _finish(self, batch: Batch, outcome: Outcome) -> None:
        self._counts = self._counts.add(outcome.counts)
        message = self._attempt.remark(self._counts) if self._attempt is not None else None
        message = None if message is None else messages.shown(message)
        counts = self._counts.to_document()
        self._tools.ledger.finish_batch(self._held.claim, batch, counts, message, outcome.rejects)
        self._tools.folders.drop(batch.batch_id)
        self._held.log.info("events done", batch=batch.batch_id, **outcome.counts.to_document())
        self._batch = self._attempt = None

    def _of_batch(self, batch: Batch) -> Held:
        """The batch as if it were an execution of its own."""
        held = self._held
        execution = replace(
            held.claim.execution,
            execution_id=batch.execution_id,
            started_ms=batch.started_ms,
            attempt=batch.attempt,
            commit_ms=batch.commit_ms,
            counts=None,
        )
        row = SplitRow(batch.number, batch.document, batch.result)
        claim = replace(held.claim, execution=execution, splits=(row,), delivered=batch.delivered, bookmark=None)
        progress = Progress(_not_saved, now=self._clock.now, lost=lambda: None)
        source = self._arrived().source(batch)
        return replace(held, claim=claim, progress=progress, batch=batch.number, source=source)

    def _arrived(self) -> Arrived:
        plan: Plan = self._tools.plan(self._held.claim)
        retried = Splits(self._tools, self._held).retried
        if plan.reading is not None:
            return Kept(self._tools.ledger, plan.reading)
        return Objects(self._tools, self._held.claim, plan, retried)


def _not_saved(_: Counts) -> Future[bool]:
    # A batch is short: its counts are shown when it is done.
    saved: Future[bool] = Future()
    saved.set_result(True)
    return saved
