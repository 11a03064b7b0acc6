"""Files of CSV whose last part, as DuckDB gives it to a thread, begins with a malformed line."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.last_part import may_be_left_out
from headrace.engine.layout import Output
from headrace.engine.malformed import LINE_BYTES
from headrace.engine.tasks import MapAll, Tasks
from tests.oracle.running import Bench

EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
OUTPUT = Output("out", file_type="PARQUET")
GOOD = b"1," + b"x" * 4_093 + b"\n"
PART = 64 * 1024


def table(parts: int, *, behind: int = 30) -> tuple[bytes, int]:
    before = parts * LINE_BYTES // len(GOOD) + 1
    return b"a,b\n" + GOOD * before + b"2,x,more\n" + GOOD * behind, before + behind


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_malformed_line_at_the_begin_of_the_last_part_is_rejected_alone(bench: Bench, parts: int) -> None:
    content, good = table(parts)
    counts = bench.run(EVERYTHING, content, output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (good, 1)


def test_of_a_packed_file_with_malformed_lines_all_is_read(bench: Bench) -> None:
    content, good = table(1)
    content = content.replace(b"a,b\n", b"a,b\n3,y,more\n", 1).replace(GOOD, b"1," + b"x" * 4_080 + b"\n", 1)
    counts = bench.run(EVERYTHING, gzip.compress(content, 1), output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (good, 2)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.02, 0.3, 0.6]))
def test_where_nothing_is_said_to_be_left_out_nothing_is(
    tmp_path_factory: pytest.TempPathFactory, seed: int, malformed: float
) -> None:
    chosen = random.Random(seed)
    lines = [
        chosen.choice([b"2,x,more", b"7", b"8,,"])
        if chosen.random() < malformed
        else b"1," + b"x" * chosen.randrange(5, 60)
        for _ in range(chosen.randrange(PART // 40, PART // 10))
    ]
    path = tmp_path_factory.mktemp("files") / "f.csv"
    path.write_bytes(b"a,b\n" + b"\n".join(lines) + b"\n")
    if not may_be_left_out(path, PART, 2):
        assert records(path, is_parallel=True) == records(path, is_parallel=False)


def records(path: Path, *, is_parallel: bool) -> int:
    """How many DuckDB reads of the file, in parts or by one thread."""
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute(
            f"CREATE TABLE found AS SELECT * FROM read_csv('{path}', auto_detect=false, header=true, delim=',',"
            " quote='\"', escape='\"', columns={'c0': 'VARCHAR', 'c1': 'VARCHAR'}, strict_mode=true,"
            f" max_line_size={PART}, buffer_size={4 * PART}, store_rejects=true, parallel={is_parallel})"
        )
        [(found,)] = con.execute("SELECT count(*) FROM found").fetchall()
    return int(found)


def test_duckdb_leaves_out_what_it_is_said_to(tmp_path: Path) -> None:
    path, good = tmp_path / "f.csv", b"1," + b"x" * 97 + b"\n"
    path.write_bytes(b"a,b\n" + good * (PART // len(good) + 1) + b"2,x,more\n" + good * 9)
    assert may_be_left_out(path, PART, 2)
    assert (records(path, is_parallel=True), records(path, is_parallel=False)) == (656, 665)


@pytest.mark.parametrize(
    "line, is_doubtful",
    [
        (b"1,2\n", False),
        (b"1,2\r\n", False),
        (b'1,"2,3"\n', False),
        (b'1,"a""b"\n', False),
        (b"1\n", True),
        (b"1,2,3\n", True),
        (b"\n", True),
        (b'1,"2\n', True),
        (b'1,"a"b\n', True),
        (b"1,2\r3,4\n", True),
        (b"1,\xff\n", False),
    ],
)
def test_a_line_is_taken_as_it_stands(tmp_path: Path, line: bytes, is_doubtful: bool) -> None:
    path = tmp_path / "f.csv"
    for at, lines in enumerate(([line, b"1,2\n"], [b"1,2\n", line])):
        path.write_bytes(b"x" * 100 + b"\n" + b"".join(lines) + b"1,2,3\n" * 3)
        assert may_be_left_out(path, 100, 2) is is_doubtful, at


def test_a_file_of_one_part_has_no_other(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    for content in (b"", b"1,2,3\n", b"x" * 99 + b"\n"):
        path.write_bytes(content)
        assert not may_be_left_out(path, 100, 2)
