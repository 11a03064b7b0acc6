"""Many small files: what comes of them together is what comes of each by itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.alike import MOST_BYTES, MOST_FILES, batches
from headrace.engine.footers import schema_of
from headrace.engine.formats import InputFormat, UnreadableSource
from headrace.engine.layout import FileType, Output
from headrace.engine.opening import SMALL_BYTES
from headrace.engine.results import Counts, DatasetDropped
from headrace.engine.tasks import Filter, Map, MapAll, Tasks, Validate
from tests.oracle.running import Bench, Ran, Record

MAPPED = Tasks(maps=(Map(0, "a", "a", None), Map(1, "n", "n", "bigint")))
TYPED = Output("out", file_type="PARQUET", keeps_types=True)
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
CLASHING = Tasks(maps=(Map(0, "a", "a", None), Map(1, "b", "A", None)))
ODD = [
    b"a,n\nok,6\nbad\nfine,7\n",  # a record that is none
    b"a,n\nok,6\nfine,seven\n",  # a value that does not fit its type
    b"n,a\n8,turned\n",  # the same fields in another order
    b"a,n,m\nmore,9,1\n",
    b"\na,n\nbelow,10\n",
    b"",
    b"a,n\r\nreturned,11\r\n",
    b'a,n\n"open,12\n',  # a quote that nothing ends
    b"a,n\nlast,13",  # no line end
    b'a,n\n"a ""quoted"" one, with\na line end",14\n',
    b'a,n\nstray"quote,15\n"open,16\n',
    b"a,n\rlone,17\rreturns,18\r",
    b"a,n\nmixed,19\r\nends,20\n",
    b"a,n\nnul\0,21\n",
    b"a,n\nnot \xff UTF-8,22\n",
    b'\xef\xbb\xbfa,n\n"after a BOM",23\n',
    b"a,n\n\nblank above,24\n",
    b"a,n\nblank below,25\n\n",
    b"a,n\none cell more,26,\n",
    b'a,n\n"quoted, all",27\n"",28\n',
    b'a,n\r\n"a line\r\nend",29\r\n',
    b"a,n\n\xef\xbb\xbfa BOM of a record,30\n",
    b'"a\nb",n\n1,31\n',
]
ODD_JSON = [
    b'{"a":"x","n":1}\n[]\n',
    b'{"a":1}\n',
    b'{"a":1,\n',
    b'{"A":1,"a":2}\n',
    b"",
    b"\n",
    b'{"a":1}',
    b'{"a":1',
    b'{"a":"open\n',
    b'{"a":"x"}\n\n \n{"n":1}\n\n',  # blank lines
    b'{"a":"x"}\nnull\n{"n":1}\n',
    b'{"a":"x"}\n{}\n{"n":1}\n',
    b' {"a":"x"}\n{ "a":"y"}\n',
    b'{"a":"x"}\r\n{"a":"y"}\r\n',
    b'{"a":"x"} {"a":"y"}\n',
    b'{"a":"x",}\n{"a":"y"}\n',
    b'\xef\xbb\xbf{"a":"after a BOM"}\n',
    b'{"a":"x","a":"y"}\n{"a":"z"}\n',
    b'{"a":"not \xff UTF-8"}\n{"a":"y"}\n',
    b'{"a":"x"}\n\0{"a":"y"}\n',
    b'{"a":"x","n":"no number"}\n{"a":"y","n":2}\n',
    b'{"a":"{\\"a\\":1}"}\n',
]
GOOD_JSON = [b'{"a":"x","n":1}\n{"a":"y","n":"2"}\n', b'{"n":3,"a":null}\n']
# Of which files of JSON are made.
LINES = [b'{"a":"x"}\n', b'{"a":1,"n":2}\r\n', b"\n", b'{"n":"seven"}', b"null\n", b"{}\n", b'{"a"', b"\xef\xbb\xbf"]
GOOD = [b"a,n\nx,1\ny,2\n", b"a,n\nz,3\n", b"a,n\n", b"a,n\nw,4\nv,5\n"]


def alone(bench: Bench, tasks: Tasks, files: Sequence[LocalFile], form: InputFormat, output: Output) -> list[Ran]:
    return [bench.run(tasks, file, input=form, output=output) for file in files]


def assert_as_alone(
    bench: Bench, tasks: Tasks, contents: Sequence[bytes | LocalFile], form: InputFormat, output: Output
) -> None:
    files = [bench.file(one, f"{place}") if isinstance(one, bytes) else one for place, one in enumerate(contents)]
    ran, each = bench.run(tasks, *files, input=form, output=output), alone(bench, tasks, files, form, output)
    outputs = [one.records(place) for one in each for place in range(len(one.keys))]
    assert [ran.records(place) for place in range(len(ran.keys))] == outputs
    assert list(ran.rejects) == [reject for one in each for reject in one.rejects]
    added = reduce(Counts.add, (one.counts for one in each))
    # How large a file is depends on the threads that wrote it.
    assert replace(ran.counts, bytes_written=0) == replace(added, bytes_written=0)


@pytest.mark.parametrize("tasks, output", [(MAPPED, Output("out")), (EVERYTHING, TYPED)])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_among_many_is_treated_as_if_alone(bench: Bench, odd: bytes, tasks: Tasks, output: Output) -> None:
    assert_as_alone(bench, tasks, [*GOOD, odd, *GOOD], "csv", output)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("good", [GOOD, [b"a,n\r\nx,1\r\n", b"a,n\r\ny,2", b"a,n\r\n"]])
def test_an_odd_file_among_many_gives_one_output_file_the_records_it_gives_alone(
    bench: Bench, good: list[bytes], odd: bytes
) -> None:
    files = [bench.file(one, f"{place}") for place, one in enumerate([*good, odd, *good])]
    ran, each = (
        bench.run(MAPPED, *files, output=Output("out", is_single_file=True)),
        [bench.run(MAPPED, file) for file in files],
    )
    assert ran.records() == [record for one in each for record in one.records()]
    assert list(ran.rejects) == [reject for one in each for reject in one.rejects]


@pytest.mark.parametrize("content", [b"a\nx\n\ny\n", b"a\n\n", b"a\n", b"a\nx", b'a\n""\n', b"a\n \n"])
@pytest.mark.parametrize("output", [Output("out"), Output("out", is_single_file=True)])
def test_files_of_one_field_are_treated_as_if_alone(bench: Bench, content: bytes, output: Output) -> None:
    files = [bench.file(one, f"{place}") for place, one in enumerate([b"a\nz\n", content, b"a\nz\n", content])]
    each = alone(bench, EVERYTHING, files, "csv", output)
    assert bench.run(EVERYTHING, *files, output=output).records() == [
        record for one in each for record in one.records()
    ]


@pytest.mark.parametrize("tasks, output", [(MAPPED, Output("out")), (EVERYTHING, TYPED)])
@pytest.mark.parametrize("odd", ODD_JSON)
def test_an_odd_file_of_json_is_treated_as_if_alone(bench: Bench, odd: bytes, tasks: Tasks, output: Output) -> None:
    assert_as_alone(bench, tasks, [*GOOD_JSON, odd, *GOOD_JSON], "json", output)


@pytest.mark.parametrize("odd", ODD_JSON)
def test_an_odd_file_of_json_among_many_gives_one_output_file_the_records_it_gives_alone(
    bench: Bench, odd: bytes
) -> None:
    files = [bench.file(one, f"{place}") for place, one in enumerate([*GOOD_JSON, odd, *GOOD_JSON])]
    ran = bench.run(MAPPED, *files, input="json", output=Output("out", is_single_file=True))
    each = alone(bench, MAPPED, files, "json", Output("out"))
    assert ran.records() == [record for one in each for record in one.records()]
    assert list(ran.rejects) == [reject for one in each for reject in one.rejects]


@given(st.lists(st.lists(st.sampled_from(LINES), max_size=4).map(b"".join), min_size=2, max_size=4))
@settings(max_examples=25, deadline=None)
def test_any_files_of_json_are_treated_as_if_alone(bench: Bench, contents: list[bytes]) -> None:
    assert_as_alone(bench, MAPPED, contents, "json", Output("out"))


@pytest.mark.parametrize("output", [Output("out"), Output("out", is_single_file=True)])
def test_packed_files_of_json_are_treated_as_if_alone(bench: Bench, output: Output) -> None:
    contents = [gzip.compress(one) for one in (*GOOD_JSON, *GOOD_JSON)]
    assert (
        bench.run(MAPPED, *contents, input="json", output=output).records()
        == [
            {"a": "x", "n": 1},
            {"a": "y", "n": "2"},
            {"a": None, "n": 3},
        ]
        * 2
    )


def test_a_packed_file_of_json_that_is_not_whole_is_named(bench: Bench) -> None:
    good = [gzip.compress(one) for one in GOOD_JSON]
    with pytest.raises(UnreadableSource, match="broken"):
        bench.run(MAPPED, *good, bench.file(good[0][:-12], "broken"), input="json")


@pytest.mark.parametrize(
    "late",
    [b'{"a":2.5}', b'{"a":"x"}', b'{"a":[1]}', b'{"a":null}', b"{}", b'{"a":true}', b'{"a":1,"b":1}', b"broken"],
)
def test_a_member_has_the_type_of_values_behind_the_first_ones(bench: Bench, late: bytes) -> None:
    many = b'{"a":1}\n' * 50
    tasks = Tasks(maps=(Map(0, "a", "a", None), Map(1, "b", "b", None)))
    assert_as_alone(bench, tasks, [many, many + late, many, late + b"\n" + many], "json", TYPED)


@pytest.mark.parametrize("size", [60_000, 65_536 - 11, 65_536 - 10, 65_536, 90_000])
def test_a_first_object_of_any_size_is_looked_at(bench: Bench, size: int) -> None:
    large = b'{"a":"%b"}\n' % (b"x" * size)
    contents = [large, b'{"a":"y"}\n', large + b'{"a":1}\n', b'{"a":1}']
    assert_as_alone(bench, Tasks(maps=(Map(0, "a", "a", None),)), contents, "json", TYPED)


def test_files_whose_members_differ_in_case_alone_lose_no_record(bench: Bench) -> None:
    contents = [b'{"a":"1"}\n', b'{"a":"2"}\n', b'{"A":"3"}\n', b'{"A":"4"}\n']
    ran = bench.run(EVERYTHING, *contents, input="json", output=Output("out", is_single_file=True))
    assert [record["a"] or record["A"] for record in ran.records()] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("file_type", ["CSV", "JSON"])
def test_text_of_many_files_is_cut_as_each_would_be_written(bench: Bench, file_type: FileType, *, packed: bool) -> None:
    records: list[list[Record]] = [
        [{"a": "one line\nof two", "b": ""}, {"a": None, "b": "x"}],
        [{"a": "", "b": None}],
        [],
        [{"a": 'a "quoted", with\r\n,,\n', "b": "\n"}, {"a": None, "b": None}],
        [{"a": "\u001e\u2028", "b": "İ"}],
    ]
    contents = ["".join(f"{json.dumps(record)}\n" for record in of_file).encode() for of_file in records]
    output = Output("out", file_type=file_type, is_packed=packed)
    files = [bench.file(content, f"{place}") for place, content in enumerate(contents)]
    for tasks in (EVERYTHING, Tasks(maps=(Map(0, "a", "a", None),)), CLASHING):
        ran, each = bench.run(tasks, *files, input="json", output=output), alone(bench, tasks, files, "json", output)
        assert ran.contents == tuple(content for one in each for content in one.contents)
        assert len(ran.contents) == 4


def test_files_of_parquet_are_treated_as_if_alone(bench: Bench) -> None:
    of_texts = [bench.parquet([("a", "VARCHAR"), ("n", "INTEGER")], [("x", 1), ("y", None)]) for _ in range(3)]
    of_numbers = bench.parquet([("a", "BIGINT"), ("n", "INTEGER")], [(1, 1)])
    for output in (Output("out"), Output("out", file_type="CSV"), TYPED):
        assert_as_alone(bench, EVERYTHING, [*of_texts, of_numbers, *of_texts], "parquet", output)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_field_of_the_name_that_numbers_files_is_a_field_like_others(bench: Bench, form: InputFormat) -> None:
    records: list[Record] = [{"file_index": "7", "file": "8"}]
    lines = b"file_index,file\n7,8\n" if form == "csv" else json.dumps(records[0]).encode() + b"\n"
    tasks = Tasks(maps=(Map(0, "file_index", "file_index", None), Map(1, "file", "file", None)))
    assert bench.run(tasks, lines, lines, lines, input=form).records() == records * 3


def test_records_keep_the_order_of_their_file_over_many_files(bench: Bench) -> None:
    contents = [b"n\n" + b"".join(b"%d\n" % (place * 100 + row) for row in range(100)) for place in range(150)]
    ran = bench.run(EVERYTHING, *contents, output=Output("out", file_type="CSV"))
    assert len(ran.keys) == 150
    assert [int(record["n"]) for record in ran.records()] == list(range(15_000))


@pytest.mark.parametrize(
    "form, bad", [("csv", b"a,n\nok,1\nbad\nfine,seven\n"), ("json", b'{"a":"ok"}\n[]\n{"n":"seven"}\n')]
)
@pytest.mark.parametrize("places", [[0], [7, 19]])
def test_bad_files_among_many_are_found(bench: Bench, form: InputFormat, bad: bytes, places: Sequence[int]) -> None:
    good = {"csv": b"a,n\nx,1\n", "json": b'{"a":"x","n":1}\n'}[form]
    files = [bench.file(bad if place in places else good, f"{place}") for place in range(20)]
    for output in (Output("out"), replace(TYPED, is_single_file=True)):
        ran, [one] = (
            bench.run(MAPPED, *files, input=form, output=output),
            alone(bench, MAPPED, files[places[0] :][:1], form, output),
        )
        names = [record["a"] for record in one.records()]
        made = [name for place in range(20) for name in (names if place in places else ["x"])]
        assert [record["a"] for record in ran.records()] == made
        rejects = [reject | {"file": f"s3://raw/{place}"} for place in places for reject in one.rejects]
        assert list(ran.rejects) == rejects


def test_a_data_set_that_is_dropped_is_dropped_whichever_file_says_so(bench: Bench) -> None:
    tasks = replace(MAPPED, validates=(Validate(2, "a", "VALIDATE_NON_NULL", "DropDataset"),))
    with pytest.raises(DatasetDropped):
        bench.run(tasks, *GOOD, b"a,n\n,1\n", *GOOD)


def test_what_filters_drop_is_counted_over_many_files(bench: Bench) -> None:
    tasks = replace(MAPPED, filters=(Filter(2, "n", "GREATER_THAN", "number", ("2",)),))
    assert_as_alone(bench, tasks, [*GOOD, *GOOD], "csv", Output("out"))


def test_one_output_file_of_many_sources_holds_all_of_them_in_order(bench: Bench) -> None:
    contents = [*GOOD, b"a,n\nok,6\nbad\nfine,7\n", b"n,a\n8,turned\n", *GOOD]
    ran = bench.run(MAPPED, *contents, output=Output("out", is_single_file=True))
    names = [record["a"] for record in ran.records()]
    assert names == ["x", "y", "z", "w", "v", "ok", "fine", "turned", "x", "y", "z", "w", "v"]
    assert [reject["line"] for reject in ran.rejects] == [3]


@given(st.lists(st.sampled_from([0, 1, 1000, SMALL_BYTES, SMALL_BYTES + 1, MOST_BYTES]), max_size=200))
def test_batches_hold_every_file_once_and_no_more_than_their_bounds(sizes: list[int]) -> None:
    files = [LocalFile(f"{place}", Path("x"), size) for place, size in enumerate(sizes)]
    found = list(batches(files))
    assert [file for batch in found for file in batch] == files
    for batch in found:
        assert 0 < len(batch) <= MOST_FILES
        assert len(batch) == 1 or max(file.size_bytes for file in batch) <= SMALL_BYTES
        assert len(batch) == 1 or sum(file.size_bytes for file in batch) <= MOST_BYTES


def test_files_are_asked_for_one_batch_after_the_other(bench: Bench) -> None:
    given_out = list[int]()

    def files() -> Iterator[LocalFile]:
        for place in range(3 * MOST_FILES):
            given_out.append(place)
            yield LocalFile(f"{place}", Path("x"), 10)

    assert len(next(batches(files()))) == MOST_FILES
    assert len(given_out) == MOST_FILES + 1


@pytest.mark.parametrize(
    "output",
    [Output("out", is_single_file=True), Output("out"), TYPED, Output("out", is_single_file=True, omits_lacking=True)],
)
@pytest.mark.parametrize("names", [("a", "A"), ("a", "b"), ("a", "file_index")])
def test_members_whose_names_differ_in_case_alone_are_read_from_every_file(
    bench: Bench, output: Output, names: tuple[str, str]
) -> None:
    records: list[Record] = [{names[0]: f"{place}", names[1]: "x"} for place in range(4)]
    tasks = Tasks(maps=(Map(0, names[0], "one", None), Map(1, names[1], "other", None)))
    ran = bench.run(tasks, *(json.dumps(record).encode() + b"\n" for record in records), input="json", output=output)
    assert ran.records() == [{"one": f"{place}", "other": "x"} for place in range(4)]


@pytest.mark.parametrize(
    "contents",
    [
        [b'{"a":1}\n', b'{"a":2.5}\n', b'{"a":"x"}\n', b'{"a":true}\n', b'{"a":[1]}\n', b'{"a":null}\n', b"{}\n", b""],
        [b'{"a":1}\n', b'{"a":2}\nbroken\n', b'{"a":3.5}\n'],
        [b'{"a":18446744073709551616}\n{"a":1}\n', b'{"a":-1}\n', b'{"a":9223372036854775808}\n'],
    ],
)
def test_members_have_the_types_of_their_own_file(bench: Bench, contents: list[bytes]) -> None:
    assert_as_alone(bench, Tasks(maps=(Map(0, "a", "a", None),)), contents, "json", TYPED)


def test_a_broken_file_of_parquet_among_others_is_named(bench: Bench) -> None:
    good = [bench.parquet([("a", "VARCHAR")], [("x",)]) for _ in range(3)]
    with pytest.raises(UnreadableSource, match="broken"):
        bench.run(EVERYTHING, *good, bench.file(b"PAR1 and no more PAR1", "broken"), input="parquet")


@pytest.mark.parametrize("output", [Output("out", is_single_file=True), Output("out"), TYPED])
def test_a_file_of_parquet_that_is_broken_behind_its_schema_is_named_among_others(bench: Bench, output: Output) -> None:
    good = [bench.parquet([("a", "VARCHAR")], [(f"{place}",)]) for place in range(12)]
    content = good[0].path.read_bytes()
    schema = schema_of(good[0].path)
    assert schema
    end = content.index(schema) + len(schema)
    broken = bench.file(content[:end] + b"\xff" * (len(content) - 8 - end) + content[-8:], "broken")
    assert schema_of(broken.path) == schema
    with pytest.raises(UnreadableSource, match="broken can't be read as Parquet") as caught:
        bench.run(EVERYTHING, *good, broken, *good, input="parquet", output=output)
    assert caught.value.file == broken.name


@pytest.mark.parametrize("output", [Output("out"), TYPED])
def test_files_of_parquet_of_any_schemas_are_treated_as_if_alone(bench: Bench, output: Output) -> None:
    files = [
        bench.parquet([("a", "VARCHAR"), ("n", "INTEGER")], [("x", 1), ("y", None)]),
        bench.parquet([("a", "VARCHAR"), ("n", "BIGINT")], [("x", 1)]),
        bench.parquet([("a", "VARCHAR")], [("x",)]),
        bench.parquet([("A", "VARCHAR"), ("n", "INTEGER")], [("x", 1)]),
        bench.parquet([("n", "INTEGER"), ("a", "VARCHAR")], [(1, "x")]),
        bench.parquet([("geo", "VARCHAR"), ("n", "INTEGER")], [("x", 1)]),
        bench.parquet([("a", "VARCHAR"), ("n", "INTEGER")], []),
    ]
    assert_as_alone(bench, EVERYTHING, [*files, *reversed(files), *files], "parquet", output)


@pytest.mark.parametrize("output", [Output("out"), Output("out", file_type="CSV"), TYPED])
def test_records_without_any_field_are_written_from_every_file(bench: Bench, output: Output) -> None:
    assert_as_alone(bench, Tasks(), GOOD, "csv", output)


def test_columns_whose_names_differ_in_case_alone_are_written_from_every_file(bench: Bench) -> None:
    tasks = Tasks(maps=(Map(0, "a", "x", None), Map(1, "n", "X", None)))
    assert_as_alone(bench, tasks, [*GOOD, b'a,n\n"quoted, all",\n'], "csv", Output("out", file_type="CSV"))
