"""The statement that is shown for a split: run by itself, it makes what the split makes."""

from __future__ import annotations

from typing import get_args

import duckdb
import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import InputFormat
from headrace.engine.layout import Output
from headrace.engine.readable import Explained
from headrace.engine.tasks import Arithmetic, Filter, Map, MapAll, Mask, Merge, Tasks, Truncate, Validate
from headrace.engine.values import Field
from tests.oracle.running import Bench, Record

TYPED = Output("out", file_type="PARQUET", keeps_types=True)
TASKS = Tasks(
    filters=(Filter(0, "kind", "NOT_EQUAL_TO", "string", ("it's, gone",)),),
    validates=(Validate(1, "id", "VALIDATE_NON_NULL", "DropRecord"),),
    masks=(Mask(2, "mail", "MASK_FIRST_N", 2, "*"),),
    truncates=(Truncate(3, "kind", 3),),
    merges=(Merge(4, "both", ("", "kind", "-", "mail", "")),),
    arithmetics=(Arithmetic(5, "sum", "ADDITION", ("id", "paid")),),
    maps=(
        Map(6, "id", "id", "bigint"),
        Map(7, "mail", "mail", None),
        Map(8, "both", "both", None),
        Map(9, "sum", "sum", "double"),
        Map(10, "paid", 'said "paid"', "decimal(10,2)"),
    ),
)
CSV = b"""id,kind,mail,paid
1,order,a@b.c,2.5
2,"it's, gone",d@e.f,3
,order,g@h.i,4
x,order,j@k.l,5
5,"f1, v2",f0@v1,oops
6,order,m@n.o,7.25
"""
JSON = b"""{"id": 1, "kind": "order", "mail": "a@b.c", "paid": 2.5}
{"id": 2, "kind": "it's, gone", "mail": "d@e.f", "paid": 3}
{"kind": "order", "mail": "g@h.i", "paid": 4}
{"id": "x", "kind": "order", "mail": "j@k.l", "paid": 5}
{"id": 5, "kind": "f1, v2", "mail": "f0@v1", "paid": "oops"}
{"id": 6, "kind": "order", "mail": "m@n.o", "paid": 7.25}
"""
COLUMNS = [("id", "BIGINT"), ("kind", "VARCHAR"), ("mail", "VARCHAR"), ("paid", "DOUBLE")]


def explained(
    bench: Bench, tasks: Tasks, file: LocalFile, input: InputFormat = "csv", output: Output = TYPED
) -> Explained:
    return bench.engine.explain(
        bench.order(tasks, [file], input=input, output=output), "nowhere", lambda at: f"task {at}"
    )


