"""Backfills against what they promise: ends, cancels, deaths and resumptions in any order lose and double nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from headrace.clock import from_ms
from headrace.model.states import ACTIVE, State
from headrace.slicing import Slices, parse_every
from headrace.store import backfills, executions
from headrace.store.backfills import Backfill, Phase
from headrace.store.executions import Execution
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.unit.store.rows import add_flow, read, take, write

LEASE_MS = 100
FLOW = "id of orders"
DAY_MS = 86_400_000
ENDS = st.sampled_from([State.DONE, State.DONE, State.FAILED])


def begin(tx: Tx, name: str, days: int, parallel: int, *, stops_on_failure: bool = False, now_ms: int = 0) -> int:
    slices = Slices(from_ms(0), from_ms(days * DAY_MS), parse_every("1d"))
    return backfills.start(
        tx,
        FLOW,
        backfill_id=name,
        from_ms=0,
        to_ms=days * DAY_MS,
        every="1d",
        slice_count=len(slices),
        parallel=parallel,
        stops_on_failure=stops_on_failure,
        filters=[],
        by="someone",
        now_ms=now_ms,
    )


class Backfills(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-test-"))
        self.store = Store.open(self.folder)
        write(self.store, add_flow)
        self.now_ms = 1
        self.started = 0
        self.leases: list[Execution] = []

    def teardown(self) -> None:
        try:
            self._drive_to_the_end()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    @initialize(days=st.integers(1, 6), parallel=st.integers(1, 3), stops=st.booleans())
    def start_one(self, days: int, parallel: int, stops: bool) -> None:
        self.start(days, parallel, stops)

    @rule(days=st.integers(1, 6), parallel=st.integers(1, 3), stops=st.booleans())
    @precondition(lambda self: self.started < 2)
    def start(self, days: int, parallel: int, stops: bool) -> None:
        self.started += 1
        name = f"b{self.started}"
        number = write(
            self.store,
            lambda tx: begin(tx, name, days, parallel, stops_on_failure=stops, now_ms=self.now_ms),
        )
        assert number == self.started

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        taken = write(self.store, lambda tx: take(tx, now_ms=self.now_ms, limit=limit, lease_ms=LEASE_MS))
        self.leases += [claim.execution for claim in taken]

    @rule(data=st.data(), state=ENDS)
    @precondition(lambda self: self.leases)
    def settle(self, data: st.DataObject, state: State) -> None:
        """Also with a lease that is lost, or twice: such a write changes nothing."""
        self._settle(data.draw(st.sampled_from(self.leases)), state)

    def _settle(self, lease: Execution, state: State) -> None:
        now = read(self.store, lambda tx: executions.get(tx, lease.execution_id))
        assert now is not None
        if now.state is State.CANCELLING:
            state = State.CANCELLED
        counts = {"recordsRead": 3, "recordsWritten": 1, "recordsRejected": 0, "dropped": {"0": 2}}
        write(
            self.store,
            lambda tx: executions.settle(
                tx, lease.execution_id, lease.fence, state=state, counts=counts, message="m", now_ms=self.now_ms
            ),
        )

    @rule()
    def a_worker_dies(self) -> None:
        self.now_ms += 2 * LEASE_MS

    @rule()
    def headrace_is_killed_and_started_again(self) -> None:
        self.store.close()
        self.store = Store.open(self.folder)
        write(self.store, executions.expire_leases)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.started))

        def work(tx: Tx) -> None:
            held = backfills.find_held(tx, FLOW, number)
            assert held is not None
            for execution_id in backfills.cancel(tx, held, now_ms=self.now_ms):
                executions.cancel(tx, execution_id, now_ms=self.now_ms)

        write(self.store, work)

    @rule(data=st.data())
    def cancel_an_execution(self, data: st.DataObject) -> None:
        found = [each for each in self._executions() if each.state in ACTIVE]
        if found:
            chosen = data.draw(st.sampled_from(found)).execution_id
            write(self.store, lambda tx: executions.cancel(tx, chosen, now_ms=self.now_ms))

    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self._resume(data.draw(st.integers(1, self.started)))

    def _resume(self, number: int) -> None:
        def work(tx: Tx) -> None:
            held = backfills.find_held(tx, FLOW, number)
            assert held is not None
            backfills.resume(tx, held, now_ms=self.now_ms)

        write(self.store, work)

    def _executions(self) -> list[Execution]:
        return read(self.store, lambda tx: executions.page(tx, FLOW, before_sequence=None, limit=9999))

    def _backfills(self) -> list[Backfill]:
        found = [
            read(self.store, lambda tx, number=number: backfills.find(tx, FLOW, number))
            for number in range(1, self.started + 1)
        ]
        assert None not in found
        return [each for each in found if each is not None]

    @invariant()
    def no_slice_is_lost_or_runs_twice(self) -> None:
        found = self._executions()
        for backfill in self._backfills():
            mine = [each for each in found if each.backfill_id == backfill.backfill_id]
            active = Counter(_slice(each) for each in mine if each.state in ACTIVE)
            done = Counter(_slice(each) for each in mine if each.state is State.DONE)
            assert max(active.values(), default=0) <= 1, "a slice runs twice at a time"
            assert max(done.values(), default=0) <= 1, "a slice succeeds twice"
            assert not active.keys() & done.keys(), "a slice that is done runs again"
            assert len(active) <= backfill.parallel
            ended = {_slice(each) for each in mine} - active.keys()
            if backfill.phase is Phase.RUNNING:
                assert active, "it stands still"
                begun = {_slice(each) for each in mine}
                assert len(active) == backfill.parallel or begun == set(range(backfill.slice_count))
            if backfill.phase is Phase.FINISHED:
                assert ended == set(range(backfill.slice_count))
            assert (backfill.finished_ms is None) == bool(active)
            self._check_sums(backfill, active, done)

    def _check_sums(self, backfill: Backfill, active: Counter[int], done: Counter[int]) -> None:
        sums = read(self.store, lambda tx: backfills.sums(tx, backfill))
        told = {state.value: each.slices for state, each in sums.items()}
        assert (told.get("active", 0), told.get("done", 0)) == (len(active), len(done))
        assert sum(told.values()) == backfill.begun
        for state, each in sums.items():
            is_counted = state.value in {"done", "failed"}
            assert not is_counted or (each.read, each.written, each.dropped) == (
                3 * each.slices,
                each.slices,
                2 * each.slices,
            )

    @invariant()
    def each_execution_reads_its_slice_and_moves_nothing(self) -> None:
        for each in self._executions():
            assert each.window_from_ms == _slice(each) * DAY_MS
            assert each.window_to_ms == (_slice(each) + 1) * DAY_MS

    def _drive_to_the_end(self) -> None:
        """Whatever happened, a backfill that is taken up again comes to its end with each slice done once."""
        for _ in range(200):
            self.now_ms += 2 * LEASE_MS
            taken = write(self.store, lambda tx: take(tx, now_ms=self.now_ms, limit=99, lease_ms=LEASE_MS))
            for claim in taken:
                self._settle(claim.execution, State.DONE)
            if not taken:
                idle = [each for each in self._backfills() if _is_short(self.store, each)]
                if not idle:
                    break
                for backfill in idle:
                    self._resume(backfill.number)
        for backfill in self._backfills():
            mine = [each for each in self._executions() if each.backfill_id == backfill.backfill_id]
            done = sorted(_slice(each) for each in mine if each.state is State.DONE)
            assert done == list(range(backfill.slice_count))
            assert backfill.phase is Phase.FINISHED


def _is_short(store: Store, backfill: Backfill) -> bool:
    sums = read(store, lambda tx: backfills.sums(tx, backfill))
    return sum(each.slices for state, each in sums.items() if state.value == "done") < backfill.slice_count


def _slice(execution: Execution) -> int:
    assert execution.overrides is not None
    return execution.overrides["slice"]


TestBackfills = Backfills.TestCase
TestBackfills.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
