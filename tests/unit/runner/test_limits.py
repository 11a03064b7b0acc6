"""Runs with a limit: so many records that pass all filters, and no more of the source than that takes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from headrace.model.states import State
from headrace.store.executions import Execution
from tests.standins.application import from_records
from tests.unit.runner.record_runs import Runs, flow, numbered, runs

LARGE = {
    "taskType": "Filter",
    "sourceFields": ["id"],
    "connectorOperator": {"CustomConnector": "GREATER_THAN_OR_EQUAL_TO"},
    "taskProperties": {"VALUE": "10"},
}


@pytest.fixture
def made(tmp_path: Path) -> Generator[Runs]:
    with runs(tmp_path) as started:
        yield started


def run(made: Runs, limit: int, *filters: dict[str, Any], source: dict[str, Any] | None = None) -> Execution:
    made.rig.queue("e1", flow(source=source), overrides={"filters": list(filters), "limit": limit})
    with made.rig.work(**made.parts):
        return made.rig.settled("e1")


def ids(made: Runs) -> list[int]:
    return [record["id"] for record in made.written()]


@pytest.mark.parametrize("limit, pages", [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (99, 4)])
def test_no_page_is_asked_for_that_is_not_needed(made: Runs, limit: int, pages: int) -> None:
    asked: list[int] = []
    made.crm.held, made.crm.page_size, made.crm.on_page = numbered(10), 3, asked.append
    execution = run(made, limit, source=from_records())
    assert execution.state is State.DONE
    assert ids(made) == list(range(min(limit, 10)))
    assert asked == list(range(pages))
    assert len(made.rig.objects.output()) == 1


def test_what_a_filter_drops_does_not_count(made: Runs) -> None:
    made.crm.held, made.crm.page_size = numbered(40), 7
    execution = run(made, 5, LARGE, source=from_records())
    assert ids(made) == [10, 11, 12, 13, 14]
    assert execution.counts is not None
    assert (execution.counts["recordsRead"], execution.counts["recordsWritten"]) == (15, 5)


def test_files_after_the_last_record_are_not_fetched_and_are_read_in_one_split(made: Runs) -> None:
    made.rig.objects.objects.clear()
    for number in range(600):
        made.rig.objects.objects["raw", f"in/{number:04d}"] = f'{{"id": {number}}}\n'
    fetched: list[None] = []
    made.rig.objects.on_fetch = lambda: fetched.append(None)
    assert run(made, 4).state is State.DONE
    assert ids(made) == [0, 1, 2, 3]
    assert len(fetched) == 4
    assert len(made.rig.splits()) == 1


def test_a_large_file_is_not_read_to_its_end(made: Runs) -> None:
    text = "".join(f'{{"id": {number}, "text": "{"x" * 100}"}}\n' for number in range(30_000))
    made.rig.objects.objects = {("raw", "in/1"): text}
    fetched: list[None] = []
    made.rig.objects.on_fetch = lambda: fetched.append(None)
    execution = run(made, 2)
    assert ids(made) == [0, 1]
    assert execution.counts is not None
    assert (fetched, execution.counts["recordsRead"]) == ([], 2)
    assert execution.counts["bytesRead"] <= 1024 * 1024
