"""The queue against a plain model of it: whatever is called in whatever order, invariants 5 and 7 hold."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from headrace.model.states import ACTIVE, FINISHED, MOVES, State
from headrace.store import executions
from headrace.store.executions import Execution
from tests.standins.postgres import Postgres
from tests.standins.processes import PATIENCE_S
from tests.standins.stores import StorePlace, emptied
from tests.unit.store.rows import add_flow, queue, read, write

LEASE_MS = 100
WORKERS = st.sampled_from(["one", "two", "three"])
FLOW = "id of orders"


@dataclass
class Lease:
    """What a worker believes to hold; it may be wrong."""

    owner: str
    execution_id: str
    fence: int


class Queue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-test-"))
        self.place = self.place_in(self.folder)
        self.store = self.place.open()
        write(self.store, add_flow)
        self.now_ms = 0
        self.queued: list[str] = []
        self.leases: list[Lease] = []
        self.holders: dict[tuple[str, int], str] = {}
        self.before: dict[str, Execution] = {}

    def place_in(self, folder: Path) -> StorePlace:
        """Where the rows of this example lie: nothing is there yet."""
        return StorePlace(folder)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def start_one(self) -> None:
        self.start()

    @rule()
    @precondition(lambda self: len(self.queued) < 6)
    def start(self) -> None:
        name = f"e{len(self.queued)}"
        write(self.store, lambda tx: queue(tx, name, now_ms=self.now_ms))
        self.queued.append(name)

    @rule(by_ms=st.sampled_from([1, LEASE_MS // 2, LEASE_MS, 2 * LEASE_MS]))
    def time_passes(self, by_ms: int) -> None:
        self.now_ms += by_ms

    @rule(owners=st.lists(WORKERS, min_size=1, max_size=3), limit=st.integers(1, 3))
    def claim_at_once(self, owners: list[str], limit: int) -> None:
        until_ms = self.now_ms + LEASE_MS
        futures = [
            self.store.write(
                lambda tx, owner=owner: executions.claim(
                    tx, owner=owner, now_ms=self.now_ms, lease_until_ms=until_ms, limit=limit
                )
            )
            for owner in owners
        ]
        wait(futures, timeout=PATIENCE_S)
        taken: list[str] = []
        for owner, future in zip(owners, futures, strict=True):
            for claim in future.result():
                execution = claim.execution
                self._check_claim(execution)
                taken.append(execution.execution_id)
                assert self.holders.setdefault((execution.execution_id, execution.fence), owner) == owner
                self.leases.append(Lease(owner, execution.execution_id, execution.fence))
        assert len(taken) == len(set(taken)), "two claimers share an execution"

    def _check_claim(self, claimed: Execution) -> None:
        before = self.before[claimed.execution_id]
        ran_out = before.lease_until_ms is not None and before.lease_until_ms <= self.now_ms
        assert before.state is State.QUEUED or (before.state in ACTIVE and ran_out)
        assert claimed.fence == before.fence + 1
        assert claimed.attempt == before.attempt + 1

    @rule(owner=WORKERS)
    def renew(self, owner: str) -> None:
        held = write(
            self.store,
            lambda tx: executions.renew(
                tx, self.queued, owner=owner, now_ms=self.now_ms, lease_until_ms=self.now_ms + LEASE_MS
            ),
        )
        for execution_id, state in held.items():
            before = self.before[execution_id]
            assert (before.owner, before.state) == (owner, state)
            assert state in {State.RUNNING, State.CANCELLING}

    @rule(data=st.data(), step=st.sampled_from(["splits", "result", "progress", "commit"]))
    @precondition(lambda self: self.leases)
    def work(self, data: st.DataObject, step: str) -> None:
        lease: Lease = data.draw(st.sampled_from(self.leases))
        name, fence = lease.execution_id, lease.fence
        done = write(
            self.store,
            lambda tx: {
                "splits": lambda: executions.record_splits(tx, name, fence, [{}]),
                "result": lambda: executions.record_result(tx, name, fence, 0, {}),
                "progress": lambda: executions.progress(tx, name, fence, {"n": self.now_ms}),
                "commit": lambda: executions.begin_commit(tx, name, fence, now_ms=self.now_ms),
            }[step](),
        )
        if done or step in {"progress", "commit"}:
            self._check_right(lease, done, {State.RUNNING} if step == "commit" else {State.RUNNING, State.CANCELLING})

    @rule(data=st.data(), state=st.sampled_from(sorted(FINISHED)))
    @precondition(lambda self: self.leases)
    def settle(self, data: st.DataObject, state: State) -> None:
        lease: Lease = data.draw(st.sampled_from(self.leases))
        done = write(
            self.store,
            lambda tx: executions.settle(
                tx, lease.execution_id, lease.fence, state=state, counts=None, message=None, now_ms=self.now_ms
            ),
        )
        self._check_right(lease, done, {source for source in State if state in MOVES[source]} - {State.QUEUED})

    def _check_right(self, lease: Lease, done: bool, states: set[State]) -> None:
        """A write succeeds exactly if its fence is the newest and the state allows it."""
        before = self.before[lease.execution_id]
        assert done == (before.fence == lease.fence and before.state in states)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name: str = data.draw(st.sampled_from(self.queued))
        before = self.before.get(name) or self._one(name)
        done = write(self.store, lambda tx: executions.cancel(tx, name, now_ms=self.now_ms))
        may = {State.QUEUED, State.CANCELLING} | (set() if before.commit_ms else {State.RUNNING})
        assert done == (before.state in may)

    @rule(owner=WORKERS)
    def shut_down(self, owner: str) -> None:
        write(self.store, lambda tx: executions.release(tx, owner=owner))
        for name, before in self.before.items():
            if before.owner == owner and before.state in {State.RUNNING, State.CANCELLING}:
                assert self._is_claimable(self._one(name))

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = self.place.open()
        assert {name: self._one(name) for name in self.before} == self.before
        write(self.store, executions.expire_leases)
        for name in self.queued:
            after = self._one(name)
            assert after.state in FINISHED or self._is_claimable(after)

    def _is_claimable(self, execution: Execution) -> bool:
        return execution.state is State.QUEUED or (execution.lease_until_ms or 0) <= self.now_ms

    def _one(self, execution_id: str) -> Execution:
        found = read(self.store, lambda tx: executions.get(tx, execution_id))
        assert found is not None, "an execution is lost"
        return found

    @invariant()
    def nothing_is_lost_and_every_move_is_legal(self) -> None:
        after = {name: self._one(name) for name in self.queued}
        for name, execution in after.items():
            before = self.before.get(name)
            if before is None:
                continue
            # A rule makes at most two moves: a claim at once after another.
            assert _reachable(before.state, execution.state), (before.state, execution.state)
            assert execution.fence >= before.fence
            assert before.commit_ms in (None, execution.commit_ms)
            assert before.state not in FINISHED or execution == before
        self.before = after

    @invariant()
    def the_unfinished_are_exactly_the_active(self) -> None:
        active = {execution.execution_id for execution in read(self.store, lambda tx: executions.active(tx, FLOW))}
        assert active == {name for name, execution in self.before.items() if execution.state in ACTIVE}


def _reachable(start: State, end: State) -> bool:
    return start == end or end in MOVES[start]


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=40, stateful_step_count=30)


def test_the_queue_on_postgresql(postgres_server: Postgres, kept_database: str) -> None:
    class Shared(Queue):
        def place_in(self, folder: Path) -> StorePlace:
            return StorePlace(folder, emptied(postgres_server, kept_database))

    run_state_machine_as_test(Shared, settings=settings(max_examples=8, stateful_step_count=30))
