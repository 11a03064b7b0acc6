"""The summary of a run that writes records."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.cli.one_run import Look
from headrace.cli.show import summary
from headrace.engine.results import Counts
from headrace.model.states import State
from headrace.settings import Settings
from headrace.store.executions import Execution
from tests.standins.application import to_records
from tests.unit.runner.record_runs import MAP_ALL, flow


def look(state: State) -> Look:
    execution = Execution(
        execution_id="e1",
        flow_id="f",
        flow_name="orders",
        flow_arn="arn:orders",
        account="1",
        region="r",
        revision=1,
        trigger="ondemand",
        state=state,
        sequence=1,
        queued_ms=0,
        started_ms=0,
        updated_ms=0,
        finished_ms=1500,
        window_from_ms=None,
        window_to_ms=None,
        owner=None,
        lease_until_ms=None,
        fence=1,
        attempt=1,
        commit_ms=None,
        counts=None,
        message="At least 2 of 5 records had been written before",
    )
    return Look(execution, Counts(records_read=5, records_written=5), 0)


@pytest.mark.parametrize("state,written", [(State.DONE, ["records written   5"]), (State.FAILED, [])])
def test_a_run_that_wrote_records_names_the_entity_and_no_file(
    tmp_path: Path, state: State, written: list[str]
) -> None:
    lines = list(summary(look(state), [], flow(MAP_ALL, destination=to_records()), Settings(data=tmp_path)))

    assert [line for line in lines if line.startswith("records written")] == written
    assert [line for line in lines if line.startswith("output")] == ["output            erp/order"]
