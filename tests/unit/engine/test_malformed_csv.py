"""CSV that is not as it should be: each bad record is kept with its line, the others go on."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.formats import UnreadableSource
from headrace.engine.layout import Output
from headrace.engine.results import DatasetDropped
from headrace.engine.tasks import Map, MapAll, Tasks, Validate
from tests.oracle.running import Bench

TYPED = Output("out", file_type="PARQUET", keeps_types=True)
TASKS = Tasks(maps=(Map(0, "a", "a", "bigint"), Map(1, "b", "b", None)))
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))


def rows(*found: tuple[object, object]) -> list[dict[str, object]]:
    return [{"a": a, "b": b} for a, b in found]


def test_a_short_and_a_long_line_are_rejected_by_themselves(bench: Bench) -> None:
    ran = bench.run(TASKS, b"a,b\n1\n1,2,3\n\n\nbad,x\n5,6\nbad2,y", output=TYPED)
    assert ran.records() == rows((5, "6"))
    assert ran.reject_places == [(2, None), (3, None), (6, 0), (8, 0)]
    assert [reject["record"] for reject in ran.rejects] == [
        "1",
        "1,2,3",
        {"a": "bad", "b": "x"},
        {"a": "bad2", "b": "y"},
    ]
    assert {reject["file"] for reject in ran.rejects} == {"s3://raw/in"}
    assert [reject["error"] for reject in ran.rejects[::2]] == [
        "Expected Number of Columns: 2 Found: 1",
        "Field 'a' can't be read as bigint: \"bad\"",
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_malformed_line_is_kept_as_it_stands_behind_lines_of_any_kind(bench: Bench, end: bytes) -> None:
    ran = bench.run(TASKS, end.join([b"a,b", b"1,x", b"1,2,3", b"2,y", b"", b"", b"short", b""]), output=TYPED)
    assert [reject["record"] for reject in ran.rejects] == ["1,2,3", "short"]
    assert ran.reject_places == [(3, None), (7, None)]


BLANK_AND_MALFORMED = {
    "before it": b"a,b\n1,x\n1,x\n\nx\n\nno,y",
    "behind the header": b"a,b\n\n\nx\n1,x\n\nno,y\n",
    "before the header": b"\n\na,b\n1,x\nx\nno,y\n",
    "several times": b"a,b\n\nx\n\n\n1,x\n\nno,z\nx,y,z\n\nno,w\n\n\nq\nno,v",
    "behind a byte order mark": b"\xef\xbb\xbf\n\na,b\n1,x\nx\n\nno,y\n",
    "within quotes as well": b'a,b\n1,"x\n\n\ny"\n\nx\n1,"\n\n"\n\nx\nno,z\n',
    "one field": b"\n\na\n1\n\nx,y\n\n\nno\nz,y\nno\n",
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("content", BLANK_AND_MALFORMED.values(), ids=BLANK_AND_MALFORMED)
def test_blank_lines_are_no_records_beside_malformed_ones(
    bench: Bench, content: bytes, end: bytes, pack: Callable[[bytes], bytes]
) -> None:
    is_one_field = content.lstrip().startswith(b"a\n")
    tasks = Tasks(maps=TASKS.maps[:1]) if is_one_field else TASKS
    ran = bench.run(tasks, pack(content.replace(b"\n", end)), output=TYPED)
    assert sorted(map(place_of, ran.rejects)) == sorted(
        bad_places(content.decode("utf-8-sig"), 1 if is_one_field else 2)
    )


LINES = st.sampled_from(["1,x", "no,y", "x", "1,2,3", "", '2,"v\n\nw"'])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
BLANK = st.lists(ENDS, max_size=2).map("".join)


@settings(max_examples=100)
@given(st.lists(st.tuples(BLANK, ENDS, st.lists(st.tuples(LINES, ENDS), max_size=15)), min_size=1, max_size=3))
def test_records_are_numbered_as_python_counts_them(
    bench: Bench, tables: list[tuple[str, str, list[tuple[str, str]]]]
) -> None:
    contents = {
        f"f{place}": f"{blank}a,b{end}{''.join(map(''.join, lines))}no,last"
        for place, (blank, end, lines) in enumerate(tables)
    }
    ran = bench.run(TASKS, *(bench.file(text.encode(), name) for name, text in contents.items()), output=TYPED)
    bad = ((f"s3://raw/{name}", *place) for name, text in contents.items() for place in bad_places(text, 2))
    assert sorted((reject["file"], *place_of(reject)) for reject in ran.rejects) == sorted(bad)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
def test_a_blank_line_before_the_header_may_end_otherwise_than_the_others(
    bench: Bench, blank: bytes, end: bytes, pack: Callable[[bytes], bytes]
) -> None:
    # LF behind CR is one line end.
    before = 1 if blank + end == b"\r\n" else 2
    content = blank + (b"" if before == 1 else end) + end.join([b"a,b", b"1,x", b"", b"2,y", b"no,z", b""])
    ran = bench.run(TASKS, pack(content), output=TYPED)
    assert ran.records() == rows((1, "x"), (2, "y"))
    assert ran.reject_places == [(before + 5, 0)]


def test_a_packed_file_that_is_cut_behind_a_blank_line_is_named(bench: Bench) -> None:
    with pytest.raises(UnreadableSource, match="s3://raw/in is not whole"):
        bench.run(TASKS, gzip.compress(b"\na,b\n1,x\n")[:-9])


def place_of(reject: dict[str, object]) -> tuple[object, object]:
    return reject["recordNumber"], reject["line"]


def bad_places(content: str, cells: int) -> Iterator[tuple[int, int]]:
    """The number and the first line of each record that is malformed or begins with `no`."""
    reader = csv.reader(io.StringIO(content, newline=""))
    number, begin = -1, 1
    for row in reader:
        if row or (cells == 1 and number >= 0):
            number += 1
            if number and (len(row) > cells or 0 < len(row) < cells or row[:1] == ["no"]):
                yield number, begin
        begin = reader.line_num + 1


def test_stray_quotes_reject_their_record_and_no_other(bench: Bench) -> None:
    content = b'a,b\n1,x\n2,y"z\n3,"y"z\n4,"q""r"\nbad,"multi\nline"\n5,k\nbad,z\n'
    ran = bench.run(TASKS, content, output=TYPED)
    assert ran.records() == rows((1, "x"), (2, 'y"z'), (4, 'q"r'), (5, "k"))
    assert ran.reject_places == [(4, None), (6, 0), (9, 0)]


def test_an_unterminated_quote_takes_the_rest_of_the_file_with_it(bench: Bench) -> None:
    ran = bench.run(TASKS, b'a,b\n1,x\n2,"y\n3,z\n', output=TYPED)
    assert ran.records() == rows((1, "x"))
    assert ran.reject_places == [(3, None)]
    assert ran.rejects[0]["record"] == '2,"y\n3,z\n'


def test_a_malformed_record_of_several_lines_moves_no_line_number(bench: Bench) -> None:
    content = b'a,b\n1,"x\ny",3\n2,y"z\nbad,"k\n\n"\nbad,z\n3,"\nw"\n1\nbad,2\n'
    ran = bench.run(TASKS, content, output=TYPED)
    assert ran.reject_places == [(2, None), (11, None), (5, 0), (8, 0), (12, 0)]


@pytest.mark.parametrize("ends", [(b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\r\n", b"\r\n"), (b"\r", b"\r")])
def test_line_ends_may_be_of_any_kind_and_mixed(bench: Bench, ends: tuple[bytes, bytes]) -> None:
    one, other = ends
    content = one.join([b"a,b", b"1,x", b"2,y"]) + other + b"bad,z" + other + b'bad,"k' + other + b'l"' + one + b"bad,q"
    ran = bench.run(TASKS, content, output=TYPED)
    assert ran.records() == rows((1, "x"), (2, "y"))
    assert ran.reject_places == [(4, 0), (5, 0), (7, 0)]


@pytest.mark.parametrize("header_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", [b"b", b'"b"', b'"\n"', b'"\r\n"', b'"x\r"'])
def test_the_header_may_end_in_another_way_than_the_records(
    bench: Bench, header_end: bytes, end: bytes, name: bytes
) -> None:
    ran = bench.run(EVERYTHING, b"a," + name + header_end + end.join([b"1,x", b'2,"y\n"', b"3,z", b""]))
    assert [record["a"] for record in ran.records()] == ["1", "2", "3"]


def test_no_character_is_lost_where_lines_end_in_mixed_ways(bench: Bench) -> None:
    ends = [b"\n", b"\r\n", b"\r"]
    for first, second, third in itertools.product(ends, ends, ends):
        content = first.join([b"a,b", b"1,x"]) + second + b'23,"p\r\nq"' + third + b'4,"k"l' + second + b"56,y" + first
        ran = bench.run(TASKS, content, output=TYPED)
        assert ran.records() == rows((1, "x"), (23, "p\r\nq"), (56, "y"))
        assert ran.reject_places == [(5, None)]


def test_a_violating_record_behind_mixed_line_ends_drops_the_data_set(bench: Bench) -> None:
    tasks = replace(TASKS, validates=(Validate(0, "b", "VALIDATE_NON_NULL", "DropDataset"),))
    with pytest.raises(DatasetDropped, match="VALIDATE_NON_NULL does not hold for field 'b'"):
        bench.run(tasks, b"a,b\n1,x\r\n2,\n", output=TYPED)


def test_files_of_a_target_size_are_written_anew_where_line_ends_are_mixed(bench: Bench) -> None:
    records = b"".join(b'%d,"x"\n' % n for n in range(10_000))
    ran = bench.run(TASKS, b"a,b\n" + records + b"7,y\r\n", output=replace(TYPED, target_file_bytes=1 << 20))
    assert sorted(record["a"] for record in ran.records()) == sorted([*range(10_000), 7])


def test_a_quote_after_a_blank_holds_line_ends_too(bench: Bench) -> None:
    ran = bench.run(TASKS, b'a,b\n1, "x\ny" \n"2" ,z\nbad,w\n', output=TYPED)
    assert ran.records() == rows((1, "x\ny"), (2, "z"))
    assert ran.reject_places == [(5, 0)]


def test_a_lone_carriage_return_ends_a_line_unless_it_is_quoted(bench: Bench) -> None:
    ran = bench.run(TASKS, b'a,b\n1,x\r y\n2,"p\rq"\nbad,z\n', output=TYPED)
    assert ran.records() == rows((1, "x"), (2, "p\rq"))
    assert ran.reject_places == [(3, None), (6, 0)]


def test_bytes_that_are_not_utf_8_reject_their_record(bench: Bench) -> None:
    ran = bench.run(TASKS, b"a,b\n1,x\n2,\xff\xfe\n3,z\nbad,z\n", output=TYPED)
    assert ran.records() == rows((1, "x"), (3, "z"))
    assert ran.reject_places == [(3, None), (5, 0)]


def test_a_header_that_is_not_utf_8_makes_the_file_unreadable(bench: Bench) -> None:
    with pytest.raises(UnreadableSource, match="s3://raw/in"):
        bench.run(TASKS, b"a,\xff\n1,x\n")


def test_a_byte_order_mark_is_no_part_of_the_first_field(bench: Bench) -> None:
    ran = bench.run(TASKS, b'\xef\xbb\xbf"a",b\n1,x\nbad,y', output=TYPED)
    assert ran.records() == rows((1, "x"))
    assert ran.reject_places == [(3, 0)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_are_no_records_and_count_as_lines(bench: Bench, end: bytes) -> None:
    ran = bench.run(TASKS, end.join([b"", b"", b"a,b", b"1,x", b"", b"2,y", b"bad,z", b""]), output=TYPED)
    assert ran.records() == rows((1, "x"), (2, "y"))
    assert ran.reject_places == [(7, 0)]


def test_a_blank_line_of_a_file_with_one_field_is_a_null(bench: Bench) -> None:
    ran = bench.run(Tasks(maps=(Map(0, "a", "a", "bigint"),)), b'a\n1\n\nbad\n""\n\n2', output=TYPED)
    assert ran.records() == [{"a": 1}, {"a": None}, {"a": None}, {"a": None}, {"a": 2}]
    assert ran.reject_places == [(4, 0)]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n"])
@pytest.mark.parametrize("file_type", ["CSV", "JSON", "PARQUET"])
def test_a_file_without_records_makes_no_file(bench: Bench, content: bytes, file_type: str) -> None:
    ran = bench.run(EVERYTHING, content, output=Output("out", file_type=file_type))  # pyright: ignore[reportArgumentType]
    assert (ran.keys, ran.counts.records_read, ran.rejects) == ((), 0, ())


@pytest.mark.parametrize("text", [b"x" * (9 << 20), b'"' + b"x\n" * (5 << 20) + b'"'])
def test_a_record_over_the_longest_line_is_rejected(bench: Bench, text: bytes) -> None:
    ran = bench.run(TASKS, b"a,b\n1," + text + b"\n2,y\nbad,z\n3,w\n", output=TYPED)
    assert ran.records() == rows((2, "y"), (3, "w"))
    assert ran.reject_places == [(2, None), (4 + text.count(b"\n"), 0)]
    assert "Maximum line size" in ran.rejects[0]["error"]


def test_a_header_may_hold_line_ends_and_the_same_name_twice(bench: Bench) -> None:
    ran = bench.run(EVERYTHING, b'"a","b\n",a,,a_1\n1,2,3,4,5\n')
    assert ran.records() == [{"a": "1", "b\n": "2", "a_1": "3", "column4": "4", "a_1_1": "5"}]


def test_bytes_that_no_task_reads_reject_nothing_and_move_no_number(bench: Bench) -> None:
    tasks = Tasks(maps=(Map(0, "a", "a", "bigint"),))
    ran = bench.run(tasks, b"a,b\n1,\xff\nbad,x\n1,2,3\n2,\xfe\nbad,y\n", output=TYPED)
    assert ran.records() == [{"a": 1}, {"a": 2}]
    assert ran.reject_places == [(4, None), (3, 0), (6, 0)]
    lost = bench.run(tasks, b"a,b\n1,x\nbad,\xff\nbad,y\n", output=TYPED)
    assert [reject["record"] for reject in lost.rejects] == [{"a": "bad", "b": "y"}, "bad,?"]
    assert [reject["line"] for reject in lost.rejects] == [4, 3]


def test_many_malformed_and_rejected_lines_are_numbered_in_reasonable_time(bench: Bench) -> None:
    output, tasks = Output("out", file_type="PARQUET", keeps_types=True), Tasks(maps=(Map(0, "a", "a", "bigint"),))
    ran = bench.run(tasks, b"a,b\n" + b"bad,x\n1,2,3\n" * 20_000, output=output)
    assert ran.reject_places == [
        *((line, None) for line in range(3, 40_002, 2)),
        *((line, 0) for line in range(2, 40_001, 2)),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [b"", b"\n"])
@pytest.mark.parametrize("quoted", [b"x", b'"x\ny"'])
def test_rejects_stand_on_the_same_lines_with_and_without_quoted_line_ends(
    bench: Bench, end: bytes, last: bytes, quoted: bytes
) -> None:
    content = end.join([b"a,b", b"bad,x", b"1," + quoted, b"bad,y", b"short"]) + last
    more = quoted.count(b"\n")
    assert bench.run(TASKS, content, output=TYPED).reject_places == [(5 + more, None), (2, 0), (4 + more, 0)]
