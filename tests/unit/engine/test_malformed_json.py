"""JSON Lines that are not as they should be, and numbers, keys and depths that few expect."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from headrace.engine.layout import Output
from headrace.engine.members import members_of
from headrace.engine.tasks import Map, MapAll, Tasks
from headrace.engine.values import Field
from tests.oracle.running import Bench

CSV = Output("out", file_type="CSV")
JSON = Output("out", file_type="JSON")
TYPED = Output("out", file_type="PARQUET", keeps_types=True)
MAPPED = Tasks(maps=(Map(0, "a", "a", None), Map(1, "b", "b", None)))
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
NOT_AN_OBJECT = "The line is not a JSON object."


@pytest.mark.parametrize("tasks", [MAPPED, EVERYTHING])
@pytest.mark.parametrize(
    "line",
    [b"[1]", b"[]", b'[{"a":1}]', b"5", b'"a"', b'{"a":', b'{"a":1}x', b'{"a":1} {"a":2}', b'{"a":"\\ud800"}', b"\x00"],
)
def test_a_line_that_is_no_object_is_rejected_as_it_stands(bench: Bench, tasks: Tasks, line: bytes) -> None:
    ran = bench.run(tasks, b'{"a":1}\n\n' + line + b'\n{"a":2,"b":null}\n', input="json")
    assert [record["a"] for record in ran.records()] == [1, 2]
    assert [(one["record"], one["error"], one["line"]) for one in ran.rejects] == [(line.decode(), NOT_AN_OBJECT, 3)]
    alone = bench.run(tasks, line, input="json")
    assert (alone.records(), alone.counts.records_rejected) == ([], 1)


def test_bytes_that_are_not_utf_8_reject_their_line(bench: Bench) -> None:
    ran = bench.run(MAPPED, b'{"a":1}\n{"a":"\xff"}\n{"a":2}\n', input="json")
    assert [record["a"] for record in ran.records()] == [1, 2]
    assert ran.reject_places == [(2, None)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("tail", [b"", b"{"])
def test_a_null_line_is_a_record_and_a_blank_one_is_none(bench: Bench, end: bytes, tail: bytes) -> None:
    lines = [b'\xef\xbb\xbf{"a":1,"b":2}', b"", b"null", b"  ", b' {"b": 3}\t', tail]
    for tasks in (MAPPED, EVERYTHING):
        ran = bench.run(tasks, end.join(lines), input="json")
        assert ran.records() == [{"a": 1, "b": 2}, {"a": None, "b": None}, {"a": None, "b": 3}]
        assert ran.reject_places == ([(6, None)] if tail else [])


@pytest.mark.parametrize("tail", [b"", b"{\n"])
def test_whole_numbers_keep_every_digit(bench: Bench, tail: bytes) -> None:
    number = 123456789012345678901234567890
    content = b'{"a":%d,"b":[%d]}\n' % (number, 9007199254740993) + tail
    for tasks in (MAPPED, EVERYTHING):
        assert bench.run(tasks, content, input="json").records() == [{"a": number, "b": [9007199254740993]}]
        assert bench.run(tasks, content, input="json", output=CSV).records() == [
            {"a": str(number), "b": "[9007199254740993]"}
        ]


def test_a_cast_sees_the_digits_that_were_written(bench: Bench) -> None:
    tasks = Tasks(maps=(Map(0, "a", "a", "decimal(38,2)"),))
    content = b'{"a":12345678901234567890123456789}\n{"a":1.25}\n'
    ran = bench.run(tasks, content, input="json", output=TYPED)
    assert ran.records() == [{"a": Decimal("12345678901234567890123456789.00")}, {"a": Decimal("1.25")}]


def test_an_integer_that_fits_no_column_is_rejected_with_its_digits(bench: Bench) -> None:
    ran = bench.run(EVERYTHING, b'{"a":18446744073709551615}\n{"a":1}\n', input="json", output=TYPED)
    assert ran.records() == [{"a": 1}]
    assert ran.rejects[0]["record"] == '{"a":18446744073709551615}'
    assert ran.rejects[0]["error"] == "Field 'a' does not fit its type, BIGINT."


@pytest.mark.parametrize("tail", [b"", b"{\n"])
def test_the_first_of_two_members_of_one_name_counts(bench: Bench, tail: bytes) -> None:
    ran = bench.run(MAPPED, b'{"a":1,"a":2,"b":3}\n' + tail, input="json")
    assert ran.records() == [{"a": 1, "b": 3}]


@pytest.mark.parametrize("depth", [100, 900, 5000, 100_000])
def test_deep_values_break_nothing(bench: Bench, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    content = f'{{"a":{deep},"b":1}}\n{{"a":2,"b":"x"}}\n'.encode()
    for tasks in (MAPPED, EVERYTHING):
        ran = bench.run(tasks, content, input="json", output=CSV)
        assert ran.records() == [{"a": deep, "b": "1"}, {"a": "2", "b": "x"}]
        (written,) = bench.run(tasks, content, input="json").contents
        assert written == content
    rejecting = bench.run_order(
        bench.order(Tasks(maps=(Map(0, "b", "b", "bigint"),)), [bench.file(content)], input="json", output=TYPED)
    )
    assert rejecting.reject_places == [(2, 0)]


def test_a_rejected_record_of_any_depth_is_kept_as_it_is(bench: Bench) -> None:
    deep = "[" * 5000 + "]" * 5000
    order = bench.order(
        Tasks(maps=(Map(4, "b", "b", "bigint"),)),
        [bench.file(f'{{"a":{deep},"b":1.50}}\n'.encode())],
        input="json",
        output=TYPED,
    )
    (staged,) = bench.split(order).rejects
    assert Path(staged.path).read_text(encoding="utf-8").startswith(f'{{"record": {{"a":{deep},"b":1.50}}, "error": ')


def test_names_that_differ_in_case_are_different_names(bench: Bench) -> None:
    content = b'{"a":1,"A":2,"":3}\n{"a":5}\n'
    mapped = Tasks(maps=(Map(0, "A", "A", None), Map(1, "", "none", None), Map(2, "a", "a", None)))
    assert bench.run(mapped, content, input="json").records()[0] == {"A": 2, "none": 3, "a": 1}
    assert bench.run(Tasks(maps=(Map(0, "A", "A", None),)), b'{"a":1}\n', input="json").records() == [{"A": None}]
    everything = [{"a": 1, "A": 2, "": 3}, {"a": 5, "A": None, "": None}]
    assert bench.run(EVERYTHING, content, input="json").records() == everything
    texts = [{"a": "1", "A": "2", "": "3"}, {"a": "5", "A": None, "": None}]
    assert bench.run(EVERYTHING, content, input="json", output=CSV).records() == texts
    # Columns of Parquet have to differ in more than case.
    renamed = [{"a": 1, "A_1": 2, "column3": 3}, {"a": 5, "A_1": None, "column3": None}]
    assert bench.run(EVERYTHING, content, input="json", output=TYPED).records() == renamed


def test_an_array_over_several_lines_is_not_json_lines(bench: Bench) -> None:
    ran = bench.run(EVERYTHING, b'[\n{"a":1},\n{"a":2}\n]\n', input="json")
    assert ran.records() == [{"a": 2}]
    assert ran.reject_places == [(1, None), (2, None), (4, None)]


def test_the_members_of_a_file_are_those_of_all_its_objects(bench: Bench) -> None:
    with bench.engine._database.cursor() as con:
        con.execute("CREATE TEMP TABLE lines (line JSON)")
        wide = '{"w":[' + ",".join(["[]"] * 200) + '],"n":7}'
        lines = ['{"z":1,"a":"x"}', "{}", '{"b":true,"a":2,"d":1}', '{"d":2.5,"o":{},"x":null}', wide, '{"w":1,"m":-1}']
        con.executemany("INSERT INTO lines VALUES (?)", [[line] for line in lines])
        types = {"z": "BIGINT", "a": "VARCHAR", "b": "BOOLEAN", "d": "DOUBLE", "o": "JSON", "x": "VARCHAR"}
        more = {"w": "JSON", "n": "BIGINT", "m": "BIGINT"}
        assert members_of(con, "lines") == tuple(Field(name, type_) for name, type_ in (types | more).items())


def test_a_long_line_moves_no_number(bench: Bench) -> None:
    """Between 8 and 16 MiB a line may be read or rejected."""
    tasks = Tasks(maps=(Map(0, "a", "a", "bigint"),))
    ran = bench.run(tasks, b'{"a":1,"b":"' + b"x" * (9 << 20) + b'"}\n{"a":"x"}\n{"a":3}\n', input="json", output=TYPED)
    assert ran.records() == [{"a": 1}, {"a": 3}]
    assert ran.reject_places == [(2, 0)]
    broken = bench.run(tasks, b'{"a":1}\n{"a":2,"b":"' + b"x" * (9 << 20) + b'"}\n{\n', input="json", output=TYPED)
    assert broken.records() == [{"a": 1}]
    assert broken.reject_places == [(2, None), (3, None)]
