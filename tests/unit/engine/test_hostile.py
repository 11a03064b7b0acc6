"""Hostile names and values change nothing but the data."""

from __future__ import annotations

import json

import pytest

from headrace.engine.layout import Output
from headrace.engine.tasks import Arithmetic, Filter, Map, MapAll, Mask, Merge, Tasks, Truncate, Validate
from tests.oracle.running import Bench
from tests.property.datasets import csv_of

NAMES = (
    *(
        "'",
        '"',
        ";",
        "--",
        "$a",
        "${a}",
        "\\",
        "\x00",
        "x\x00y",
        "n" * 10_000,
        "😀",
        "__error",
        "f0",
        "c0",
        "n",
        "malformed",
    ),
    *(
        "line",
        "raw",
        "is_object",
        "l",
        "json",
        "t",
        "v0",
        "o0",
        "p0",
        "A",
        "a",
        "\n",
        "\r\n",
        "\r",
        "\u2028",
        "{",
        "}",
        "a b",
    ),
    *("select", "%", "%s", "/", "~", "~1", ".", "$", "$.x", "[0]", "*", "x'); DROP TABLE t; --"),
)
VALUES = (
    *(
        "'",
        '"',
        '""',
        ";",
        "--",
        "$1",
        "${f0}",
        "{}",
        "{{}}",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\r",
        "a\rb",
        "\ufeff",
        "\u2028",
        "\x00",
    ),
    *(
        "x\x00y",
        "x" * 10_000,
        "😀",
        "NULL",
        "null",
        " ",
        "\t",
        ",",
        "=",
        "/",
        "%",
        "%41",
        "x'); DROP TABLE t; --",
        "\x7f",
        "\x01",
    ),
)
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
OUTPUTS = [Output("out", file_type="CSV"), Output("out", file_type="JSON"), Output("out", file_type="PARQUET")]
KINDS = [output.file_type for output in OUTPUTS]
ROW = tuple(f"value {place}" for place in range(len(NAMES)))


def as_found(names: tuple[str, ...], output: Output) -> list[str]:
    """Columns of Parquet differ in more than case."""
    return ["a_1" if output.file_type == "PARQUET" and name == "a" else name for name in names]


@pytest.mark.parametrize("output", OUTPUTS, ids=KINDS)
@pytest.mark.parametrize("input", ["csv", "json", "json with a broken line"])
def test_names_of_any_kind_are_only_names(bench: Bench, output: Output, input: str) -> None:
    row = dict(zip(NAMES, ROW, strict=True))
    content = json.dumps(row).encode() + (b"\n{" if "broken" in input else b"")
    content = csv_of([NAMES, ROW]) if input == "csv" else content
    for tasks in (EVERYTHING, Tasks(maps=tuple(Map(place, name, name, None) for place, name in enumerate(NAMES)))):
        ran = bench.run(tasks, content, input="csv" if input == "csv" else "json", output=output)
        assert ran.records() == [dict(zip(as_found(NAMES, output), ROW, strict=True))]


def test_the_columns_of_parquet_may_have_any_name(bench: Bench) -> None:
    names = tuple(name for name in NAMES if "\x00" not in name)
    source = bench.parquet([(name, "VARCHAR") for name in names], [ROW[: len(names)]])
    found = ["a_1" if name == "a" else name for name in names]
    assert bench.run(EVERYTHING, source, input="parquet").records() == [dict(zip(found, ROW, strict=False))]


@pytest.mark.parametrize("place", range(len(VALUES)))
def test_values_of_any_kind_are_only_values(bench: Bench, place: int) -> None:
    value, output = VALUES[place], OUTPUTS[place % len(OUTPUTS)]
    tasks = Tasks(
        filters=(Filter(0, "a", "EQUAL_TO", "string", (value,)), Filter(1, "a", "CONTAINS", "string", (value,))),
        merges=(Merge(2, "both", (value, "a", value, "a", "")),),
        masks=(Mask(3, "b", "MASK_ALL", 1, value),),
        maps=(Map(4, "a", "a", None), Map(5, "both", "both", None), Map(6, "b", "b", None)),
    )
    wanted = [{"a": value, "both": value * 4, "b": value}]
    assert bench.run(tasks, csv_of([("a", "b"), (value, "x"), ("other", "x")]), output=output).records() == wanted
    content = json.dumps({"a": value, "b": "x"}).encode() + b'\n{"a":"other"}\n'
    assert bench.run(tasks, content, input="json", output=output).records() == wanted


@pytest.mark.parametrize("name", [name for name in NAMES if name != "a"])
def test_a_task_on_a_field_of_any_name_works_on_that_field(bench: Bench, name: str) -> None:
    tasks = Tasks(
        filters=(Filter(0, name, "NOT_EQUAL_TO", "string", ("drop",)),),
        validates=(Validate(1, name, "VALIDATE_NON_NULL", "DropRecord"),),
        truncates=(Truncate(2, name, 3),),
        merges=(Merge(3, f"{name} made", ("<", name, ">")),),
        maps=(Map(4, f"{name} made", name, None),),
    )
    ran = bench.run(tasks, csv_of([("a", name), ("1", "kept"), ("2", "drop"), ("3", None)]))
    assert ran.records() == [{name: "<kep>"}]
    assert ran.counts.dropped == {0: 1, 1: 1}


def test_an_intermediate_may_be_called_like_a_field_that_it_is_made_of(bench: Bench) -> None:
    tasks = Tasks(
        merges=(Merge(0, "a", ("<", "a", ">")), Merge(1, "b", ("", "a", "!"))),
        arithmetics=(Arithmetic(2, "n", "ADDITION", ("n", "n")),),
        maps=(Map(3, "a", "a", None), Map(4, "b", "b", None), Map(5, "n", "n", None)),
    )
    assert bench.run(tasks, b"a,b,n\nx,y,2\n").records() == [{"a": "<x>", "b": "<x>!", "n": 4}]


@pytest.mark.parametrize(
    "name", ["a*.csv", "a?[b].csv", "{a,b}.csv", 'it\'s "x".csv', "a b=c.csv", "é 😀.csv", "a%20b.csv", "~x", "#;--"]
)
def test_a_file_of_any_name_is_read_and_named_in_its_rejects(bench: Bench, name: str) -> None:
    tasks = Tasks(maps=(Map(0, "a", "a", "bigint"),))
    output = Output("out", file_type="PARQUET", keeps_types=True)
    for content, format_ in ((b"a,b\n1,\nx,\n", "csv"), (b'{"a":1}\n{"a":"x"}\n', "json")):
        ran = bench.run(tasks, bench.file(content, name), input=format_, output=output)  # pyright: ignore[reportArgumentType]
        assert ran.records() == [{"a": 1}]
        assert [reject["file"] for reject in ran.rejects] == [f"s3://raw/{name}"]
