"""One execution of a flow document, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.backend import Backend
from headrace.clock import to_ms
from headrace.connector_sdk.kept_rejects import Kept
from headrace.engine.results import Counts, SplitResult
from headrace.errors import ConflictException, HeadraceError, ResourceNotFoundException, ValidationException
from headrace.flow.plan import PlanFaults
from headrace.flow.update import check_update
from headrace.model.api import SHAPES
from headrace.model.shapes import Structure
from headrace.model.states import FINISHED, State
from headrace.operations.context import Caller
from headrace.store import executions, flows, rejects
from headrace.store.executions import Execution
from headrace.store.tx import Tx

# How often progress is looked at when nobody says that anything changed.
_LOOK_S = 0.25
_UPDATE = SHAPES["UpdateFlowRequest"]
_OF_AN_UPDATE = (
    frozenset(member.name for member in _UPDATE.members) if isinstance(_UPDATE, Structure) else frozenset[str]()
)


@dataclass(frozen=True)
class Look:
    """An execution at one moment; `source_bytes` is 0 until the source has been listed.

    `kept` is where its rejected records lie, once it has ended with some.
    """

    execution: Execution
    counts: Counts
    source_bytes: int
    kept: Kept | None = None


class OneRun:
    """Makes the flow what its document says, and runs it once. `stop` may be called from another thread."""

    def __init__(self, backend: Backend, document: Mapping[str, Any]) -> None:
        self._backend = backend
        self.document = dict(document)
        self._changed = threading.Event()
        self._stopped = threading.Event()
        # Of each execution whose source has been listed: to read it again takes longer the more files it has.
        self._source_bytes: dict[str, int] = {}
        settings = backend.settings
        arn = f"arn:aws:iam::{settings.account}:user/headrace"
        self._caller = Caller(account=settings.account, region=settings.region, arn=arn, access_key_id="headrace")

    @property
    def flow_name(self) -> str:
        return self.document["flowName"]

    def stop(self) -> None:
        """Cancel what runs; `follow` returns once that has settled."""
        self._stopped.set()
        self._changed.set()

    def save_flow(self) -> str:
        """Create the flow, or make the one of its name what the document says; "created" or "updated".

        Raises the ServiceError that CreateFlow or UpdateFlow would answer.
        """
        try:
            stored = self._call("DescribeFlow", {"flowName": self.flow_name})
        except ResourceNotFoundException:
            self._call("CreateFlow", self.document)
            return "created"
        self._check_update(stored)
        self._call("UpdateFlow", {name: value for name, value in self.document.items() if name in _OF_AN_UPDATE})
        return "updated"

    def _check_update(self, stored: Mapping[str, Any]) -> None:
        # UpdateFlow refuses it too, but who runs a document never asked for an update.
        try:
            check_update(stored, self.document)
        except PlanFaults as error:
            raise ValidationException(
                f"{error.worded('Update')}. {self._backend.settings.data} has a flow {self.flow_name} with another"
                " source or destination: give this one another flowName, or choose another folder with --data."
            ) from None

    def unfinished(self) -> list[str]:
        """The flow's executions that an earlier process left; the worker is finishing them."""
        found = self._backend.store.read(lambda tx: executions.active(tx, self._flow(tx).flow_id)).result()
        return [each.execution_id for each in found]

    def start(self) -> str:
        """Queue one execution, whatever the flow's trigger is; its id."""
        execution_id, now_ms = self._backend.new_id(), to_ms(self._backend.clock.now())

        def queue(tx: Tx) -> None:
            flow = self._flow(tx)
            tx.lock(flow.arn)
            if executions.has_run(tx, flow.flow_id):
                raise ConflictException(f"Conflict executing request: Flow {flow.name} is already running")
            executions.insert(tx, flow, execution_id=execution_id, trigger="ondemand", now_ms=now_ms)

        self._backend.store.write(queue).result()
        return execution_id

    def follow(self, execution_id: str, show: Callable[[Look], None]) -> Look:
        """Call `show` as the execution goes on; the last look, after it settled.

        Raises what keeps it from being claimed or settled, such as a full disk: nobody else sees to it.
        """
        unwatch = self._backend.store.watch(lambda _: self._changed.set())
        try:
            while True:
                self._changed.clear()
                look = self._look(execution_id)
                show(look)
                if look.execution.state in FINISHED:
                    return look
                if (trouble := self._backend.trouble) is not None:
                    raise trouble
                if self._stopped.is_set() and look.execution.state is not State.CANCELLING:
                    self._cancel(execution_id)
                self._changed.wait(_LOOK_S)
        finally:
            unwatch()

    def results(self, execution_id: str) -> list[SplitResult]:
        """What each split of a finished execution made."""
        rows = self._backend.store.read(lambda tx: executions.splits(tx, execution_id)).result()
        return [SplitResult.from_document(row.result) for row in rows if row.result is not None]

    def _look(self, execution_id: str) -> Look:
        is_listed = execution_id in self._source_bytes

        def read(tx: Tx) -> tuple[Execution | None, tuple[executions.SplitRow, ...], Kept | None]:
            splits = () if is_listed else executions.splits(tx, execution_id)
            return executions.get(tx, execution_id), splits, rejects.get(tx, execution_id)

        execution, splits, kept = self._backend.store.read(read).result()
        if execution is None:
            raise HeadraceError(f"Execution {execution_id} is gone: its flow was deleted.")
        counts = Counts() if execution.counts is None else Counts.from_document(execution.counts)
        if splits:
            sizes = (file["sizeBytes"] for split in splits for file in split.document["files"])
            self._source_bytes[execution_id] = sum(sizes)
        return Look(execution, counts, self._source_bytes.get(execution_id, 0), kept)

    def _cancel(self, execution_id: str) -> None:
        now_ms = to_ms(self._backend.clock.now())
        self._backend.store.write(lambda tx: executions.cancel(tx, execution_id, now_ms=now_ms)).result()

    def _flow(self, tx: Tx) -> flows.FlowHead:
        name = self.document["flowName"]
        found = flows.head(tx, self._caller.account, self._caller.region, name)
        if found is None:
            raise ResourceNotFoundException(f"Flow {name} not found.")
        return found

    def _call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._backend.dispatcher.call(operation, self._caller, dict(request)).result()
