"""What a worker writes about its executions, each write under its lease."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from headrace.clock import Clock, to_ms
from headrace.connector_sdk.kept_rejects import Kept
from headrace.engine.watch import Cancelled
from headrace.errors import HeadraceError, Stop
from headrace.model.states import FINISHED, State
from headrace.store import backfills, deliveries, event_batches, event_runs, events, executions, instants, rejects
from headrace.store.bookmarks import Bookmark
from headrace.store.deliveries import Delivered
from headrace.store.event_batches import Batch, Taken
from headrace.store.events import Event
from headrace.store.executions import Claim, Execution
from headrace.store.store import Store
from headrace.store.tx import Tx

Found = TypeVar("Found")


class LeaseLost(HeadraceError):
    """Another holder has the execution, or it is gone: whoever gets this writes nothing more (invariant 5)."""


class Ledger:
    """The executions in the store, as one worker sees them.

    Every write returns once it is durable. `owner` names the worker among all that ever were. `flow_limit` bounds the
    executions of one flow that run at once, here and elsewhere; None: nothing does.
    """

    def __init__(
        self, store: Store, clock: Clock, *, owner: str, lease_s: float, flow_limit: int | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._lease_ms = int(lease_s * 1000)
        self._flow_limit = flow_limit
        # Where the ring of flows goes on.
        self._last_flow = ""

    def claim(self, limit: int) -> list[Claim]:
        """At most `limit` executions that wait or whose lease ran out; see `executions.claim` on whose turn it is."""

        def work(tx: Tx) -> list[Claim]:
            now_ms = self._now_ms(tx)
            return executions.claim(
                tx,
                owner=self._owner,
                now_ms=now_ms,
                lease_until_ms=now_ms + self._lease_ms,
                limit=limit,
                flow_limit=self._flow_limit,
                after=self._last_flow,
            )

        claims = self._store.write(work).result()
        if claims:
            self._last_flow = claims[-1].execution.flow_id
        return claims

    def renew(self, execution_ids: Iterable[str]) -> Mapping[str, State]:
        """The state of each execution still held; one that is missing is lost."""
        held = tuple(execution_ids)

        def work(tx: Tx) -> Mapping[str, State]:
            now_ms = self._now_ms(tx)
            until_ms = now_ms + self._lease_ms
            return executions.renew(tx, held, owner=self._owner, now_ms=now_ms, lease_until_ms=until_ms)

        return self._store.write(work).result()

    def look_up(self, execution_ids: Iterable[str]) -> Mapping[str, Execution]:
        """The executions as they are now; one that is missing does not exist."""
        wanted = tuple(execution_ids)
        found = self._store.read(lambda tx: executions.get_some(tx, wanted)).result()
        return {each.execution_id: each for each in found}

    def rejects_of(self, execution_id: str) -> Kept:
        """Where the rejected records of another execution lie. Raises Stop if that is gone."""
        kept = self._store.read(lambda tx: rejects.get(tx, execution_id)).result()
        if kept is None:
            raise Stop(f"The execution {execution_id} whose rejected records are to be run again is gone")
        return kept

    def record_splits(self, claim: Claim, splits: Sequence[dict[str, Any]]) -> None:
        """Keep the list of splits; a resumed execution works on the same list."""
        self._write(claim, lambda tx, id_, fence: executions.record_splits(tx, id_, fence, splits))

    def record_result(self, claim: Claim, number: int, result: dict[str, Any]) -> None:
        """Keep a split's result, whose records are durable (invariant 1)."""
        self._write(claim, lambda tx, id_, fence: executions.record_result(tx, id_, fence, number, result))

    def record_delivery(self, claim: Claim, position: Delivered, refused: bytes) -> None:
        """Keep how far the batches got: all that it counts is durable (invariant 1).

        `refused` is what the last batch's refused records are kept as, with the reasons.
        """
        self._write(claim, lambda tx, id_, fence: executions.record_delivery(tx, id_, fence, position, refused))

    def refused(self, claim: Claim) -> Iterator[bytes]:
        """What `record_delivery` kept of refused records, batch by batch, in order."""
        execution_id, place = claim.execution.execution_id, -1
        while (found := self._refused_after(execution_id, place)) is not None:
            place, lines = found
            yield lines

    def _refused_after(self, execution_id: str, place: int) -> tuple[int, bytes] | None:
        return self._store.read(lambda tx: deliveries.refused_after(tx, execution_id, place)).result()

    def progress(self, claim: Claim, counts: dict[str, Any]) -> Future[bool]:
        """Show the counts so far; the answer, which nobody needs to wait for, is False if the lease is lost."""
        execution = claim.execution
        return self._store.write(lambda tx: executions.progress(tx, execution.execution_id, execution.fence, counts))

    def begin_commit(self, claim: Claim) -> None:
        """From here on the execution can only be finished. Raises Cancelled if a caller was faster."""
        now_ms = to_ms(self._clock.now())
        self._write_or_cancel(claim, lambda tx, id_, fence: executions.begin_commit(tx, id_, fence, now_ms=now_ms))

    def settle(
        self,
        claim: Claim,
        state: State,
        counts: dict[str, Any] | None,
        message: str | None,
        bookmark: Bookmark | None = None,
        kept: Kept | None = None,
    ) -> None:
        """End the execution; `counts` None leaves the last ones shown. See `executions.settle` on `bookmark`.

        `kept` is where its rejected records lie. Raises Cancelled if it is to be done, has committed nothing, and a
        caller was faster.
        """
        now_ms, backfill_id = to_ms(self._clock.now()), claim.execution.backfill_id

        def work(tx: Tx, execution_id: str, fence: int) -> bool:
            if backfill_id is not None:
                # Before the execution, as everybody does who changes both.
                backfills.hold(tx, backfill_id)
            is_settled = executions.settle(
                tx, execution_id, fence, state=state, counts=counts, message=message, now_ms=now_ms, bookmark=bookmark
            )
            # One that was the oldest of too many is gone by now.
            if is_settled and kept is not None and executions.get(tx, execution_id) is not None:
                rejects.put(tx, execution_id, kept)
            return is_settled

        self._write_or_cancel(claim, work)

    def next_events(self, claim: Claim) -> Batch | list[Event]:
        """What the holder of an event flow's execution works on next; an empty list: nothing."""
        execution = claim.execution
        found = self._store.write(
            lambda tx: event_batches.next_of(tx, execution.execution_id, execution.fence, now_ms=self._now_ms(tx))
        ).result()
        return self._or_lost(claim, found)

    def form_batch(self, claim: Claim, taken: Sequence[Taken], document: dict[str, Any]) -> Batch:
        """Make a batch of events that wait."""
        execution, now_ms = claim.execution, to_ms(self._clock.now())
        formed = self._store.write(
            lambda tx: event_batches.form(tx, execution.execution_id, execution.fence, taken, document, now_ms=now_ms)
        ).result()
        return self._or_lost(claim, formed)

    def put_aside(self, claim: Claim, batch: Batch, document: dict[str, Any]) -> Batch:
        """The batch, which reads what the document says from now on."""
        execution = claim.execution
        found = self._store.write(
            lambda tx: event_batches.change(tx, (execution.execution_id, execution.fence), batch, document)
        ).result()
        return self._or_lost(claim, found)

    def is_met(self, claim: Claim, meaning: str) -> bool:
        """Whether the flow has had an event of this meaning."""
        flow_id = claim.execution.flow_id
        return self._store.read(lambda tx: events.is_met(tx, flow_id, meaning)).result()

    def bodies(self, batch: Batch) -> list[str]:
        """Those of the batch's events, in order."""
        return self._store.read(lambda tx: events.bodies(tx, batch.flow_id, batch.batch_id)).result()

    def finish_batch(
        self, claim: Claim, batch: Batch, counts: dict[str, Any], message: str | None, kept: Kept | None = None
    ) -> None:
        """The batch is done and visible; `counts` are those of the execution with it, `kept` where its rejects lie."""
        now_ms = to_ms(self._clock.now())

        def work(tx: Tx, execution_id: str, fence: int) -> bool:
            is_done = event_batches.finish(tx, (execution_id, fence), batch, counts, message, now_ms=now_ms)
            if is_done and kept is not None:
                rejects.put(tx, execution_id, kept)
            return is_done

        self._write(claim, work)

    def park(self, claim: Claim) -> None:
        """Let the execution wait for events: nobody holds it any more."""
        now_ms = to_ms(self._clock.now())
        self._write(claim, lambda tx, id_, fence: event_runs.park(tx, id_, fence, now_ms=now_ms))

    def of_batch(self, claim: Claim, batch: Batch) -> Ledger:
        """What the parts of an execution write to, for the batch instead; `claim` is that of its holder."""
        owner, lease_s = self._owner, self._lease_ms / 1000
        return _OfBatch(self._store, self._clock, owner=owner, lease_s=lease_s, holder=claim, batch_id=batch.batch_id)

    def release(self) -> None:
        """Give every lease back: what this worker ran can be claimed at once."""
        self._store.write(lambda tx: executions.release(tx, owner=self._owner)).result()

    def is_finished(self, execution_id: str) -> bool:
        """Whether nobody will work on the execution, or the batch of events, any more."""
        if "." in execution_id:
            return not self._store.read(lambda tx: event_batches.exists(tx, execution_id)).result()
        found = self.look_up([execution_id]).get(execution_id)
        return found is None or found.state in FINISHED

    def watch(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener, which must return at once, after each change of an execution's state."""
        return self._store.watch(lambda topic: listener() if topic == executions.TOPIC else None)

    def _now_ms(self, tx: Tx) -> int:
        """By the clock that leases are counted by: that of the database where several machines share one."""
        return instants.now_ms(tx) if self._store.is_shared else to_ms(self._clock.now())

    def _write_or_cancel(self, claim: Claim, work: Callable[[Tx, str, int], bool]) -> None:
        try:
            self._write(claim, work)
        except LeaseLost:
            found = self.look_up([claim.execution.execution_id]).get(claim.execution.execution_id)
            if found is None or found.fence != claim.execution.fence or found.state is not State.CANCELLING:
                raise
            raise Cancelled("The execution was cancelled before its commit.") from None

    def _write(self, claim: Claim, work: Callable[[Tx, str, int], bool]) -> None:
        execution = claim.execution
        if not self._store.write(lambda tx: work(tx, execution.execution_id, execution.fence)).result():
            raise _lost(claim)

    def _or_lost(self, claim: Claim, found: Found | None) -> Found:
        if found is None:
            raise _lost(claim)
        return found


class _OfBatch(Ledger):
    """One batch of events as if it were an execution: what is recorded of it lies in its own row."""

    def __init__(self, store: Store, clock: Clock, *, owner: str, lease_s: float, holder: Claim, batch_id: str) -> None:
        super().__init__(store, clock, owner=owner, lease_s=lease_s)
        self._holder = holder
        self._batch_id = batch_id

    def record_result(self, claim: Claim, number: int, result: dict[str, Any]) -> None:  # noqa: ARG002 (see Ledger)
        """See Ledger."""
        self._write(
            self._holder, lambda tx, id_, fence: event_batches.record_result(tx, (id_, fence), self._batch_id, result)
        )

    def record_delivery(self, claim: Claim, position: Delivered, refused: bytes) -> None:  # noqa: ARG002 (see Ledger)
        """See Ledger."""
        self._write(
            self._holder,
            lambda tx, id_, fence: event_batches.record_delivery(tx, (id_, fence), self._batch_id, position, refused),
        )

    def refused(self, claim: Claim) -> Iterator[bytes]:  # noqa: ARG002 (see Ledger)
        """See Ledger."""
        yield from self._store.read(lambda tx: event_batches.refused(tx, self._batch_id)).result()

    def begin_commit(self, claim: Claim) -> None:  # noqa: ARG002 (see Ledger)
        """See Ledger."""
        now_ms = to_ms(self._clock.now())
        self._write_or_cancel(
            self._holder,
            lambda tx, id_, fence: event_batches.begin_commit(tx, (id_, fence), self._batch_id, now_ms=now_ms),
        )


def _lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"The lease of execution {claim.execution.execution_id} is lost.")
