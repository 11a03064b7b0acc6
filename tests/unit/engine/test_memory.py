"""An engine that has little memory: it works on disk, and says so in words where that is not enough."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.layout import Output
from headrace.engine.results import EngineError
from headrace.engine.split import Engine
from headrace.engine.tasks import MapAll, Tasks
from tests.oracle.running import Bench

LIMIT = 96 << 20
EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))


@pytest.fixture(name="small")
def engine_of_little_memory(tmp_path: Path) -> Iterator[Bench]:
    with (
        closing(Engine(memory_limit_bytes=LIMIT, threads=2, scratch=tmp_path / "scratch")) as engine,
        duckdb.connect(config={"threads": 1}) as reader,
    ):
        yield Bench(engine, tmp_path, reader)


def too_large(bench: Bench) -> LocalFile:
    """A file with a record that is larger than the memory."""
    path = bench.folder() / "large.parquet"
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT repeat('x', 100000000) AS text) TO '{path}' (FORMAT parquet)")
    return LocalFile("s3://raw/large.parquet", path, path.stat().st_size)


def has_spilled(bench: Bench) -> bool:
    """Whether the engine has written any of its memory to its disk so far."""
    return any((bench.root / "scratch").glob("spill-*"))


def test_a_split_that_runs_out_of_memory_names_the_flow_the_file_and_the_setting(small: Bench) -> None:
    order = small.order(EVERYTHING, [too_large(small)], input="parquet", output=Output("out", file_type="PARQUET"))
    needs = (
        r"Flow orders needs more memory to read s3://raw/large\.parquet than HEADRACE_MEMORY_LIMIT allows\. Raise it: "
    )
    with pytest.raises(EngineError, match=needs):
        small.split(order)
    ran = small.run(EVERYTHING, b"n\n1\n")
    assert ran.records() == [{"n": "1"}]


def test_a_file_that_is_read_in_pieces_is_named_too(small: Bench) -> None:
    path = small.folder() / "large.parquet"
    with duckdb.connect() as con:
        text = "CASE WHEN i = 5 THEN repeat('x', 100000000) ELSE md5(i::VARCHAR) END AS text"
        con.execute(f"COPY (SELECT {text} FROM range(250000) AS t(i)) TO '{path}' (FORMAT parquet)")
    file = LocalFile("s3://raw/large.parquet", path, path.stat().st_size)
    order = small.order(EVERYTHING, [file], input="parquet", output=Output("out", file_type="JSON"))
    with pytest.raises(EngineError, match=r"to read s3://raw/large\.parquet than HEADRACE_MEMORY_LIMIT allows"):
        small.split(order)
    assert not list(order.staging.glob("*-pieces"))


def test_of_files_that_make_one_the_first_is_named(small: Bench) -> None:
    output = Output("out", file_type="PARQUET", is_single_file=True)
    files = [too_large(small), small.parquet([("n", "INTEGER")], [[1]])]
    with pytest.raises(EngineError, match=r"to read s3://raw/large\.parquet and 1 more than"):
        small.split(small.order(EVERYTHING, files, input="parquet", output=output))


def test_what_is_sorted_and_larger_than_the_memory_is_sorted_on_disk(small: Bench) -> None:
    path = small.folder() / "in.parquet"
    with duckdb.connect() as con:
        records = "SELECT i AS n, i % 3 AS part, repeat(md5(i::VARCHAR), 3) AS text FROM range(600000) t(i)"
        con.execute(f"COPY ({records}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 20000)")
    large = LocalFile("s3://raw/in.parquet", path, path.stat().st_size)
    tasks = Tasks(map_all=MapAll(0, frozenset()), partition=("part",))
    output = Output("out", file_type="PARQUET", keeps_types=True)

    small.run(tasks, small.parquet([("part", "INTEGER")], [[1]]), input="parquet", output=output)
    assert not has_spilled(small)
    result = small.split(small.order(tasks, [large], input="parquet", output=output))
    assert has_spilled(small)

    with duckdb.connect() as con:
        files = [staged.path for staged in result.outputs]
        query = "SELECT count(*), count(DISTINCT n), sum(n), sum(length(text)) FROM read_parquet(?)"
        found = con.execute(query, [files]).fetchall()
    assert found == [(600000, 600000, 600000 * 599999 // 2, 600000 * 96)]
