"""The engine against an oracle that works record by record in plain Python."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from headrace.engine.layout import Output
from headrace.engine.results import DatasetDropped
from headrace.engine.tasks import Map, Tasks
from tests.oracle.running import Bench, Ran
from tests.oracle.tasks import Verdict, found, shown, verdict
from tests.property.datasets import (
    CASTS,
    DataSet,
    csv_of,
    json_of,
    json_sets,
    numbered,
    task_lists,
    text_sets,
    typed_sets,
    validates,
)

CSV = Output("out", file_type="CSV")
JSON = Output("out", file_type="JSON")
PARQUET = Output("out", file_type="PARQUET")
TYPED = Output("out", file_type="PARQUET", keeps_types=True)
# What a destination of records gets.
CAST = Output("", casts=True)
OUTPUTS = st.sampled_from((CSV, JSON, PARQUET, TYPED, CAST))
MANY = settings(max_examples=100)
FEWER = settings(max_examples=40)


def expected(tasks: Tasks, data: DataSet, output: Output) -> list[Verdict]:
    return [verdict(tasks, data.names, record, output) for record in data.records]


def rows(verdicts: Sequence[Verdict], output: Output) -> list[dict[str, object]]:
    """What a reader of the output finds; CSV and Parquet can't hold a record without a column."""
    written = [{name: shown(value, output) for name, value in one.values} for one in verdicts if one.fate == "written"]
    return written if output.file_type == "JSON" else [row or {"column1": None} for row in written]


def read(records: Sequence[dict[str, object]], output: Output) -> list[dict[str, object]]:
    return [{name: found(value, output) for name, value in record.items()} for record in records]


def beyond(some: Sequence[object], others: Sequence[object]) -> list[object]:
    """What `some` has more of than `others`: equal values may be spelt differently, as zones of instants are."""
    left = list(some)
    for one in others:
        if one in left:
            left.remove(one)
    return left


def check(ran: Ran, verdicts: Sequence[Verdict], output: Output) -> None:
    """What was written, dropped and rejected is what the oracle says, in order."""
    assert read(ran.records(), output) == rows(verdicts, output)
    assert ran.counts.dropped == Counter(one.task for one in verdicts if one.fate == "dropped")
    assert ran.counts.records_read == len(verdicts)
    rejected = [(place, one.task) for place, one in enumerate(verdicts, start=1) if one.fate == "rejected"]
    assert [(reject["recordNumber"], reject.get("task")) for reject in ran.rejects] == rejected


@MANY
@given(data=text_sets(empty_is_null=True), drawn=st.data(), output=OUTPUTS, line_end=st.sampled_from(("\n", "\r\n")))
def test_csv_comes_out_as_the_tasks_say(
    bench: Bench, data: DataSet, drawn: DataObject, output: Output, line_end: str
) -> None:
    tasks = drawn.draw(task_lists(data))
    content = csv_of([data.names, *data.rows], line_end=line_end, is_ended=drawn.draw(st.booleans()))
    check(bench.run(tasks, content, output=output), expected(tasks, data, output), output)


@MANY
@given(data=text_sets(empty_is_null=True), drawn=st.data())
def test_a_cast_gives_the_value_or_rejects_the_record(bench: Bench, data: DataSet, drawn: DataObject) -> None:
    casts = st.sampled_from([type_ for type_ in CASTS if type_])
    tasks = Tasks(maps=tuple(Map(place, name, name, drawn.draw(casts)) for place, name in enumerate(data.names)))
    tasks = replace(tasks, maps=tuple(drawn.draw(st.lists(st.sampled_from(tasks.maps), min_size=1, unique=True))))
    check(bench.run(tasks, csv_of([data.names, *data.rows]), output=TYPED), expected(tasks, data, TYPED), TYPED)


@MANY
@given(data=json_sets(), drawn=st.data(), output=st.sampled_from((CSV, JSON, PARQUET, CAST)), keeps_null=st.booleans())
def test_json_lines_come_out_as_the_tasks_say(
    bench: Bench, data: DataSet, drawn: DataObject, output: Output, keeps_null: bool
) -> None:
    tasks = drawn.draw(task_lists(data))
    content = json_of(data.records, keeps_null=keeps_null)
    # Without a schema the fields of a file are those that some record has.
    order = None if tasks.map_all is None else data.names
    ran = bench.run(tasks, content, input="json", output=output, fields=order)
    check(ran, expected(tasks, data, output), output)


