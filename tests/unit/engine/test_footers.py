"""The bytes of a Parquet file's schema, of files that DuckDB wrote, whole and broken."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.engine.footers import schema_of
from tests.oracle.running import Bench

TYPES = [
    "BIGINT",
    "BOOLEAN",
    "UTINYINT",
    "VARCHAR",
    "BLOB",
    "UUID",
    "DATE",
    "TIMESTAMP_NS",
    "TIMESTAMPTZ",
    "TIME",
    "DECIMAL(18,4)",
    "DECIMAL(38,0)",
    "INTEGER[]",
    "STRUCT(a DECIMAL(4,1), b VARCHAR[])",
    "MAP(VARCHAR, TIMESTAMP)",
    "ENUM('x', 'y')",
]
COLUMNS = st.lists(
    st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.sampled_from(TYPES)),
    min_size=1,
    max_size=20,
    unique_by=lambda column: column[0].casefold(),
)
ROWS = 70
# A footer's third field, an integer of 64 bits; 70 as one, of alternating sign.
ROWS_FIELD = b"\x16\x8c\x01"
WIDE = [(f"c{place}", type_) for place, type_ in enumerate(TYPES)]


def written(con: duckdb.DuckDBPyConnection, path: Path, columns: list[tuple[str, str]], options: str = "") -> Path:
    names = [name.replace('"', '""') for name, _ in columns]
    nulls = ", ".join(f'NULL::{type_} AS "{name}"' for name, (_, type_) in zip(names, columns, strict=True))
    con.execute(f"COPY (SELECT {nulls} FROM range({ROWS})) TO '{path}' (FORMAT parquet{options})")
    return path


def described(con: duckdb.DuckDBPyConnection, path: Path) -> list[Any]:
    return con.execute("SELECT * EXCLUDE file_name FROM parquet_schema(?)", [str(path)]).fetchall()


def footer_of(path: Path) -> bytes:
    content = path.read_bytes()
    return content[-8 - int.from_bytes(content[-8:-4], "little") : -8]


def with_footer(path: Path, footer: bytes, *, end: bytes = b"PAR1", length: int | None = None) -> Path:
    size_bytes = len(footer) if length is None else length
    path.write_bytes(b"PAR1" + footer + size_bytes.to_bytes(4, "little") + end)
    return path


@pytest.fixture(scope="module", name="con")
def a_connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@given(COLUMNS, COLUMNS)
@settings(max_examples=40, deadline=None)
def test_files_have_the_same_schema_where_duckdb_finds_the_same(
    bench: Bench, con: duckdb.DuckDBPyConnection, columns: list[tuple[str, str]], others: list[tuple[str, str]]
) -> None:
    folder = bench.folder()
    one, again = written(con, folder / "1", columns), written(con, folder / "2", columns, ", COMPRESSION zstd")
    other = written(con, folder / "3", others)
    schema = schema_of(one)
    if schema is None:
        assert b"geo" in footer_of(one)
        return
    assert schema == schema_of(again) == schema_of(again, schema)
    assert footer_of(one)[len(schema) :].startswith(ROWS_FIELD)
    is_same = described(con, one) == described(con, other)
    assert (schema_of(other) == schema, schema_of(other, schema) == schema) == (is_same, is_same)


def test_a_broken_footer_has_the_schema_of_another_only_where_it_says_the_same(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    whole = written(con, tmp_path / "whole", WIDE)
    footer, schema, found = footer_of(whole), schema_of(whole), described(con, whole)
    assert schema is not None
    chance = random.Random(7)
    for _ in range(400):
        bits = bytearray(footer)
        bits[chance.randrange(len(bits))] ^= 1 << chance.randrange(8)
        broken = with_footer(tmp_path / "broken", bytes(bits))
        of_broken = schema_of(broken, schema)
        assert of_broken == schema_of(broken)
        assert of_broken is None or footer_of(broken).startswith(of_broken)
        # What is broken elsewhere is found when it is read.
        with suppress(duckdb.Error):
            assert (of_broken == schema) <= (described(con, broken) == found)


@pytest.mark.parametrize("size_bytes", [0, 1, 4, 7, 8, 11, 12, 40])
def test_a_file_that_is_cut_has_no_schema(con: duckdb.DuckDBPyConnection, tmp_path: Path, size_bytes: int) -> None:
    path = written(con, tmp_path / "cut", WIDE)
    path.write_bytes(path.read_bytes()[:size_bytes])
    assert schema_of(path) is None


def test_a_footer_that_is_cut_within_its_schema_has_none(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    whole = written(con, tmp_path / "whole", WIDE)
    schema = schema_of(whole)
    assert schema is not None
    for size_bytes in range(len(schema)):
        assert schema_of(with_footer(tmp_path / "cut", schema[:size_bytes])) is None


@pytest.mark.parametrize("end, length", [(b"PARE", None), (b"PAR1", 2**31), (b"PAR1", 0), (b"PAR1", 10_000_000)])
def test_a_file_that_ends_otherwise_has_no_schema(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, end: bytes, length: int | None
) -> None:
    footer = footer_of(written(con, tmp_path / "whole", WIDE))
    assert schema_of(with_footer(tmp_path / "other", footer)) is not None
    assert schema_of(with_footer(tmp_path / "other", footer, end=end, length=length)) is None


def test_a_footer_that_is_larger_than_most_is_not_held(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    footer = footer_of(written(con, tmp_path / "whole", WIDE))
    assert schema_of(with_footer(tmp_path / "large", footer + bytes(2**20))) is None


def test_structs_without_end_are_no_schema(tmp_path: Path) -> None:
    assert schema_of(with_footer(tmp_path / "deep", b"\x15\x02\x19\x1c" + b"\x1c" * 100_000)) is None


def test_files_of_which_one_has_geometries_are_told_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    columns = '{"version":"1.0.0","primary_column":"g","columns":{"g":{"encoding":"WKB","geometry_types":[]}}}'
    plain = written(con, tmp_path / "plain", [("g", "BLOB")])
    with_points = written(con, tmp_path / "points", [("g", "BLOB")], f", KV_METADATA {{geo: '{columns}'}}")
    assert described(con, plain) != described(con, with_points)
    schema = schema_of(plain)
    assert schema is not None
    assert schema_of(with_points, schema) is None
