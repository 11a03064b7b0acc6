"""A large file of Parquet that becomes text in pieces: it is what one query would have made of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.compile import compile_tasks
from headrace.engine.layout import FileType, Output
from headrace.engine.pass_over import pass_over
from headrace.engine.pieces import LEAST_RECORDS, MOST_RECORDS, Pieces, cuts, pieces_of
from headrace.engine.results import DatasetDropped
from headrace.engine.sources import ParquetFile
from headrace.engine.split import Engine
from headrace.engine.tasks import Filter, Map, MapAll, Tasks, Validate
from headrace.engine.values import Field
from headrace.engine.watch import Cancelled, Watch
from headrace.engine.working import Working
from headrace.engine.writers import write
from tests.oracle.running import Bench

RECORDS = 2 * LEAST_RECORDS + 4567
LAST = RECORDS - 1
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
FIELDS = (Field("n", "BIGINT"), Field("text", "VARCHAR"))


@pytest.fixture(scope="module", name="alone")
def engine_of_one_thread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """It reads every file as a whole."""
    root = tmp_path_factory.mktemp("alone")
    engine = Engine(memory_limit_bytes=300 << 20, threads=1, scratch=root / "scratch")
    with closing(engine), duckdb.connect(config={"threads": 1}) as reader:
        yield Bench(engine, root, reader)


def large(bench: Bench, group: int, text: str = "md5(i::VARCHAR)", n: str = "n", records: int = RECORDS) -> LocalFile:
    path = bench.folder() / "large.parquet"
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute(
            f"COPY (SELECT i AS {n}, {text} AS text FROM range({records}) AS t(i))"
            f" TO '{path}' (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE {group})"
        )
    return LocalFile("s3://raw/large.parquet", path, path.stat().st_size)


@pytest.fixture(scope="module", name="nine_thousand")
def a_file_of_nine_thousand(tmp_path_factory: pytest.TempPathFactory) -> LocalFile:
    path = tmp_path_factory.mktemp("small") / "small.parquet"
    with duckdb.connect(config={"threads": 1}) as con:
        select = "SELECT i AS n, md5(i::VARCHAR) AS text FROM range(9000) AS t(i)"
        con.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    return LocalFile("s3://raw/small.parquet", path, path.stat().st_size)


def pieces(file: LocalFile, fields: tuple[Field, ...] = FIELDS, threads: int = 2) -> list[tuple[int, int] | None]:
    with duckdb.connect() as con:
        return [view.rows for view in pieces_of(con, [ParquetFile(file, str(file.path), fields)], threads)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("file_type", ["CSV", "JSON"])
def test_what_comes_of_pieces_is_byte_for_byte_what_comes_of_the_whole(
    bench: Bench, alone: Bench, file_type: FileType, seed: int
) -> None:
    random = Random(seed)
    group = 2048 * random.randrange(1, 49)
    odd = """CASE WHEN i % 97 = 0 THEN NULL WHEN i % 89 = 0 THEN 'a "b", c' || chr(10) ELSE md5(i::VARCHAR) END"""
    file = large(bench, group, odd, records=RECORDS + random.randrange(50_000))
    kept = tuple(str(random.randrange(RECORDS)) for _ in range(2))
    tasks = Tasks(
        filters=(Filter(0, "n", "NOT_EQUAL_TO", "number", kept[:1]), Filter(1, "n", "LESS_THAN", "number", kept[1:])),
        maps=(Map(2, "n", "n", "bigint"), Map(3, "text", "text", None)),
    )
    output = Output("out", file_type=file_type)
    assert len(pieces(file)) == 2
    ran, expected = (one.run(tasks, file, input="parquet", output=output) for one in (bench, alone))
    assert ran.contents == expected.contents
    assert ran.counts == expected.counts
    assert [path.name for path in Path(ran.result.outputs[0].path).parent.iterdir()] == [f"00000.{file_type.lower()}"]


@pytest.mark.parametrize("kept", [0, LAST, -1], ids=["the first", "the last", "none"])
@pytest.mark.parametrize("file_type", ["CSV", "JSON"])
def test_pieces_of_which_nothing_is_left_add_nothing(
    bench: Bench, alone: Bench, kept: int, file_type: FileType
) -> None:
    tasks = Tasks(
        filters=(Filter(0, "n", "EQUAL_TO", "number", (str(kept),)),),
        maps=(Map(1, "n", "n", None), Map(2, "text", "text", None)),
    )
    file, output = large(bench, 20480), Output("out", file_type=file_type)
    ran, expected = (one.run(tasks, file, input="parquet", output=output) for one in (bench, alone))
    assert ran.contents == expected.contents
    assert (len(ran.contents), ran.counts.dropped) == (kept >= 0, {0: RECORDS - (kept >= 0)})


def test_a_packed_file_of_pieces_is_one_member_that_ends(bench: Bench, alone: Bench) -> None:
    output = Output("out", file_type="CSV", is_packed=True)
    file = large(bench, 20480)
    ran, expected = (one.run(EVERYTHING, file, input="parquet", output=output) for one in (bench, alone))
    assert ran.contents == expected.contents


def test_rejects_of_pieces_are_kept_with_their_places_in_the_file(bench: Bench, alone: Bench) -> None:
    file = large(bench, 20480, f"CASE WHEN i IN (3, {RECORDS // 2}, {LAST}) THEN 'bad' ELSE i::VARCHAR END")
    tasks = Tasks(maps=(Map(7, "text", "n", "bigint"),))
    output = Output("out", file_type="JSON", casts=True, keeps_source=True)
    ran, expected = (one.run(tasks, file, input="parquet", output=output) for one in (bench, alone))
    assert [reject["recordNumber"] for reject in ran.rejects] == [4, RECORDS // 2 + 1, RECORDS]
    assert (ran.rejects, ran.contents, ran.counts) == (expected.rejects, expected.contents, expected.counts)


@pytest.mark.parametrize("null", [0, LAST], ids=["the first", "the last"])
def test_what_drops_the_data_set_in_one_piece_ends_them_all(bench: Bench, null: int) -> None:
    file = large(bench, 20480, f"CASE WHEN i <> {null} THEN md5(i::VARCHAR) END")
    tasks = Tasks(
        validates=(Validate(0, "text", "VALIDATE_NON_NULL", "DropDataset"),), maps=(Map(1, "text", "text", None),)
    )
    order = bench.order(tasks, [file], input="parquet", output=Output("out", file_type="JSON"))
    with pytest.raises(DatasetDropped, match="The data set was dropped: "):
        bench.split(order)
    assert not list(order.staging.glob("*-pieces"))


def test_of_several_records_that_drop_the_data_set_the_first_is_told(bench: Bench) -> None:
    (_, begin), _ = (rows for rows in pieces(large(bench, 20480)) if rows)
    text = f"CASE WHEN i = {begin - 1} THEN NULL WHEN i = {begin + 1} THEN 'no number' ELSE '1' END"
    tasks = Tasks(
        validates=(
            Validate(0, "text", "VALIDATE_NON_NULL", "DropDataset"),
            Validate(1, "text", "VALIDATE_NUMERIC", "DropDataset"),
        ),
        maps=(Map(2, "text", "text", None),),
    )
    order = bench.order(
        tasks, [large(bench, 20480, text)], input="parquet", output=Output("out", file_type="JSON", casts=True)
    )
    with pytest.raises(DatasetDropped, match="VALIDATE_NON_NULL"):
        bench.split(order)
    assert not list(order.staging.iterdir())


def test_a_cancel_stops_all_pieces(bench: Bench) -> None:
    watch = Watch(lambda _: watch.cancel())
    # Minutes of work.
    tasks = Tasks(maps=tuple(Map(place, "text", f"t{place}", "datetime") for place in range(150)))
    order = bench.order(tasks, [large(bench, 20480)], input="parquet", output=Output("out", file_type="JSON"))
    with pytest.raises(Cancelled):
        bench.split(order, watch)
    assert not list(order.staging.glob("*-pieces"))
    assert bench.run(EVERYTHING, b"a\n1\n").records() == [{"a": "1"}]


def test_progress_is_that_of_all_pieces() -> None:
    with duckdb.connect() as con, con.cursor() as piece:
        working = Working(con)
        with working.in_pieces(4):
            for _ in range(3):
                with working.on(piece):
                    pass
            assert working.percent() == 75
        assert working.percent() == 0


def test_a_file_whose_field_has_the_name_of_the_row_numbers_is_read_whole(bench: Bench) -> None:
    file = large(bench, 20480, n="File_Row_Number")
    assert pieces(file, (Field("File_Row_Number", "BIGINT"), Field("text", "VARCHAR"))) == []
    ran = bench.run(EVERYTHING, file, input="parquet", output=Output("out", file_type="JSON"))
    assert ran.counts.records_written == RECORDS


def test_a_file_is_cut_only_where_it_is_large_and_there_are_threads(bench: Bench) -> None:
    file = large(bench, 20480)
    assert pieces(file) == [(0, 102400), (102400, RECORDS)]
    assert pieces(file, threads=1) == []
    assert pieces(file, threads=3) == []
    assert pieces(large(bench, 300_000)) == []
    assert pieces(large(bench, 20480, records=LEAST_RECORDS)) == []


def test_a_very_large_file_is_cut_into_several_pieces_a_thread() -> None:
    groups = range(122_880, 10 * MOST_RECORDS + 1, 122_880)
    found = cuts(groups, 4, LEAST_RECORDS)
    assert len(found) == 12
    assert all(1_500_000 < end - begin < MOST_RECORDS for begin, end in found)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, 8999), max_size=6), st.sampled_from(["CSV", "JSON"]), st.integers(1, 3))
def test_pieces_cut_anywhere_are_the_whole(
    tmp_path: Path, nine_thousand: LocalFile, inner: set[int], file_type: FileType, threads: int
) -> None:
    view = ParquetFile(nine_thousand, str(nine_thousand.path), FIELDS)
    output = Output("out", file_type=file_type)
    filters = (Filter(0, "n", "GREATER_THAN", "number", ("4000",)),)
    tasks = Tasks(filters=filters, maps=(Map(1, "n", "n", None), Map(2, "text", "text", None)))
    compiled = compile_tasks(tasks, FIELDS, output)
    views = [replace(view, rows=rows) for rows in pairwise([0, *sorted(inner), 9000])]
    with duckdb.connect(config={"threads": 2}) as con:
        work = Pieces(con, compiled, output, tmp_path / "pieces", Watch(lambda _: None), Working(con))
        passed = work.over(views, threads)
        whole = tmp_path / "whole"
        pass_over(
            con, [view], compiled, lambda source: iter([("", write(con, compiled.columns, source, output, whole))])
        )
    extension = file_type.lower()
    assert (tmp_path / f"pieces.{extension}").read_bytes() == (tmp_path / f"whole.{extension}").read_bytes()
    assert (passed.written, passed.dropped, passed.read) == (4999, {0: 4001}, 9000)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 10_000), max_size=60), st.integers(2, 8), st.integers(1, 20_000))
def test_pieces_are_all_of_the_file_in_order(groups: list[int], threads: int, least: int) -> None:
    ends = [sum(groups[: place + 1]) for place in range(len(groups))]
    found = cuts(ends, threads, least)
    assert [begin for begin, _ in found] == [0, *(end for _, end in found)][: len(found)]
    assert all(begin < end for begin, end in found)
    if found:
        assert found[-1][1] == ends[-1]
        assert {end for _, end in found} <= set(ends)
