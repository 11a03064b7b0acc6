"""How what an execution staged gets to its destination: as objects, or as batches of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from headrace.connector_sdk.contract import FileDestination
from headrace.connector_sdk.records import RecordDestination
from headrace.engine.results import Counts, StagedFile
from headrace.engine.tasks import DESTINATION
from headrace.engine.watch import Cancelled
from headrace.errors import Stop
from headrace.flow.plan import Plan
from headrace.flow.records import Writing
from headrace.runner.batches import after, batches, rejects, staged_records
from headrace.runner.control import Reason
from headrace.runner.folders import make_durable
from headrace.runner.splits import Held, Splits, Tools
from headrace.store.deliveries import Delivered


class Outlet(Protocol):
    """The way out for one execution.

    `has_begun`: something may be visible, so that this attempt or the next one only goes on. `must_end`: it is
    to go on however often it takes its process down, so that not half of it is visible.
    """

    @property
    def has_begun(self) -> bool:
        """Whether anything may be visible."""
        ...

    @property
    def must_end(self) -> bool:
        """Whether it is to go on at any price."""
        ...

    def check(self) -> None:
        """Raise Stop where the destination is not there, before the source is read."""
        ...

    def begin(self) -> None:
        """Record that output is about to become visible. Raises Cancelled if a caller was faster.

        Begun by an earlier attempt, it is made sure that this one may go on: LeaseLost or Stop if not.
        """
        ...

    def deliver(self, splits: Splits) -> None:
        """Make the results visible, going on where an earlier attempt stopped. Raises Retry, Stop or Cancelled."""
        ...

    def refused(self) -> tuple[StagedFile, ...]:
        """A file with the records that the destination refused so far, none where it took all."""
        ...

    def counted(self, counts: Counts) -> Counts:
        """The counts of the splits, with what the destination refused."""
        ...

    def visible(self, counts: Counts) -> Counts:
        """The same for an execution that does not succeed."""
        ...

    def take_back(self, splits: Splits) -> None:
        """Make what an execution that fails has made visible vanish, where the destination can do that."""
        ...

    def remains(self) -> str | None:
        """What an execution that fails now leaves at the destination, in a sentence; None: nothing."""
        ...


def outlet_of(tools: Tools, held: Held, plan: Plan) -> Outlet:
    """The way to the destination of the plan."""
    destination = plan.destinations[0]
    if plan.writing is None:
        return Objects(tools, held, plan, tools.registry.destination(destination.connector_type))
    return Batches(tools, held, plan.writing, is_over_at_first=plan.errors.fail_on_first)


class Objects:
    """Staged files become objects, after the commit was recorded."""

    def __init__(self, tools: Tools, held: Held, plan: Plan, destination: FileDestination) -> None:
        self._tools = tools
        self._held = held
        self._plan = plan
        self._destination = destination
        self.has_begun = held.claim.execution.commit_ms is not None

    @property
    def must_end(self) -> bool:
        """See Outlet."""
        return self.has_begun

    def check(self) -> None:
        """See Outlet: the place of an object is looked for when it is put there."""

    def begin(self) -> None:
        """See Outlet."""
        try:
            self._tools.ledger.begin_commit(self._held.claim)
        except Cancelled:
            self._held.control.stop(Reason.CANCELLED)
            raise
        self.has_begun = True

    def deliver(self, splits: Splits) -> None:
        """See Outlet."""
        staged = [file for result in splits.results for file in result.outputs]
        check = self._held.control.check
        if staged:
            splits.retried("publish", lambda: self._destination.publish(self._properties, staged, check))
        # Of a try on another machine, which read something else.
        self._remove(splits, splits.keys - {file.key for file in staged})

    def refused(self) -> tuple[StagedFile, ...]:
        """See Outlet: an object is taken or not."""
        return ()

    def counted(self, counts: Counts) -> Counts:
        """See Outlet."""
        return counts

    def visible(self, counts: Counts) -> Counts:
        """See Outlet: nothing became visible, whatever was staged."""
        return replace(counts, bytes_written=0)

    def remains(self) -> str | None:
        """See Outlet."""
        return "Some objects of this execution may have been written" if self.has_begun else None

    def take_back(self, splits: Splits) -> None:
        """See Outlet."""
        if self.has_begun:
            self._remove(splits, splits.keys)
            self.has_begun = False

    @property
    def _properties(self) -> Mapping[str, Any]:
        return self._plan.destinations[0].properties

    def _remove(self, splits: Splits, keys: Iterable[str]) -> None:
        self._held.control.check()
        if found := sorted(keys):
            splits.retried("remove", lambda: self._destination.remove(self._properties, found))


class Batches:
    """Staged records go out in batches, with a position recorded after each; between two it may be cancelled."""

    def __init__(self, tools: Tools, held: Held, writing: Writing, *, is_over_at_first: bool) -> None:
        self._tools = tools
        self._held = held
        self._writing = writing
        self._is_over_at_first = is_over_at_first
        self._position = held.claim.delivered

    @property
    def has_begun(self) -> bool:
        """See Outlet."""
        return self._position is not None

    @property
    def must_end(self) -> bool:
        """See Outlet: batches are visible one by one."""
        return False

    def check(self) -> None:
        """See Outlet."""
        self._open()

    def begin(self) -> None:
        """See Outlet."""
        self._held.control.check()
        self._check_source()
        self._move_to(self._reached(), b"")

    def deliver(self, splits: Splits) -> None:
        """See Outlet. Ends with the first refused record if the flow asks for that."""
        destination, position = self._open(), self._reached()
        asked = batches(
            staged_records(Path(file.path) for result in splits.results for file in result.outputs),
            writing=self._writing,
            execution=self._held.claim.execution,
            within=self._held.staging_id,
            first=position.records,
            size=destination.batch_size,
        )
        for sent in asked:
            if self._is_over_at_first and position.refused:
                return
            self._held.control.check()
            batch = sent.batch
            refused = sent.refused(splits.retried("write", lambda batch=batch: destination.write(batch)))
            position = after(position, sent, refused)
            # Durable first, then recorded (invariants 1 and 2).
            self._move_to(position, rejects(sent, refused))

    def refused(self) -> tuple[StagedFile, ...]:
        """See Outlet: gathered from the store, since another machine may have sent what was refused."""
        position = self._position
        if position is None or not position.refused:
            return ()
        path = self._folder() / "rejects.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            size_bytes = sum(stream.write(lines) for lines in self._tools.ledger.refused(self._held.claim))
        make_durable([path])
        return (StagedFile(str(path), path.name, size_bytes),)

    def take_back(self, splits: Splits) -> None:
        """See Outlet: what an application has taken stays there."""

    def counted(self, counts: Counts) -> Counts:
        """See Outlet: what is not sent yet counts as written, so that the counts add up (invariant 3)."""
        position = self._position
        if position is None:
            return replace(counts, bytes_written=0)
        return replace(
            counts,
            records_written=counts.records_written - position.refused,
            rejected={**counts.rejected, **({DESTINATION: position.refused} if position.refused else {})},
            bytes_written=position.bytes_written,
        )

    def visible(self, counts: Counts) -> Counts:
        """See Outlet."""
        return self.counted(counts)

    def remains(self) -> str | None:
        """See Outlet."""
        position = self._position
        if position is None:
            return None
        taken = position.records - position.refused
        # Of a batch that failed, some may have been.
        return f"At least {taken} of {self._held.progress.finished.records_written} records had been written before"

    def _open(self) -> RecordDestination:
        execution, asked = self._held.claim.execution, self._writing
        opened = self._tools.connections.open
        return opened(execution.account, execution.region, asked.profile, asked.connector_type)

    def _reached(self) -> Delivered:
        return self._position or Delivered(0, 0, 0)

    def _check_source(self) -> None:
        """Raise Stop where another try of the splits read less than what was sent already."""
        position, count = self._reached(), self._held.progress.finished.records_written
        if count < position.records:
            raise Stop(
                f"{position.records} records of the source were sent before it changed, and now it has {count}."
                " Start the flow again"
            )

    def _move_to(self, position: Delivered, refused: bytes) -> None:
        self._tools.ledger.record_delivery(self._held.claim, position, refused)
        self._position = position

    def _folder(self) -> Path:
        execution = self._held.claim.execution
        return self._tools.folders.delivery(self._held.staging_id, execution.fence)
