"""One claimed execution, from its plan to the moment its output is visible."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headrace.connector_sdk.kept_rejects import Kept
from headrace.engine.results import Counts, SplitResult
from headrace.engine.watch import Cancelled
from headrace.errors import ConnectorError, HeadraceError, Stop
from headrace.flow.plan import Plan
from headrace.flow.schedule import Trigger
from headrace.model.states import State
from headrace.runner import messages
from headrace.runner.bookmarks import bookmark_of
from headrace.runner.outlets import Outlet, outlet_of
from headrace.runner.rejects import Rejects
from headrace.runner.splits import Held, Splits, Tools
from headrace.store.bookmarks import Bookmark

# An execution that takes its process down with it (out of memory) must not do so for ever.
MOST_ATTEMPTS = 10


@dataclass(frozen=True)
class Outcome:
    """How an execution ends; `message` None: nothing to say beside the status. `bookmark`: see `bookmark_of`.

    `rejects` is where rejected records were put, None: there were none.
    """

    state: State
    counts: Counts
    message: str | None = None
    bookmark: Bookmark | None = None
    rejects: Kept | None = None


class Attempt:
    """What one worker does for one claim.

    `run` raises what stops the execution: Cancelled (`Control.reason` says why), LeaseLost, or the
    reason it fails. Nothing is visible before `Outlet.begin`; after it this attempt, or the next one,
    goes on until everything is.
    """

    def __init__(self, tools: Tools, held: Held) -> None:
        self._tools = tools
        self._held = held
        self._splits = Splits(tools, held)
        self._rejects: Rejects | None = None
        self._outlet: Outlet | None = None
        # Of one that fails: whether nothing but its rejects is left to be done.
        self._is_whole = False

    def run(self) -> Outcome:
        """Plan, run each split that has no result yet, commit."""
        plan = self._plan()
        held, place = self._held, self._tools.rejects
        rejects = self._rejects = Rejects(held.claim.execution, plan.errors, place, held.batch)
        outlet = self._outlet = outlet_of(self._tools, self._held, plan)
        if outlet.has_begun:
            # Also where it is being cancelled: what was written is to be told.
            self._splits.take_results()
        self._held.control.check()
        if not outlet.must_end:
            self._check_attempts()
        if refusal := self._made_ready(plan, outlet, rejects):
            return self.failed(refusal)
        if not outlet.has_begun:
            return self._done(plan)
        # Before anything is visible: a bucket for errors that can't be written is known then.
        self._deliver(rejects)
        outlet.deliver(self._splits)
        if outlet.refused():
            if refusal := self._refusal(plan, rejects):
                return self.failed(refusal)
            self._deliver(rejects)
        return self._done(plan)

    def _made_ready(self, plan: Plan, outlet: Outlet, rejects: Rejects) -> str | None:
        """Run the splits, and begin the delivery if there is anything; why it must not begin, or go on, if so."""
        if outlet.has_begun:
            self._splits.run(plan)
            outlet.begin()
            return self._refusal(plan, rejects)
        outlet.check()
        self._splits.run(plan)
        refusal = self._refusal(plan, rejects)
        if refusal is None and self._has_staged():
            outlet.begin()
        return refusal

    def failed(self, message: str) -> Outcome:
        """The outcome of an execution that fails; the rejects of its finished splits are kept."""
        self._take_back()
        remains = self._remains()
        if self._rejects is not None and (remains is None or self._has_refused()):
            self._keep_rejects(self._rejects)
        told = f"{message.rstrip('.')}. {remains}" if remains else message
        return Outcome(State.FAILED, self._visible(), told, rejects=self._kept(is_whole=self._is_whole))

    def cancelled(self) -> Outcome:
        """The outcome of an execution that a caller cancelled; what its destination refused is kept."""
        if self._rejects is not None and self._has_refused():
            self._keep_rejects(self._rejects)
        return Outcome(State.CANCELLED, self._visible(), self._remains(), rejects=self._kept(is_whole=False))

    def remark(self, counts: Counts) -> str | None:
        """What is to be said of the rejects among the counts; None: there are none."""
        rejected = counts.records_rejected
        return messages.of_rejects(rejected, counts.records_read, str(self._rejects)) if rejected else None

    def leave(self) -> None:
        """Stop without an outcome: another holder, or this one after its next start, goes on."""
        self._splits.leave()

    def _done(self, plan: Plan) -> Outcome:
        bookmark = bookmark_of(plan, self._splits.results)
        kept = self._kept(is_whole=True)
        return Outcome(State.DONE, self._counts, self.remark(self._counts), bookmark, kept)

    def _has_staged(self) -> bool:
        """Whether there is anything to make visible; a run that found nothing new has no commit."""
        return any(result.outputs or result.rejects for result in self._splits.results)

    @property
    def has_begun(self) -> bool:
        """Whether anything may be visible."""
        return self._outlet is not None and self._outlet.has_begun

    @property
    def staging_id(self) -> str:
        """Whose staged files there may be."""
        return self._held.staging_id

    @property
    def _counts(self) -> Counts:
        counts = self._held.progress.finished
        return counts if self._outlet is None else self._outlet.counted(counts)

    def _visible(self) -> Counts:
        counts = self._held.progress.finished
        return replace(counts, bytes_written=0) if self._outlet is None else self._outlet.visible(counts)

    def _remains(self) -> str | None:
        return None if self._outlet is None else self._outlet.remains()

    def _has_refused(self) -> bool:
        return self._outlet is not None and bool(self._outlet.refused())

    @property
    def _results(self) -> list[SplitResult]:
        """Of all splits, and what the destination refused as that of one more."""
        refused = () if self._outlet is None else self._outlet.refused()
        return [*self._splits.results, *([SplitResult(Counts(), (), refused)] if refused else [])]

    def _plan(self) -> Plan:
        plan = self._tools.plan(self._held.claim)
        if self._held.claim.execution.overrides is not None:
            # It neither reads nor moves the place that the flow keeps.
            plan = replace(plan, trigger=Trigger("OnDemand"))
        if missing := self._tools.registry.missing(plan):
            raise Stop(missing)
        return plan

    def _check_attempts(self) -> None:
        if self._held.claim.execution.attempt > MOST_ATTEMPTS:
            raise Stop(f"The execution was begun {MOST_ATTEMPTS} times and never came to its end")

    def _deliver(self, rejects: Rejects) -> None:
        results, check = self._results, self._held.control.check
        self._splits.retried("keep rejects", lambda: rejects.deliver(results, check))

    def _take_back(self) -> None:
        if self._outlet is None:
            return
        try:
            self._outlet.take_back(self._splits)
        except (ConnectorError, OSError, Cancelled) as error:
            # It remains, and the message says so.
            self._held.log.warning("output not taken back", reason=messages.of_failure(error))

    def _keep_rejects(self, rejects: Rejects) -> None:
        # The execution fails for another reason, which must not be lost over this one.
        for keep in (rejects.deliver, rejects.keep):
            try:
                keep(self._results)
            except (ConnectorError, OSError) as error:
                self._held.log.warning("rejects not kept", place=str(rejects), reason=messages.of_failure(error))
            else:
                return

    def _refusal(self, plan: Plan, rejects: Rejects) -> str | None:
        counts = self._counts
        if not counts.balanced:
            raise HeadraceError("The counts of records read, written, rejected and dropped do not add up")
        if plan.errors.fail_on_first and counts.records_rejected:
            of_first = messages.of_first_refusal if self._has_refused() else messages.of_first_reject
            return of_first(str(rejects))
        # Of a batch of events, others may be written.
        if counts.records_rejected and not counts.records_written and self._held.batch is None:
            self._is_whole = True
            return messages.of_nothing_left(counts.records_rejected, str(rejects))
        return None

    def _kept(self, *, is_whole: bool) -> Kept | None:
        return None if self._rejects is None else self._rejects.kept(self._counts.records_rejected, is_whole=is_whole)
