"""What a typed column takes from text, value by value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from headrace.engine.layout import Output
from headrace.engine.tasks import Arithmetic, ArithmeticOperator, Filter, Map, Tasks
from tests.oracle.running import Bench
from tests.property.datasets import csv_of

TYPED = Output("out", file_type="PARQUET", keeps_types=True)
REJECTED = object()
CASES: dict[str, dict[str, object]] = {
    "bigint": {
        "5": 5,
        " 5 ": 5,
        "+7": 7,
        "-0": 0,
        "1.0": 1,
        "1.": 1,
        "1e3": 1000,
        "007": 7,
        "1.5e1": 15,
        "9223372036854775807": 2**63 - 1,
        "-9223372036854775808.0": -(2**63),
        **dict.fromkeys(
            ["1.5", "15e-1", "1e-3", "1_000", "0x10", "0b11", "9223372036854775808", "nan", "x", "1,0"], REJECTED
        ),
    },
    "double": {
        " 1.5 ": 1.5,
        ".5": 0.5,
        "5.": 5.0,
        "1e5": 1e5,
        "-0.25": -0.25,
        **dict.fromkeys(["1_000", "inf", "nan", "-Infinity", "1e400", "0x10", "1,5", "x"], REJECTED),
    },
    "decimal(6,2)": {
        "1234.567": Decimal("1234.57"),
        "1e2": Decimal(100),
        "1.005": Decimal("1.01"),
        "-1.5": Decimal("-1.50"),
        **dict.fromkeys(["12345", "9999.995", "1_000", "0x10", "x"], REJECTED),
    },
    "boolean": {
        **dict.fromkeys(["true", "TRUE", "t", "1", "yes", "y"], True),
        **dict.fromkeys(["false", "False", "f", "0", "no", "n"], False),
        **dict.fromkeys(["on", "2", "1.0", " true", "x"], REJECTED),
    },
    "date": {
        **dict.fromkeys(["2024-01-02", "2024-01-02T10:00:00Z", "2024-1-2", "2024/01/02"], date(2024, 1, 2)),
        **dict.fromkeys(["2024-02-30", "20240102", "epoch", "infinity", "-infinity", "today", "x"], REJECTED),
    },
    "datetime": {
        "2024-01-02": datetime(2024, 1, 2, tzinfo=UTC),
        "2024-01-02T10:00:00": datetime(2024, 1, 2, 10, tzinfo=UTC),
        "2024-01-02 10:00:00+05:00": datetime(2024, 1, 2, 5, tzinfo=UTC),
        "2024-01-02T10:00:00.123456789-0330": datetime(2024, 1, 2, 13, 30, 0, 123456, tzinfo=UTC),
        "1704189600123": datetime(2024, 1, 2, 10, 0, 0, 123000, tzinfo=UTC),
        "0": datetime(1970, 1, 1, tzinfo=UTC),
        "1704189600.123456": datetime(2024, 1, 2, 10, 0, 0, 123456, tzinfo=UTC),
        **dict.fromkeys(
            ["2024-02-30", "epoch", "inf", "now", "1.5", "0x10", "1_0", "99999999999999999", "24:00"], REJECTED
        ),
        **dict.fromkeys(["1704189600.123", "-1704189600.123456", "170418960.123456", "1704189600.1234567"], REJECTED),
    },
}


@pytest.mark.parametrize("type_", CASES)
def test_a_text_becomes_a_value_of_the_type_or_rejects_its_record(bench: Bench, type_: str) -> None:
    cases = CASES[type_]
    ran = bench.run(
        Tasks(maps=(Map(7, "a", "a", type_), Map(8, "a", "text", None))),
        csv_of([("a", "b"), *((one, "") for one in cases)]),
        output=TYPED,
    )
    found: dict[str, object] = {record["text"]: record["a"] for record in ran.records()}
    found |= dict.fromkeys((reject["record"]["a"] for reject in ran.rejects), REJECTED)
    assert found == cases
    assert {reject["task"] for reject in ran.rejects} <= {7}


def test_a_null_and_a_field_that_is_not_there_are_null_in_every_type(bench: Bench) -> None:
    maps = [
        Map(place, source, f"{source} {type_}", type_) for source in ("a", "none") for place, type_ in enumerate(CASES)
    ]
    ran = bench.run(Tasks(maps=tuple(maps)), b"a,b\n,1\n", output=TYPED)
    assert ran.records() == [dict.fromkeys((task.destination for task in maps), None)]


def test_types_matter_only_where_the_output_keeps_them(bench: Bench) -> None:
    tasks = Tasks(maps=(Map(0, "a", "a", "bigint"),))
    for file_type in ("CSV", "JSON", "PARQUET"):
        ran = bench.run(tasks, b"a,b\nx,\n", output=Output("out", file_type=file_type))  # pyright: ignore[reportArgumentType]
        assert ran.records() == [{"a": "x"}]


@pytest.mark.parametrize(
    "operator, left, right, result",
    [
        ("ADDITION", "0.1", "0.2", "0.3"),
        ("ADDITION", "999999999999999.999999", "999999999999999.999999", "1999999999999999.999998"),
        ("ADDITION", "+7", "-7", "0"),
        ("SUBTRACTION", "123456789012345", "0.000001", "123456789012344.999999"),
        ("MULTIPLICATION", "0.0001", "0.0001", "0.00000001"),
        ("MULTIPLICATION", "-5", "0", "0"),
        ("MULTIPLICATION", "1e9", "1e9", "1000000000000000000"),
        ("DIVISION", "1", "3", "0.333333333333333"),
        ("DIVISION", "1", "1000000", "0.000001"),
        ("DIVISION", "0", "-5", "0"),
        ("DIVISION", "123456789012345", "0.000001", "123456789012345000000"),
        ("DIVISION", "-5", "0", None),
        *(("ADDITION", junk, "1", None) for junk in ("1_0", "0x10", "inf", "nan", "1e400", "x", "1,5")),
    ],
)
def test_arithmetic_is_exact_and_prints_plain_numbers(
    bench: Bench, operator: ArithmeticOperator, left: str, right: str, result: str | None
) -> None:
    tasks = Tasks(arithmetics=(Arithmetic(0, "c", operator, ("a", "b")),), maps=(Map(1, "c", "c", None),))
    ran = bench.run(tasks, csv_of([("a", "b"), (left, right)]))
    assert ran.contents == (f'{{"c":{"null" if result is None else result}}}\n'.encode(),)


def test_instants_compare_to_the_millisecond_however_far_off(bench: Bench) -> None:
    ms = 253402300481536
    tasks = Tasks(filters=(Filter(0, "a", "EQUAL_TO", "instant", (str(ms),)),), maps=(Map(1, "a", "a", None),))
    assert bench.run(tasks, f"a,b\n{ms},\n{ms + 1},\n".encode()).records() == [{"a": str(ms)}]


@pytest.mark.parametrize("bound", ["2024-01-02T10:00:00.123455Z", "1704189600123", "1704189600.123455"])
def test_slacks_timestamps_are_instants(bench: Bench, bound: str) -> None:
    tasks = Tasks(filters=(Filter(0, "a", "GREATER_THAN", "instant", (bound,)),), maps=(Map(1, "a", "a", None),))
    found = bench.run(tasks, b"a,b\n1704189600.123456,\n1704189600.122999,\n").records()
    assert found == [{"a": "1704189600.123456"}]