def done(statement: str, file: LocalFile) -> list[Record]:
    """The rows of the statement, done by a database that has nothing of headrace's."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(statement.replace(file.name, str(file.path)))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def verdicts(statement: str, file: LocalFile, *steps: tuple[str, str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    steps_before = statement.rpartition("\n)\nSELECT")[0]
    for step, column in steps:
        query = (
            f"{steps_before}\n) SELECT {column} AS verdict, count(*) AS n FROM {step} WHERE {column} <> '' GROUP BY ALL"
        )
        counted |= {row["verdict"]: row["n"] for row in done(query, file)}
    return counted


@pytest.mark.parametrize("input, content", [("csv", CSV), ("json", JSON)])
def test_the_statement_shown_makes_what_a_run_writes(bench: Bench, input: InputFormat, content: bytes) -> None:
    file = bench.file(content)
    shown = explained(bench, TASKS, file, input)
    ran = bench.run(TASKS, file, input=input, output=TYPED)

    assert done(shown.select, file) == ran.records()
    assert len(ran.records()) == 2
    assert [each.name for each in shown.columns] == list(ran.records()[0])
    assert [each.type for each in shown.columns] == ["BIGINT", "VARCHAR", "VARCHAR", "DOUBLE", "DECIMAL(10,2)"]


def test_each_record_that_is_not_written_has_the_verdict_of_its_task(bench: Bench) -> None:
    file = bench.file(CSV)
    found = verdicts(
        explained(bench, TASKS, file).select, file, ("judged", "verdict"), ("cast_to_types", "late_verdict")
    )
    counts = bench.run(TASKS, file, output=TYPED).counts
    assert found == {
        **{f"dropped: task {index}": count for index, count in counts.dropped.items()},
        **{f"rejected: task {index}": count for index, count in counts.rejected.items()},
    }
    assert found == {"dropped: task 0": 1, "dropped: task 1": 1, "rejected: task 6": 1, "rejected: task 10": 1}


def test_parquet_keeps_its_types(bench: Bench) -> None:
    file = bench.parquet(COLUMNS, [(1, "order", "a@b.c", 2.5), (None, "order", "x", 1.0)])
    shown = explained(bench, Tasks(map_all=MapAll(0, frozenset())), file)
    assert shown.fields == tuple(Field(*column) for column in COLUMNS)
    assert shown.columns == shown.fields
    assert done(shown.select, file) == bench.run(Tasks(map_all=MapAll(0, frozenset())), file, output=TYPED).records()


def test_fields_and_files_stand_there_by_their_own_names(bench: Bench) -> None:
    file = bench.file(CSV)
    select = explained(bench, TASKS, file).select
    assert f"FROM read_csv('{file.name}'" in select
    assert str(file.path) not in select
    assert "WHEN NOT (\"id\" IS NOT NULL) THEN 'dropped: task 1'" in select
    # What is quoted is no name of a column, however it looks.
    filtered = Tasks(
        filters=(Filter(0, "kind", "EQUAL_TO", "string", ("f1, v2",)),), maps=(Map(1, "kind", "f0", None),)
    )
    select = explained(bench, filtered, file).select
    assert "'f1, v2'" in select
    assert done(select, file) == [{"f0": "f1, v2"}]


@pytest.mark.parametrize("header", ["v0,b", "a,A", "malformed,b", "verdict,b", "Source,b", "present,b", "file,b"])
def test_fields_whose_names_would_be_taken_for_others_go_by_their_places(bench: Bench, header: str) -> None:
    content = f"{header}\n1,2\n3,x\n".encode()
    first, second = header.split(",")
    tasks = Tasks(maps=(Map(0, first, "one", "bigint"), Map(1, second, "two", "bigint")))
    file = bench.file(content)
    shown = explained(bench, tasks, file)
    assert " AS f0" in shown.select
    assert done(shown.select, file) == bench.run(tasks, file, output=TYPED).records() == [{"one": 1, "two": 2}]


@pytest.mark.parametrize(
    "name", ['a"b', "a'b", 'it\'s, "f0" (', "ñ, v0", "SELECT", "--", "/*", "a\\b", "$1", "FROM read_"]
)
def test_no_name_or_value_gets_out_of_its_quotes(bench: Bench, name: str) -> None:
    content = b'"%b",other\n"%b",1\nz,2\n' % ((name.replace('"', '""').encode(),) * 2)
    tasks = Tasks(
        filters=(Filter(0, name, "EQUAL_TO", "string", (name,)),),
        maps=(Map(1, name, name, None), Map(2, "other", "f0", "bigint")),
    )
    file = bench.file(content)
    assert done(explained(bench, tasks, file).select, file) == [{name: name, "f0": 1}]


def test_lines_are_of_a_length_that_people_read(bench: Bench) -> None:
    names = [f"field_{place:03}" for place in range(300)]
    file = bench.file(f"{','.join(names)}\n".encode())
    select = explained(bench, Tasks(map_all=MapAll(0, frozenset())), file).select
    assert max(map(len, select.splitlines())) < 130
    assert done(select, file) == []


@pytest.mark.parametrize("input", get_args(InputFormat))
def test_without_a_file_to_look_into_the_names_that_are_known_count(bench: Bench, input: InputFormat) -> None:
    order = bench.order(Tasks(map_all=MapAll(0, frozenset())), (), input=input, output=TYPED, fields=("id", "name"))
    found = bench.engine.explain(order, "S3 raw/in", str)
    assert [each.name for each in found.columns] == ["id", "name"]
    assert "'S3 raw/in'" in found.select
