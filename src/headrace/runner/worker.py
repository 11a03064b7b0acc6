"""Takes executions from the queue and sees each to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from headrace.clock import Clock
from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.records import Connections
from headrace.connector_sdk.registry import Registry
from headrace.connector_sdk.rejects_place import RejectsPlace
from headrace.engine.results import Counts
from headrace.engine.split import Engine
from headrace.engine.watch import Cancelled
from headrace.errors import HeadraceError, StoreAway
from headrace.flow import plan as flow_plan
from headrace.log import Log, silent
from headrace.meters import Meters
from headrace.model.states import FINISHED, State
from headrace.runner import messages
from headrace.runner.connections import NoConnections
from headrace.runner.control import Control, Reason
from headrace.runner.event_attempt import EventAttempt
from headrace.runner.execution import Attempt, Outcome
from headrace.runner.folders import Folders
from headrace.runner.grouping import grouped
from headrace.runner.leases import Leases
from headrace.runner.ledger import LeaseLost, Ledger
from headrace.runner.measures import Measures
from headrace.runner.placement import Local, Placement
from headrace.runner.plans import Plans
from headrace.runner.progress import Progress
from headrace.runner.splits import Held, Tools
from headrace.settings import Settings
from headrace.store.executions import Claim
from headrace.store.store import Store

# The store wakes the worker; looking by itself finds executions whose holder fell silent.
POLL_S = 2.0
# Announcements come in bursts (one a StartFlow); between two looks at cancellations lies at least this.
BREATH_S = 0.05
# Where more wait than could be taken, several are taken together: a look at the queue costs as much as a short run.
GATHER_S = 0.008
# How long an interrupted execution may take to let go.
LET_GO_S = 5.0


class Worker:
    """Runs up to `settings.concurrent_executions` executions at once, each in a thread of its own.

    `new_id` names the worker. `connections` None: no connector profile can be opened. `plan`, `group` (files into
    splits) and `wait` (so many seconds before a connector is called again, unless the execution is stopped) may be
    replaced.

    `trouble` is what kept the last execution from being claimed or settled; None once one was claimed again.
    """

    trouble: Exception | None = None

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry,
        connections: Connections | None = None,
        engine: Engine,
        clock: Clock,
        settings: Settings,
        new_id: Callable[[], str],
        log: Log | None = None,
        meters: Meters | None = None,
        placement: Placement | None = None,
        plan: Callable[[dict[str, Any]], flow_plan.Plan] = flow_plan.plan,
        group: Callable[..., tuple[tuple[SourceFile, ...], ...]] = grouped,
        wait: Callable[[Control, float], None] = Control.wait,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._log = log or silent()
        self._measures = Measures(meters or Meters(), clock)
        self._ledger = Ledger(store, clock, owner=new_id(), lease_s=settings.lease_s, flow_limit=settings.flow_limit)
        self._leases = Leases(self._ledger, clock, lease_s=settings.lease_s)
        self._folders = Folders(settings.data)
        self._tools = Tools(
            ledger=self._ledger,
            registry=registry,
            connections=connections or NoConnections(),
            engine=engine,
            placement=placement or Local(),
            folders=self._folders,
            rejects=RejectsPlace.of(registry.buckets, settings),
            plan=Plans(plan).of,
            group=group,
            wait=wait,
        )
        self._claimable, self._changed, self._draining, self._ended = (threading.Event() for _ in range(4))
        self._claiming = threading.Thread(target=self._claim_until_draining, name="claims", daemon=True)
        self._keeping = threading.Thread(target=self._keep_until_ended, name="leases", daemon=True)
        self._unwatch: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Remove what finished executions left behind, then take executions from the queue."""
        for execution_id in self._folders.staged():
            if self._ledger.is_finished(execution_id):
                self._folders.drop(execution_id)
        self._unwatch = self._ledger.watch(self._wake)
        self._claiming.start()
        self._keeping.start()
        self._leases.start()

    def stop(self) -> None:
        """Take no more executions, let those that run finish, hand back what takes longer than `drain_s`."""
        self._draining.set()
        self._claimable.set()
        self._claiming.join()
        if not self._leases.wait_until_none(self._settings.drain_s):
            self._log.info("handing executions back", count=len(self._leases))
            self._leases.stop_all(Reason.HANDED_BACK)
            self._leases.wait_until_none(LET_GO_S)
        self._ended.set()
        self._changed.set()
        self._keeping.join()
        self._leases.stop()
        self._unwatch()
        try:
            self._ledger.release()
        except HeadraceError as error:
            # They run out by themselves; a store that fails is no reason not to stop.
            messages.tell(self._log, "leases not given back", error)

    def _wake(self) -> None:
        self._claimable.set()
        self._changed.set()

    def _claim_until_draining(self) -> None:
        while not self._draining.is_set():
            self._claimable.clear()
            try:
                if self._claim():
                    self._draining.wait(GATHER_S)
            except Exception as error:  # Boundary: a store that fails now may work at the next look
                self.trouble = error
                messages.tell(self._log, "no executions claimed", error)
            self._claimable.wait(POLL_S)

    def _claim(self) -> bool:
        """Take what there is room for; whether more may wait."""
        free = self._settings.concurrent_executions - len(self._leases)
        if free <= 0:
            return False
        # Else an execution of our own would look as if its holder had fallen silent.
        self._leases.renew_if_due()
        asked_at_s = self._clock.elapsed_s()
        claims = self._ledger.claim(free)
        for claim in claims:
            self.trouble = None
            held = self._hold(claim)
            self._measures.claimed(claim)
            execution = claim.execution
            self._leases.take(claim, held.control, asked_at_s)
            threading.Thread(
                target=self._run, args=(held,), name=f"execution-{execution.execution_id}", daemon=True
            ).start()
        # A cancellation may have come between the claim and the lease.
        self._changed.set()
        return len(claims) == free

    def _hold(self, claim: Claim) -> Held:
        def reached(counts: Counts) -> None:
            # How far a batch of events has got is no sum of its execution's.
            if claim.execution.trigger != "event":
                progress.reached(counts)

        control = Control(reached, self._clock.elapsed_s)
        progress = Progress(
            lambda counts: self._ledger.progress(claim, counts.to_document()),
            now=self._clock.now,
            lost=lambda: control.stop(Reason.LOST),
        )
        execution = claim.execution
        if execution.state is State.CANCELLING:
            control.stop(Reason.CANCELLED)
        log = self._log.bind(flow=execution.flow_name, execution=execution.execution_id)
        return Held(claim, control, progress, log)

    def _keep_until_ended(self) -> None:
        while not self._ended.is_set():
            self._changed.wait(self._settings.lease_s / 10)
            self._changed.clear()
            try:
                self._leases.look()
                self._leases.renew_if_due()
            except Exception as error:  # Boundary: the fence guards what a lease that runs out would
                messages.tell(self._log, "leases not renewed", error)
            self._ended.wait(BREATH_S)

    def _run(self, held: Held) -> None:
        try:
            self._see_to_its_end(held)
        except Exception as error:  # Boundary: the lease runs out and the execution is claimed again
            self.trouble = error
            messages.tell(held.log, "execution not settled", error)
        finally:
            self._leases.drop(held.claim)
            self._claimable.set()

    def _see_to_its_end(self, held: Held) -> None:
        execution = held.claim.execution
        held.log.info("execution claimed", attempt=execution.attempt)
        is_event = execution.trigger == "event"
        attempt = EventAttempt(self._tools, held, self._clock) if is_event else Attempt(self._tools, held)
        outcome = self._outcome(attempt, held)
        if outcome is None:
            attempt.leave()
            self._leave(held, attempt.staging_id)
            return
        if outcome.state in FINISHED - {State.DONE} and not attempt.has_begun:
            # Before it settles: on a full disk there may be no room for that until this is gone.
            self._folders.drop(attempt.staging_id)
        try:
            if outcome.state is State.WAITING:
                self._ledger.park(held.claim)
                return
            outcome = self._settled(attempt, held, outcome)
        except LeaseLost:
            held.control.stop(Reason.LOST)
            self._leave(held, attempt.staging_id)
            return
        self._measures.settled(held.claim, outcome.state, outcome.counts)
        # A batch of events that has begun to be visible outlives its execution.
        if attempt.staging_id == execution.execution_id or self._ledger.is_finished(attempt.staging_id):
            self._folders.drop(attempt.staging_id)
        fields = {"state": outcome.state.value, "message": outcome.message, **outcome.counts.to_document()}
        held.log.write("warning" if outcome.state is State.FAILED else "info", "execution settled", fields)

    def _settled(self, attempt: Attempt | EventAttempt, held: Held, outcome: Outcome) -> Outcome:
        message = None if outcome.message is None else messages.shown(outcome.message)
        try:
            counts = outcome.counts.to_document()
            self._ledger.settle(held.claim, outcome.state, counts, message, outcome.bookmark, outcome.rejects)
        except Cancelled:
            # It had nothing to commit, so nothing kept a caller from cancelling it to the last.
            return self._settled(attempt, held, attempt.cancelled())
        return outcome

    def _leave(self, held: Held, staging_id: str) -> None:
        if held.control.reason is Reason.LOST:
            self._measures.lost()
        # Its flow may have been deleted: no later holder would remove what was staged.
        if is_over := self._ledger.is_finished(staging_id):
            self._folders.drop(staging_id)
        reason = held.control.reason
        held.log.info("execution left", reason="deleted or ended" if is_over else reason and reason.value)

    def _outcome(self, attempt: Attempt | EventAttempt, held: Held) -> Outcome | None:
        """How the execution ends; None if it doesn't end here."""
        try:
            return attempt.run()
        except LeaseLost:
            return None
        except StoreAway as error:
            # No fault of the flow: its lease runs out, and what was recorded by then is gone on with.
            messages.tell(held.log, "execution put off", error)
            held.control.stop(Reason.PUT_OFF)
            return None
        except Exception as error:  # Boundary: whatever a flow does, the worker lives and its execution settles
            if held.control.reason is Reason.CANCELLED:
                return attempt.cancelled()
            if held.control.reason is not None:
                return None
            if not messages.is_expected(error) or isinstance(error, Cancelled):
                held.log.failure("execution failed inside headrace", error)
            return attempt.failed(messages.of_failure(error))
