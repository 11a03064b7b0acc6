"""A scheduled flow over a life of looks, runs that end or fail, pauses, and clocks that go wrong (invariant 6)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.clock import from_ms
from headrace.model.states import State
from headrace.store import flows
from tests.unit.runner.schedules import START, Town, scheduled, town


@dataclass(frozen=True)
class Step:
    """The clock is turned, the scheduler looks, and the run that goes on, if any, ends so (None: it goes on)."""

    by_s: int
    ends: State | None


steps = st.lists(
    st.builds(
        Step,
        st.integers(0, 400) | st.sampled_from([-3600, 3600, 100_000]),
        st.sampled_from([State.DONE, State.DONE, State.FAILED, None]),
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module", name="town")
def open_town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    with town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


def live(town: Town, life: list[Step]) -> None:
    running = None
    for step in life:
        town.look(timedelta(seconds=step.by_s))
        if running is None and town.runs() and town.runs()[-1].finished_ms is None:
            running = town.take()
        if running is not None and step.ends is not None:
            town.settle(running, step.ends)
            running = None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.sampled_from(["rate(1minutes)", "rate(1hours)", "cron(0/7 * * * ? *)"]), st.integers(0, 200))
def test_no_instant_fires_twice_and_the_windows_of_successful_runs_lie_end_to_end(
    town: Town, life: list[Step], expression: str, offset_s: int
) -> None:
    town.write(lambda tx: flows.delete_flow(tx, "id of orders"))
    town.clock.turn(START - town.clock.now())
    town.add(scheduled(expression, dataPullMode="Incremental", scheduleOffset=offset_s))

    live(town, life)

    runs = town.runs()
    fired = [run.queued_ms for run in runs]
    instants = town.read(lambda tx: tx._session.rows("SELECT scheduled_for_ms FROM executions"))
    assert len(set(instants)) == len(runs) == len(instants)
    assert all(instant <= at for (instant,), at in zip(sorted(instants), sorted(fired), strict=True))
    read = [(run.window_from_ms, run.window_to_ms) for run in runs if run.state is State.DONE]
    assert all(one[1] == other[0] for one, other in pairwise(read))
    following = town.next_tick()
    assert following is not None
    assert following > town.clock.now()
    assert all(from_ms(instant) < following for (instant,) in instants)
