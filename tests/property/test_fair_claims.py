"""Whatever is queued, claimed and settled in whatever order: flows take turns, and limits hold."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from headrace.model.states import State
from headrace.store import executions
from headrace.store.sql import turns as sql
from headrace.store.store import Store
from tests.unit.store.rows import add_flow, queue, read, write

FLOWS = [f"f{number}" for number in range(5)]
# Of two nodes that share the queue.
OWNERS = st.sampled_from(["one", "two"])


class FairClaims(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-test-"))
        self.store = Store.open(self.folder)
        self.waiting: dict[str, list[str]] = {flow: [] for flow in FLOWS}
        self.running: list[tuple[str, str, int]] = []
        # Claims of each other flow that one node made since the flow had something to run and nothing running.
        self.passed: dict[tuple[str, str], Counter[str]] = {}
        self.after = {"one": "", "two": ""}
        self.count = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize(limit=st.integers(1, 3))
    def begin(self, limit: int) -> None:
        self.limit = limit
        for flow in FLOWS:
            write(self.store, lambda tx, flow=flow: add_flow(tx, flow, flow_id=flow))

    @rule(flow=st.sampled_from(FLOWS), count=st.integers(1, 12))
    def start(self, flow: str, count: int) -> None:
        names = [f"{flow}-{self.count + number:05d}" for number in range(count)]
        self.count += count
        write(self.store, lambda tx: [queue(tx, name, flow=flow) for name in names])
        self.waiting[flow] += names

    @rule(owner=OWNERS, limit=st.integers(1, 4))
    def claim(self, owner: str, limit: int) -> None:
        claims = write(
            self.store,
            lambda tx: executions.claim(
                tx,
                owner=owner,
                now_ms=1,
                lease_until_ms=10**15,
                limit=limit,
                flow_limit=self.limit,
                after=self.after[owner],
            ),
        )
        for each in claims:
            execution = each.execution
            self.after[owner] = execution.flow_id
            assert self.waiting[execution.flow_id].pop(0) == execution.execution_id, "not in the order of the flow"
            self.running.append((execution.flow_id, execution.execution_id, execution.fence))
            self._passes(owner, execution.flow_id)
        assert len(claims) == limit or not self._takeable(), "what could run was left"

    def _passes(self, owner: str, taken: str) -> None:
        for flow in FLOWS:
            if flow == taken or not self._is_first(flow):
                self.passed.pop((owner, flow), None)
            else:
                passed = self.passed.setdefault((owner, flow), Counter())
                passed[taken] += 1
                assert passed[taken] <= 2, f"{taken} went before {flow} again and again"

    def _is_first(self, flow: str) -> bool:
        return bool(self.waiting[flow]) and all(running != flow for running, _, _ in self.running)

    def _takeable(self) -> list[str]:
        counts = Counter(flow for flow, _, _ in self.running)
        return [flow for flow in FLOWS if self.waiting[flow] and counts[flow] < self.limit]

    @rule(data=st.data())
    @precondition(lambda self: self.running)
    def settle(self, data: st.DataObject) -> None:
        ended = data.draw(st.sampled_from(self.running))
        self.running.remove(ended)
        _, name, fence = ended
        assert write(
            self.store,
            lambda tx: executions.settle(tx, name, fence, state=State.DONE, counts=None, message=None, now_ms=1),
        )

    @rule(data=st.data())
    @precondition(lambda self: any(self.waiting.values()))
    def cancel(self, data: st.DataObject) -> None:
        flow = data.draw(st.sampled_from([flow for flow in FLOWS if self.waiting[flow]]))
        name = self.waiting[flow].pop(data.draw(st.integers(0, len(self.waiting[flow]) - 1)))
        assert write(self.store, lambda tx: executions.cancel(tx, name, now_ms=1))

    @invariant()
    def no_flow_has_more_running_than_it_may(self) -> None:
        counts = Counter(flow for flow, _, _ in self.running)
        assert not counts or max(counts.values()) <= self.limit
        assert read(self.store, lambda tx: {flow: count for flow, count, _ in tx.rows(sql.HELD)}) == counts


TestFairClaims = FairClaims.TestCase
TestFairClaims.settings = settings(max_examples=25, stateful_step_count=30)
