"""Files of which DuckDB's threads would lose records: nothing of them is lost."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.layout import Output
from headrace.engine.malformed import LINE_BYTES
from headrace.engine.one_thread import (
    may_be_left_out,
    may_end_in_longer,
    may_have_longer,
    needs_one_thread,
)
from headrace.engine.tasks import MapAll, Tasks
from tests.oracle.parts import read_in_parts
from tests.oracle.running import Bench

EVERYTHING = Tasks(map_all=MapAll(0, frozenset()))
OUTPUT = Output("out", file_type="PARQUET")
GOOD = b"1," + b"x" * 4_093 + b"\n"
PART = 64 * 1024
# A line that begins in the third part of a buffer, and ends in the next one.
LONG_BEGINS, LONG = 5 * LINE_BYTES // 2, b"y" * (9 * LINE_BYTES // 4)


def table(parts: int, *, behind: int = 30) -> tuple[bytes, int]:
    # The header has the rest of the part before.
    before = parts * LINE_BYTES // len(GOOD)
    return b"a,b\n" + GOOD * before + b"2,x,more\n" + GOOD * behind, before + behind


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_malformed_line_at_the_begin_of_the_last_part_is_rejected_alone(bench: Bench, parts: int) -> None:
    content, good = table(parts)
    counts = bench.run(EVERYTHING, content, output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (good, 1)


def test_so_it_is_in_a_packed_file_that_has_another_one(bench: Bench) -> None:
    content, good = table(1)
    content = b"a,b\n3,y,more\n1," + b"x" * (len(GOOD) - 13) + content.removeprefix(b"a,b\n1,").lstrip(b"x")
    counts = bench.run(EVERYTHING, gzip.compress(content, 1), output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (good, 2)


@pytest.mark.parametrize("pack", [bytes, lambda content: gzip.compress(content, 1)], ids=["plain", "packed"])
def test_a_record_of_csv_that_is_too_long_is_rejected(bench: Bench, pack: Callable[[bytes], bytes]) -> None:
    before = LONG_BEGINS // len(GOOD)
    content = b"a,b\n" + GOOD * before + b"2," + LONG + b"\n" + GOOD
    counts = bench.run(EVERYTHING, pack(content), output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (before + 1, 1)


def test_a_line_of_json_that_is_too_long_is_rejected(bench: Bench) -> None:
    record = b'{"a":"' + b"x" * 4_087 + b'"}\n'
    before = LONG_BEGINS // len(record)
    content = b"none\n" + record * before + b'{"a":"' + LONG + b'"}\n' + record
    counts = bench.run(EVERYTHING, content, input="json", output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (before + 1, 2)


def test_a_packed_record_that_is_too_long_is_rejected_where_nothing_comes_after_it(bench: Bench) -> None:
    content = b"a,b\n1,x\n2," + b"y" * (17 * LINE_BYTES // 4) + b"\n"
    counts = bench.run(EVERYTHING, gzip.compress(content, 1), output=OUTPUT).counts
    assert (counts.records_written, sum(counts.rejected.values())) == (1, 1)


def test_a_part_that_begins_in_quotes_is_no_table_of_its_own(bench: Bench) -> None:
    before = LINE_BYTES // len(GOOD) - 1
    text = b"no,record\n" * 1000 + b"no,record"
    content = b"a,b\n" + GOOD * before + b'2,"' + text + b'"\n' + GOOD * 30
    ran = bench.run(EVERYTHING, content, output=OUTPUT)
    assert (ran.counts.records_read, ran.records()[before]["b"]) == (before + 31, text.decode())


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
@pytest.mark.parametrize(
    "content, is_longer",
    [
        (b"", False),
        (b"1\n" * 80, False),
        (b"1\n" + b"x" * 100 + b"\n", False),
        (b"1\n" + b"x" * 101 + b"\n", True),
        (b"1\n" + b"x" * 101, True),
        (b"1\n" + b"x" * 300_000 + b"\r\n", True),
        (b"1\n" + b"x" * 300_000 + b"\n1", False),
        (b"1\n" * 300_000, False),
    ],
)
def test_a_last_line_is_known_to_be_longer(
    tmp_path: Path, content: bytes, is_longer: bool, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(pack(content))
    assert may_end_in_longer(path, 100, is_packed=pack is not bytes) is is_longer


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
        assert len(read_in_parts(path, PART, 2)) == len(read_in_parts(path, PART, 2, by=1))


def test_duckdb_leaves_out_what_it_is_said_to(tmp_path: Path) -> None:
    path, good = tmp_path / "f.csv", b"1," + b"x" * 97 + b"\n"
    path.write_bytes(b"a,b\n" + good * (PART // len(good) + 1) + b"2,x,more\n" + good * 9)
    assert may_be_left_out(path, PART, 2)
    assert (len(read_in_parts(path, PART, 2)), len(read_in_parts(path, PART, 2, by=1))) == (656, 665)


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


@pytest.mark.parametrize(
    "content, is_longer",
    [
        (b"", False),
        (b"x" * 100, False),
        (b"x" * 101, True),
        (b"\n" + b"x" * 100, False),
        (b"x" * 40 + b"\n" + b"x" * 101, True),
        (b"x\r" * 200, False),
        (b"x" * 1000 + b"\n", True),
    ],
)
def test_no_longer_line_is_overlooked(tmp_path: Path, content: bytes, is_longer: bool) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    assert may_have_longer(path, 100) or not is_longer


@given(st.lists(st.integers(0, 260), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_lines_of_half_the_length_are_never_taken_for_longer_ones(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], end: bytes
) -> None:
    path = tmp_path_factory.mktemp("files") / "f.csv"
    path.write_bytes(b"".join(b"x" * length + end for length in lengths))
    longest = max(lengths, default=0)
    if longest > 100:
        assert may_have_longer(path, 100)
    if longest < 49:
        assert not may_have_longer(path, 100)


def test_what_is_not_there_and_what_is_small_need_nothing(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x" * 100)
    assert not needs_one_thread(tmp_path / "none", 100, 2)
    assert not needs_one_thread(tmp_path / "small", 100, 2)
