from __future__ import annotations

from dataclasses import replace
from typing import Any

from headrace.flow.plan import Plan, plan
from headrace.model.states import State
from headrace.runner.plans import Plans
from headrace.store.executions import Claim, Execution
from tests.unit.runner.rig import document

EXECUTION = Execution(
    execution_id="e",
    flow_id="f",
    flow_name="orders",
    flow_arn="arn",
    account="0",
    region="r",
    revision=1,
    trigger="ondemand",
    state=State.RUNNING,
    sequence=1,
    queued_ms=0,
    started_ms=0,
    updated_ms=0,
    finished_ms=None,
    window_from_ms=None,
    window_to_ms=None,
    owner="w",
    lease_until_ms=1,
    fence=1,
    attempt=1,
    commit_ms=None,
    counts=None,
    message=None,
)


class Counting:
    def __init__(self) -> None:
        self.made = 0

    def __call__(self, given: dict[str, Any]) -> Plan:
        self.made += 1
        return plan(given)


def claim(**changes: Any) -> Claim:
    return Claim(replace(EXECUTION, **changes), document(), 1, None)


def test_a_revision_is_planned_once_and_another_anew() -> None:
    counting = Counting()
    plans = Plans(counting)
    assert plans.of(claim()) is plans.of(claim(execution_id="another"))
    assert plans.of(claim(revision=2)) is not plans.of(claim(flow_id="another"))
    assert counting.made == 3


def test_a_run_that_is_asked_more_than_its_flow_has_a_plan_of_its_own() -> None:
    counting = Counting()
    plans = Plans(counting)
    plans.of(claim(overrides={"filters": []}))
    plans.of(claim(overrides={"limit": 1}))
    plans.of(claim())
    assert counting.made == 3


def test_only_the_plans_that_were_wanted_last_are_kept() -> None:
    counting = Counting()
    plans = Plans(counting)
    first = plans.of(claim())
    for revision in range(2, 257):
        plans.of(claim(revision=revision))
        assert plans.of(claim()) is first
    for revision in range(300, 556):
        plans.of(claim(revision=revision))
    assert plans.of(claim()) is not first
