"""Runs that read a window: of S3 the files that changed in it, of an application the records."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from headrace.clock import to_ms
from headrace.model.states import State
from tests.standins.application import from_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, Runs, flow, runs, texts
from tests.unit.runner.rig import START, Rig, rig

NOON = to_ms(START.replace(hour=12, minute=0, second=0))
HOUR = 3_600_000
WINDOW = (NOON, NOON + HOUR)
CHANGED = {"identifier": "changed", "sourceProperties": {"isTimestampFieldForIncrementalQueries": True}}


@pytest.fixture
def made(tmp_path: Path) -> Generator[Runs]:
    with runs(tmp_path) as started:
        started.crm.fields = [{"identifier": "id"}, CHANGED]
        started.crm.held = texts(
            [
                {"id": 1, "changed": "2026-01-02T11:59:59.999Z"},
                {"id": 2, "changed": "2026-01-02T12:00:00Z"},
                {"id": 3, "changed": "2026-01-02T14:59:59.999+02:00"},
                {"id": 4, "changed": NOON + HOUR},
                {"id": 5, "changed": None},
                {"id": 6},
                {"id": 7, "changed": NOON + 1},
            ]
        )
        yield started


@pytest.fixture
def files(tmp_path: Path) -> Generator[Rig]:
    with rig(tmp_path / "data") as started:
        started.objects.objects = {("raw", f"in/{number}"): f"{number}\n" for number in range(4)}
        yield started


def incremental(field: str | None = None, *tasks: dict[str, Any]) -> dict[str, Any]:
    pull = {} if field is None else {"incrementalPullConfig": {"datetimeTypeFieldName": field}}
    return flow(*tasks or (dict(PROJECTION), dict(MAP_ALL)), source=from_records() | pull)


def test_files_are_read_that_changed_in_the_window_its_end_excluded(files: Rig) -> None:
    files.objects.changed_ms = {"in/0": NOON - 1, "in/1": NOON, "in/2": NOON + HOUR - 1, "in/3": NOON + HOUR}

    execution = files.run(window=WINDOW)

    assert execution.state is State.DONE, execution.message
    assert sorted("".join(files.objects.output().values()).split()) == ["1", "2"]
    assert files.counts().records_read == 2


def test_a_window_without_files_is_a_success_without_output(files: Rig) -> None:
    assert files.run(window=WINDOW).state is State.DONE
    assert files.objects.output() == {}


def test_records_are_written_that_changed_in_the_window_whatever_the_source_answers(made: Runs) -> None:
    execution = made.run(incremental("changed"), WINDOW)

    assert execution.state is State.DONE, execution.message
    assert [record["id"] for record in made.written()] == [2, 3, 7]
    counts = made.rig.counts()
    assert (counts.records_read, counts.records_written, counts.dropped) == (7, 3, {-2: 4})


def test_the_source_is_told_of_the_window_before_the_filters_of_the_flow(made: Runs) -> None:
    size = {
        "taskType": "Filter",
        "sourceFields": ["id"],
        "connectorOperator": {"CustomConnector": "GREATER_THAN"},
        "taskProperties": {"DATA_TYPE": "number", "VALUE": "2"},
    }
    projection = {**PROJECTION, "sourceFields": ["id"]}
    tasks = (projection, size, {"taskType": "Map", "sourceFields": ["id"], "destinationField": "key"})

    execution = made.run(incremental("changed", *tasks), WINDOW)

    assert execution.state is State.DONE, execution.message
    (query,) = made.crm.queries
    assert query.fields == ("changed", "id")
    assert query.filter_expression == ("changed >= 2026-01-02T12:00:00Z and changed <= 2026-01-02T13:00:00Z and id > 2")
    assert made.written() == [{"key": 3}, {"key": 7}]


def test_the_one_field_that_is_offered_need_not_be_named(made: Runs) -> None:
    execution = made.run(incremental(), WINDOW)

    assert execution.state is State.DONE, execution.message
    assert [record["id"] for record in made.written()] == [2, 3, 7]


def test_a_run_without_a_window_reads_everything_and_asks_for_no_field(made: Runs) -> None:
    made.crm.fields = []
    assert made.run(incremental("nothing")).state is State.DONE
    assert len(made.written()) == 7


@pytest.mark.parametrize(
    "named, offered, words",
    [
        (None, [], "names no datetimeTypeFieldName. Write the field that says when a record changed as"),
        (None, ["made", "changed"], "incrementalPullConfig - for example made - changed"),
        ("chnaged", ["changed"], "The source has no field chnaged"),
    ],
)
def test_a_run_that_knows_no_field_fails_in_words(
    made: Runs, named: str | None, offered: list[str], words: str
) -> None:
    made.crm.fields = [{"identifier": "id"}, *(CHANGED | {"identifier": name} for name in offered)]

    execution = made.run(incremental(named), WINDOW)

    assert execution.state is State.FAILED
    assert words in (execution.message or "")
    assert json.dumps(made.written()) == "[]"


def test_a_source_that_describes_no_fields_is_believed(made: Runs) -> None:
    made.crm.fields = []
    assert made.run(incremental("changed"), WINDOW).state is State.DONE
    assert [record["id"] for record in made.written()] == [2, 3, 7]
