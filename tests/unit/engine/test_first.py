"""Splits with a limit, of files that tests/property/test_first.py has none of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.tasks import Filter, Map, MapAll, Tasks
from tests.oracle.running import Bench, Ran

LARGE = Filter(0, "n", "GREATER_THAN", "number", ("3",))
TASKS = Tasks(filters=(LARGE,), map_all=MapAll(1, frozenset()))


def limited(
    bench: Bench,
    tasks: Tasks,
    *files: LocalFile,
    limit: int,
    input: InputFormat = "csv",
    output: Output | None = None,
) -> Ran:
    return bench.run_order(replace(bench.order(tasks, files, input=input, output=output), limit=limit))


def test_of_a_parquet_file_the_first_records_are_taken_in_the_order_of_the_file(bench: Bench) -> None:
    file = bench.parquet([("n", "BIGINT")], ([number] for number in range(100, 0, -1)))
    ran = limited(bench, TASKS, file, limit=70, input="parquet", output=Output("out", file_type="PARQUET"))
    assert [record["n"] for record in ran.records()] == [str(number) for number in range(100, 30, -1)]
    assert ran.counts.records_read == 70


@pytest.mark.parametrize("limit, expected", [(1, ["4"]), (2, ["4", "5"]), (9, ["4", "5", "6"])])
def test_lines_that_end_in_several_ways_are_counted_as_they_are_read(
    bench: Bench, limit: int, expected: list[str]
) -> None:
    file = bench.file(b"n,t\r\n1,a\n4,b\r\n1,2,3,4\n5,c\r\n6,d\n")
    ran = limited(bench, TASKS, file, limit=limit)
    assert [record["n"] for record in ran.records()] == expected


def test_what_can_not_be_converted_counts_as_taken(bench: Bench) -> None:
    tasks = Tasks(maps=(Map(0, "n", "n", "bigint"),))
    output = Output("out", file_type="PARQUET", keeps_types=True)
    ran = limited(bench, tasks, bench.file(b"n\n1\nno\n3\n4\n"), limit=3, output=output)
    assert ran.records() == [{"n": 1}, {"n": 3}]
    assert (ran.counts.records_read, ran.counts.records_rejected, ran.reject_places) == (3, 1, [(3, 0)])


def test_partitions_are_made_of_what_is_taken(bench: Bench) -> None:
    tasks = replace(TASKS, partition=("t",), partition_index=2)
    ran = limited(bench, tasks, bench.file(b"n,t\n4,a\n5,b\n6,a\n"), bench.file(b"n,t\n7,b\n8,c\n"), limit=4)
    assert sorted(record["n"] for record in ran.records()) == ["4", "5", "6", "7"]
    assert len(ran.keys) == 2


def test_no_records_make_no_file(bench: Bench) -> None:
    assert limited(bench, TASKS, limit=1).keys == ()
    single = bench.order(TASKS, [], output=Output("out", is_single_file=True))
    assert bench.run_order(single).keys == ()
