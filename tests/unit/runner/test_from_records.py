"""A source that answers pages of records: what becomes of them in S3."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from headrace.connector_sdk.records import Page
from headrace.errors import Retry, Stop
from headrace.model.states import State
from headrace.runner.spool import spooled
from tests.standins.application import from_records
from tests.unit.runner.record_runs import MAP_ALL, PROJECTION, Runs, flow, let_go_once_told, numbered, runs, texts
from tests.unit.runner.rig import wait_for


@pytest.fixture
def made(tmp_path: Path) -> Generator[Runs]:
    with runs(tmp_path) as started:
        yield started


def test_every_page_of_a_source_is_written(made: Runs) -> None:
    made.crm.held = numbered(7)

    execution = made.from_crm()

    assert execution.state is State.DONE, execution.message
    assert made.written() == [{"id": number} for number in range(7)]
    assert made.profiles.opened[0] == ("1", "r", "crm")
    counts = made.rig.counts()
    assert (counts.records_read, counts.records_written) == (7, 7)
    assert made.rig.left_over() == []


def test_a_source_without_records_is_a_success_without_an_object(made: Runs) -> None:
    execution = made.from_crm()

    assert execution.state is State.DONE, execution.message
    assert made.rig.objects.output() == {}


def test_the_source_is_told_what_the_flow_needs(made: Runs) -> None:
    tasks = (
        {
            "taskType": "Filter",
            "sourceFields": ["name", "id"],
            "connectorOperator": {"CustomConnector": "PROJECTION"},
        },
        {
            "taskType": "Filter",
            "sourceFields": ["size"],
            "connectorOperator": {"CustomConnector": "GREATER_THAN"},
            "taskProperties": {"DATA_TYPE": "number", "VALUE": "3"},
        },
        {"taskType": "Map", "sourceFields": ["id"], "destinationField": "key", "taskProperties": {}},
    )
    made.crm.held = texts([{"id": 1, "name": "a", "size": 3}, {"id": 2, "name": "b", "size": 4}])

    execution = made.from_crm(*tasks)

    assert execution.state is State.DONE, execution.message
    (query,) = made.crm.queries
    assert (query.entity, query.fields, query.filter_expression) == ("order", ("id", "name", "size"), "size > 3")
    assert (query.flow_name, query.execution_id, query.api_version) == ("orders", "e1", "v1")
    assert (query.settings, query.after, query.page_size) == ({"view": "all"}, None, 1000)
    # The application paid no heed to the hint.
    assert made.written() == [{"key": 2}]
    assert made.rig.counts().dropped == {1: 1}


def test_a_page_that_fails_is_read_again_from_the_last_position(made: Runs) -> None:
    made.crm.held = numbered(7)
    failures = iter([Retry("busy", after_s=3), Retry("still busy")])

    def fail(page: int) -> None:
        if page == 2 and (error := next(failures, None)):
            raise error

    made.crm.on_page = fail

    assert made.from_crm().state is State.DONE
    assert [query.after for query in made.crm.queries] == [None, "4", "4"]
    assert made.rig.waited_s == [3, 1.0]
    assert made.written() == [{"id": number} for number in range(7)]


def test_a_page_that_fails_again_and_again_ends_the_execution_with_its_reason(made: Runs) -> None:
    def fail(page: int) -> None:
        raise Retry("the application is down")

    made.crm.held = numbered(1)
    made.crm.on_page = fail

    execution = made.from_crm()

    assert (execution.state, execution.message) == (State.FAILED, "the application is down")
    assert len(made.crm.queries) == 5
    assert made.rig.objects.output() == {}


def test_a_source_that_stops_half_way_leaves_nothing(made: Runs) -> None:
    def fail(page: int) -> None:
        if page == 1:
            raise Stop("the token is no longer good")

    made.crm.held = numbered(7)
    made.crm.on_page = fail

    execution = made.from_crm()

    assert (execution.state, execution.message) == (State.FAILED, "the token is no longer good")
    assert made.rig.objects.output() == {}
    assert made.rig.left_over() == []


def test_a_source_whose_pages_never_end_is_stopped(made: Runs) -> None:
    made.crm.held = numbered(20)
    made.crm.position_of = lambda place: f"page {place % 6}"

    execution = made.from_crm()

    assert execution.state is State.FAILED
    assert "same position twice" in str(execution.message)


def test_what_is_no_object_is_rejected_with_its_text(made: Runs) -> None:
    held = ['{"id": 1}', "[1]", "null", "", "{broken", '{\n"id":\r\n2}', '"a\nb', '{"id": "x\ny"}', '{"id": 3}']
    made.crm.held = tuple(held)

    execution = made.from_crm()

    assert execution.state is State.DONE, execution.message
    assert made.written() == [{"id": 1}, {"id": 2}, {"id": 3}]
    rejects = made.kept()
    as_they_were = {"[1]", "{broken"}
    made_one_line = [reject["record"] for reject in rejects if reject["record"] not in as_they_were]
    assert [json.loads(text) for text in made_one_line] == ["null", "", '"a\nb', '{"id": "x\ny"}']
    assert len(rejects) == 6
    assert rejects[0]["file"] == "crm/order part 1"
    assert made.rig.counts().records_read == len(held)
    assert made.rig.counts().balanced


def test_a_profile_that_is_gone_fails_the_execution_by_its_name(made: Runs) -> None:
    execution = made.run(flow(dict(MAP_ALL), source=from_records(profile="old")))

    assert (execution.state, execution.message) == (State.FAILED, "There is no connector profile old")


def test_an_execution_that_was_left_half_read_is_read_anew(made: Runs) -> None:
    made.crm.held = numbered(7)
    made.rig.queue("e1", flow(dict(PROJECTION), dict(MAP_ALL), source=from_records()))
    reached, go = threading.Event(), threading.Event()

    def hold(page: int) -> None:
        if page == 2 and not reached.is_set():
            reached.set()
            wait_for(go)

    made.crm.on_page = hold
    with made.rig.work(**made.parts) as worker:
        wait_for(reached)
        with let_go_once_told(made, go):
            worker.stop()
    assert made.rig.get().state is State.QUEUED
    assert made.rig.objects.output() == {}

    assert made.go_on().state is State.DONE
    assert made.written() == [{"id": number} for number in range(7)]
    assert [query.after for query in made.crm.queries] == [None, None]


def test_reading_is_cancelled_between_two_pages(made: Runs) -> None:
    made.crm.held = numbered(20)

    def cancel(page: int) -> None:
        if page == 1:
            assert made.rig.cancel()
            made.rig.until_told()
        pages.append(page)

    pages: list[int] = []
    made.crm.on_page = cancel

    assert made.from_crm().state is State.CANCELLED
    assert pages == [0, 1]
    assert made.rig.objects.output() == {}
    assert made.rig.left_over() == []


def test_a_source_is_spooled_in_files_of_bounded_size(tmp_path: Path) -> None:
    held = [Page(numbered(10), str(place)) for place in range(5)]
    files = spooled(iter(held), tmp_path, "crm/order", most_bytes=200)

    first = next(files)

    # Finished, and the next one not begun.
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]
    assert 200 <= first.size_bytes == first.path.stat().st_size < 300
    assert sum(len(file.path.read_bytes().splitlines()) for file in (first, *files)) == 50
    assert first.is_copy


@pytest.mark.parametrize(
    "record", ['{"a": "\ud800"}', '{"a": 1}\x00', "\ufeff", "\ufeff{}", "{}{}", '{"a": NaN}', "[" * 5000]
)
def test_an_odd_record_is_one_line_whatever_it_holds(made: Runs, record: str) -> None:
    made.crm.held = ('{"id": 1}', record, '{"id": 2}')

    execution = made.from_crm()

    assert execution.state is State.DONE, execution.message
    assert made.rig.counts().records_read == 3
    assert [each["id"] for each in made.written() if each.get("id")] == [1, 2]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_record_with_what_is_no_number_is_rejected_and_a_text_that_says_so_is_not(made: Runs, number: str) -> None:
    good = '{"id": 1, "name": "' + number + '"}'
    made.crm.held = (good, '{"id": ' + number + "}", "\ufeff" + good)

    assert made.from_crm().state is State.DONE
    assert made.rig.counts().records_rejected == 1
    assert made.written() == [{"id": 1, "name": number}] * 2
