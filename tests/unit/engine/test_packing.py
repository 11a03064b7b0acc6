"""Outputs packed with gzip: what anybody's reader makes of them."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import zlib
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.layout import Output
from headrace.engine.packing import BLOCK_BYTES, pack
from headrace.engine.tasks import MapAll, Tasks
from headrace.engine.watch import Cancelled
from tests.oracle.running import Bench, csv_records, json_records

ALL = Tasks(map_all=MapAll(0, frozenset()))
RECORDS = b"a,b\n" + b"".join(b"%d,\xc3\xa9t\xc3\xa9\n" % n for n in range(500))


def nothing() -> None:
    """Nobody stops it."""


def packed(path: Path, content: bytes, threads: int = 2) -> bytes:
    path.write_bytes(content)
    made = pack(path, threads, nothing)
    assert made == path.with_name(f"{path.name}.gz")
    assert not path.exists()
    return made.read_bytes()


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 9 * BLOCK_BYTES + 7])
@pytest.mark.parametrize("threads", [1, 3])
def test_any_size_comes_back_as_it_was(tmp_path: Path, size: int, threads: int) -> None:
    content = (
        random.Random(size).randbytes(size // 2) + b"abc," * (size // 8) + b"x" * (size - size // 2 - size // 8 * 4)
    )
    made = packed(tmp_path / "o.csv", content, threads)
    assert gzip.decompress(made) == content
    # One member: some readers stop after the first.
    reader = zlib.decompressobj(31)
    assert reader.decompress(made) == content
    assert reader.eof
    assert reader.unused_data == b""


@settings(max_examples=50)
@given(content=st.binary(max_size=300))
def test_any_content_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert gzip.decompress(packed(tmp_path_factory.mktemp("pack") / "o.json", content)) == content


def test_the_same_bytes_pack_to_the_same_bytes(tmp_path: Path) -> None:
    content = random.Random(7).randbytes(3 * BLOCK_BYTES)
    assert packed(tmp_path / "a", content, 1) == packed(tmp_path / "b", content, 4)


def test_gzip_itself_takes_them(tmp_path: Path) -> None:
    program = shutil.which("gzip")
    if program is None:
        pytest.skip("no gzip here")
    content = b"a,b\n1,2\n" * 400_000
    packed(tmp_path / "o.csv", content)
    subprocess.run([program, "--test", str(tmp_path / "o.csv.gz")], check=True)
    assert (
        subprocess.run([program, "-dc", str(tmp_path / "o.csv.gz")], check=True, capture_output=True).stdout == content
    )


def test_duckdb_takes_them(tmp_path: Path) -> None:
    packed(tmp_path / "o.csv", b"a,b\n" + b"1,2\n" * 700_000)
    with duckdb.connect() as con:
        found = con.execute(f"SELECT count(*), sum(b) FROM read_csv('{tmp_path}/o.csv.gz')").fetchall()
    assert found == [(700_000, 1_400_000)]


def test_whoever_stops_the_run_stops_the_packing(tmp_path: Path) -> None:
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise Cancelled("The run was cancelled.")

    path = tmp_path / "o.csv"
    path.write_bytes(b"x" * BLOCK_BYTES * 8)
    with pytest.raises(Cancelled):
        pack(path, 2, check)
    assert len(asked) == 2
    assert path.exists()


@pytest.mark.parametrize("file_type", ["CSV", "JSON"])
def test_a_split_writes_packed_files_with_names_that_say_so(bench: Bench, file_type: str) -> None:
    output = Output("out", file_type=file_type, is_packed=True)  # pyright: ignore[reportArgumentType]
    ran = bench.run(ALL, RECORDS, output=output)
    (key,) = ran.keys
    assert key.endswith(f".{file_type.lower()}.gz")
    read = csv_records if file_type == "CSV" else json_records
    assert [record["a"] for record in read(gzip.decompress(ran.contents[0]))] == [f"{n}" for n in range(500)]
    assert ran.counts.records_written == 500
    assert ran.counts.bytes_written == len(ran.contents[0]) < len(RECORDS)


def test_partitions_and_files_of_a_size_are_packed_too(bench: Bench) -> None:
    tasks = Tasks(map_all=MapAll(0, frozenset()), partition=("b",))
    rows = b"a,b\n" + b"".join(b"%d,%s\n" % (n, b"xy"[n % 2 : n % 2 + 1]) for n in range(100))
    ran = bench.run(tasks, rows, output=Output("out", file_type="CSV", is_packed=True))
    assert sorted(key.rpartition("/")[0].rpartition("/")[2] for key in ran.keys) == ["b=x", "b=y"]
    assert sum(len(csv_records(gzip.decompress(content))) for content in ran.contents) == 100
    sized = Output("out", file_type="CSV", is_packed=True, target_file_bytes=1000)
    many = bench.run(ALL, b"a,b\n" + b"1,some text\n" * 30_000, output=sized)
    assert sum(len(csv_records(gzip.decompress(content))) for content in many.contents) == 30_000


def test_what_is_packed_can_be_a_source_again(bench: Bench) -> None:
    ran = bench.run(ALL, RECORDS, output=Output("out", file_type="CSV", is_packed=True))
    assert bench.run(ALL, ran.contents[0]).counts.records_written == 500
