"""The fields that every split writes, where the files of a source have different ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from headrace.engine.tasks import MapAll, Tasks
from headrace.flow.plan import Plan, plan
from headrace.model.states import State
from headrace.runner.fields import common_fields
from tests.unit.runner.rig import Rig, document
from tests.unit.runner.stores import Objects

MAP_ALL = Tasks(map_all=MapAll(0, frozenset()))
HEADERS = {("raw", "in/1"): "id,name\n1,a\n", ("raw", "in/2"): "name,mail\nb,c\n", ("raw", "in/3"): ""}


def fields(objects: Objects, tasks: Tasks = MAP_ALL, **changes: Any) -> Sequence[str] | None:
    planned: Plan = replace(plan(document()), tasks=tasks, **changes)
    return common_fields(planned, objects, objects.files({"bucketName": "raw"}))


def test_fields_are_the_union_of_all_headers_in_the_order_they_occur() -> None:
    assert fields(Objects(HEADERS)) == ("id", "name", "mail")


def test_a_passthrough_writes_all_fields_too() -> None:
    assert fields(Objects(HEADERS), Tasks(passthrough=True)) == ("id", "name", "mail")


def test_one_file_has_the_fields_it_has() -> None:
    assert fields(Objects({("raw", "in/1"): "id\n1\n"})) is None


def test_tasks_that_name_their_fields_need_no_headers() -> None:
    assert fields(Objects(HEADERS), Tasks()) is None


def test_records_that_name_their_fields_need_no_headers() -> None:
    assert fields(Objects(HEADERS), input="json") is None


def test_a_parquet_file_among_csv_files_has_no_header() -> None:
    assert fields(Objects({("raw", "in/1"): "PAR1....", ("raw", "in/2"): "id\n1\n"})) == ("id",)


def test_every_split_gets_the_same_fields(rig: Rig) -> None:
    rig.objects.objects = {("raw", f"in/{number:04d}"): f"c{number % 2}\n" for number in range(300)}

    assert rig.run().state is State.DONE
    assert [split.fields for split in rig.engine.seen] == [("c0", "c1"), ("c0", "c1")]
