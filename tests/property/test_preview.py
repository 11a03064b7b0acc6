"""A preview says of each record what a run makes of it, whatever the files hold and the tasks are."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.tasks import Tasks
from headrace.runner.heads import Heads
from tests.oracle.running import Bench
from tests.property.datasets import DataSet, csv_of, json_of, json_sets, task_lists, text_sets
from tests.property.test_engine import CAST, CSV, JSON, TYPED, read
from tests.property.test_first import TASKS, Objects, bodies_of, expected, sources

OUTPUTS = st.sampled_from((CSV, JSON, CAST))
QUIET = [HealthCheck.function_scoped_fixture]


def record(line: str | None) -> dict[str, object]:
    assert line is not None
    return json.loads(line, parse_float=Decimal)


@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
@given(files=sources, limit=st.integers(1, 14), kind=st.sampled_from(["csv", "json"]), packed=st.booleans())
def test_a_preview_ends_where_a_run_with_the_limit_does(
    bench: Bench, files: list[list[object]], limit: int, kind: InputFormat, packed: bool
) -> None:
    folder = bench.folder()
    source = Objects(bodies_of(files, kind, packed=packed), folder)
    begun = Heads(source, {}, kind, folder / "heads", (20, 60)).of(source.listed())

    seen = bench.engine.preview(replace(bench.order(TASKS, begun, input=kind), limit=limit))

    kept, dropped, malformed = expected(files, limit)
    assert [record(each.after)["id"] for each in seen.records if each.fate == "written"] == kept
    assert (seen.written, seen.read) == (len(kept), len(kept) + dropped + malformed)
    assert (sum(seen.dropped.values()), sum(seen.rejected.values())) == (dropped, malformed)


@settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
@given(data=text_sets(empty_is_null=True), drawn=st.data(), output=st.sampled_from((CSV, JSON, TYPED, CAST)))
def test_a_preview_of_csv_shows_what_a_run_writes(
    bench: Bench, data: DataSet, drawn: DataObject, output: Output
) -> None:
    tasks = drawn.draw(task_lists(data))
    content = csv_of([data.names, *data.rows])
    compare(bench, bench.file(content), tasks, output, "csv")


@settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
@given(data=json_sets(), drawn=st.data(), output=OUTPUTS, keeps_null=st.booleans())
def test_a_preview_of_json_shows_what_a_run_writes(
    bench: Bench, data: DataSet, drawn: DataObject, output: Output, keeps_null: bool
) -> None:
    tasks = drawn.draw(task_lists(data))
    compare(bench, bench.file(json_of(data.records, keeps_null=keeps_null)), tasks, output, "json")


def compare(bench: Bench, file: LocalFile, tasks: Tasks, output: Output, kind: InputFormat) -> None:
    limit = 1000
    order = bench.order(tasks, [file], input=kind, output=output)
    ran = bench.run_order(replace(order, limit=limit))

    seen = bench.engine.preview(replace(order, files=[file], limit=limit))

    assert (seen.read, seen.written) == (ran.counts.records_read, ran.counts.records_written)
    assert (seen.dropped, seen.rejected) == (ran.counts.dropped, ran.counts.rejected)
    shown = [record(each.after) for each in seen.records if each.fate == "written"]
    assert read(shown, JSON) == read(ran.records(), output) or output is TYPED
    rejected = [(each.number, each.reason) for each in seen.records if each.fate == "rejected"]
    assert [(each["recordNumber"], each["error"]) for each in ran.rejects] == rejected
