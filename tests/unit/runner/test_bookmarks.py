"""Sources that say where the next execution begins: what is kept of that, and when."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import StartOver, Stop
from headrace.flow.plan import plan
from headrace.model.states import State
from headrace.runner.bookmarks import source_of
from headrace.store import bookmarks
from headrace.store.bookmarks import Bookmark
from headrace.store.executions import Execution
from tests.standins.application import from_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, Runs, flow, numbered, runs, taken_over
from tests.unit.runner.rig import expire, wait_for


@pytest.fixture
def made(tmp_path: Path) -> Generator[Runs]:
    with runs(tmp_path) as started:
        started.crm.is_place_kept = True
        started.crm.held = numbered(5)
        started.crm.bookmarks = {0: "first", 1: "second"}
        yield started


def scheduled(mode: str = "Incremental", **source: Any) -> dict[str, Any]:
    asked = flow(dict(PROJECTION), dict(MAP_ALL), source=from_records(**source))
    properties = {"scheduleExpression": "rate(1hour)", "dataPullMode": mode}
    asked["triggerConfig"] = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": properties}}
    return asked


def run(
    made: Runs, asked: dict[str, Any], execution_id: str = "e1", window: tuple[int, int] | None = None
) -> Execution:
    made.rig.queue(execution_id, asked, window)
    with made.rig.work(**made.parts):
        return made.rig.settled(execution_id)


def kept(made: Runs) -> str | None:
    found = made.rig.store.read(lambda tx: bookmarks.get(tx, "id of orders")).result()
    return None if found is None else found.text


def asked_since(made: Runs) -> list[str | None]:
    return [query.since for query in made.crm.queries]


def test_an_incremental_flow_goes_on_where_its_last_execution_ended(made: Runs) -> None:
    assert run(made, scheduled()).state is State.DONE
    assert kept(made) == "second"

    made.crm.bookmarks = {2: "third"}
    assert run(made, scheduled(), "e2").state is State.DONE

    assert asked_since(made) == ["", "second"]
    assert kept(made) == "third"


def test_an_execution_with_a_window_of_its_own_neither_reads_nor_moves_the_bookmark(made: Runs) -> None:
    asked = scheduled()
    asked["sourceFlowConfig"]["incrementalPullConfig"] = {"datetimeTypeFieldName": "at"}
    made.crm.fields = [{"identifier": "id"}, {"identifier": "at"}]
    run(made, asked)
    made.crm.held = tuple(json.dumps({"id": number, "at": number * 1000}) for number in range(5))
    made.crm.bookmarks = {0: "third"}
    made.rig.queue("e2", asked, (1000, 3000), overrides={"filters": []})
    with made.rig.work(**made.parts):
        assert made.rig.settled("e2").state is State.DONE

    assert asked_since(made)[1] is None
    assert kept(made) == "second"
    assert [record["id"] for record in made.written()][-2:] == [1, 2]


@pytest.mark.parametrize("mode", ["Complete", "on demand"])
def test_a_flow_that_reads_everything_keeps_no_bookmark(made: Runs, mode: str) -> None:
    asked = scheduled("Complete")
    if mode == "on demand":
        asked["triggerConfig"] = {"triggerType": "OnDemand"}

    assert run(made, asked).state is State.DONE

    assert kept(made) is None


def test_no_window_drops_what_a_source_that_keeps_its_place_would_not_give_again(made: Runs) -> None:
    asked = scheduled()
    asked["sourceFlowConfig"]["incrementalPullConfig"] = {"datetimeTypeFieldName": "changed"}

    assert run(made, asked, window=(1, 2)).state is State.DONE

    assert len(made.written()) == 5
    assert [(query.timestamp_field, query.filter_expression) for query in made.crm.queries] == [("changed", None)]


def test_the_bookmarks_of_a_source_that_leaves_its_place_to_the_windows_are_not_kept(made: Runs) -> None:
    made.crm.is_place_kept = False
    made.crm.fields = [{"identifier": "changed"}]
    asked = scheduled()
    asked["sourceFlowConfig"]["incrementalPullConfig"] = {"datetimeTypeFieldName": "changed"}

    assert run(made, asked, window=(1, 2)).state is State.DONE

    assert made.written() == []
    assert kept(made) is None
    assert asked_since(made) == [None]


def test_a_source_that_names_none_leaves_the_bookmark_as_it_was(made: Runs) -> None:
    run(made, scheduled())
    made.crm.bookmarks = {}
    run(made, scheduled(), "e2")
    assert kept(made) == "second"


def test_an_execution_that_fails_moves_no_bookmark(made: Runs) -> None:
    def fail(page: int) -> None:
        if page == 2:
            raise Stop("the application is closed")

    made.crm.on_page = fail

    assert run(made, scheduled()).state is State.FAILED

    assert kept(made) is None
    assert made.crm.left == 0


def test_a_bookmark_of_something_else_is_of_no_use(made: Runs) -> None:
    made.crm.entity_names.add("customer")
    run(made, scheduled())
    held = made.rig.store.read(lambda tx: bookmarks.get(tx, "id of orders")).result()
    assert held is not None
    other = Bookmark(held.source.replace("order", "customer"), "of customers")
    made.rig.store.write(lambda tx: bookmarks.put(tx, "id of orders", other, sequence=1)).result()

    run(made, scheduled(), "e2")

    assert asked_since(made) == ["", ""]


def test_what_was_read_before_another_worker_took_over_is_not_forgotten(made: Runs) -> None:
    stolen = threading.Event()

    def steal(bucket: str) -> None:
        if not stolen.is_set():
            taken_over(made)
            stolen.set()

    made.rig.objects.on_publish = steal
    made.rig.queue("e1", scheduled())
    with made.rig.work(**made.parts):
        wait_for(stolen)
    assert kept(made) is None

    expire(made.rig)
    assert made.go_on().state is State.DONE

    # The other worker found the split done and read nothing again.
    assert len(made.crm.queries) == 1
    assert kept(made) == "second"


def test_a_source_that_loses_its_place_is_read_again_from_its_start(made: Runs) -> None:
    losses = iter([StartOver("the reading is lost")])

    def lose(page: int) -> None:
        if page == 1:
            for error in losses:
                raise error

    made.crm.on_page = lose

    execution = run(made, scheduled())

    assert execution.state is State.DONE, execution.message
    assert [query.after for query in made.crm.queries] == [None, None]
    assert [record["id"] for record in made.written()] == [0, 1, 2, 3, 4]
    assert made.rig.counts().records_read == 5


def test_a_source_that_loses_its_place_again_and_again_ends_the_execution(made: Runs) -> None:
    def lose(page: int) -> None:
        if page == 1:
            raise StartOver("the reading is lost")

    made.crm.on_page = lose

    execution = run(made, scheduled())

    assert execution.state is State.FAILED
    assert "the reading is lost" in str(execution.message)
    assert len(made.crm.queries) == 5
    assert made.written() == []


def test_a_source_learns_that_nobody_reads_on(made: Runs) -> None:
    made.crm.position_of = lambda _: "the same"

    assert run(made, scheduled()).state is State.FAILED

    assert made.crm.left == 1


def test_what_bookmarks_are_of_names_all_that_decides_what_is_read() -> None:
    found = source_of(plan(scheduled()))
    assert found is not None
    assert json.loads(found) == ["CustomConnector", "crm", "order", [["view", "all"]]]