@MANY
@given(data=typed_sets(), drawn=st.data(), output=OUTPUTS)
def test_parquet_comes_out_as_the_tasks_say(bench: Bench, data: DataSet, drawn: DataObject, output: Output) -> None:
    tasks = drawn.draw(task_lists(data, casts=(None, "bigint")))
    source = bench.parquet([(column.name, column.type) for column in data.columns], data.rows)
    check(bench.run(tasks, source, input="parquet", output=output), expected(tasks, data, output), output)


@FEWER
@given(data=text_sets(empty_is_null=True), drawn=st.data(), output=OUTPUTS)
def test_partitions_hold_the_records_of_their_values(
    bench: Bench, data: DataSet, drawn: DataObject, output: Output
) -> None:
    tasks = drawn.draw(task_lists(data))
    destinations = [task.destination for task in tasks.maps] or ["text"]
    keys = drawn.draw(st.lists(st.sampled_from([*destinations, "missing"]), min_size=1, max_size=2, unique=True))
    tasks = replace(tasks, partition=tuple(keys))
    verdicts = expected(tasks, data, output)
    ran = bench.run(tasks, csv_of([data.names, *data.rows]), output=output)
    by_folder: dict[str, list[object]] = {}
    for place, key in enumerate(ran.keys):
        folder = key.removeprefix("orders/run-1/").rpartition("/")[0] + "/"
        by_folder.setdefault(folder, []).extend(read(ran.records(place), output))
    wanted: dict[str, list[object]] = {}
    for one in verdicts:
        if one.fate == "written":
            wanted.setdefault(one.folder, []).extend(rows([one], output))
    assert by_folder.keys() == wanted.keys()
    for folder, records in by_folder.items():
        # Null and the text "null" share a folder, in two files: any order will do.
        assert (beyond(records, wanted[folder]), beyond(wanted[folder], records)) == ([], [])
    assert ran.counts.records_rejected == sum(one.fate == "rejected" for one in verdicts)


@FEWER
@given(data=text_sets(empty_is_null=True), drawn=st.data())
def test_drop_dataset_stops_exactly_where_a_record_that_is_left_violates_it(
    bench: Bench, data: DataSet, drawn: DataObject
) -> None:
    tasks = drawn.draw(task_lists(data))
    one = drawn.draw(validates(data.names))
    tasks = numbered(replace(tasks, validates=(*tasks.validates, replace(one, action="DropDataset"))))
    stopped = [verdict for verdict in expected(tasks, data, JSON) if verdict.fate == "stopped"]
    content = csv_of([data.names, *data.rows])
    if stopped:
        with pytest.raises(DatasetDropped, match=re.escape(f"{one.operator} does not hold for field {one.field!r}")):
            bench.run(tasks, content)
    else:
        check(bench.run(tasks, content), expected(tasks, data, JSON), JSON)


@FEWER
@given(sets=st.lists(text_sets(empty_is_null=True), min_size=2, max_size=3), drawn=st.data(), output=OUTPUTS)
def test_files_with_different_headers_share_columns_when_written_together(
    bench: Bench, sets: list[DataSet], drawn: DataObject, output: Output
) -> None:
    union = tuple(dict.fromkeys(name for data in sets for name in data.names))
    tasks = drawn.draw(task_lists(max(sets, key=lambda data: len(data.columns))))
    together = replace(output, is_single_file=True)
    verdicts = [verdict(tasks, union, record, output) for data in sets for record in data.records]
    ran = bench.run(tasks, *(csv_of([data.names, *data.rows]) for data in sets), output=together, fields=union)
    assert len(ran.keys) == (1 if any(one.fate == "written" for one in verdicts) else 0)
    assert read(ran.records(), output) == rows(verdicts, output)
    assert ran.counts.records_rejected == sum(one.fate == "rejected" for one in verdicts)
