"""Records to one folder for each set of partition values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from headrace.engine import layout
from headrace.engine.compile import Column, Compiled
from headrace.engine.layout import Output
from headrace.engine.sql import literal
from headrace.engine.watch import Watch
from headrace.engine.writers import Written, write


def write_partitions(
    con: duckdb.DuckDBPyConnection, compiled: Compiled, source: str, output: Output, target: Path, watch: Watch
) -> Iterator[tuple[str, Written]]:
    """Each partition's folder and what was written of it, in the order of their values.

    The records are sorted into one intermediate file first, so that any number of partitions
    takes one open file and no more memory than one.
    """
    columns = [Column(f"o{place}", column.sql) for place, column in enumerate(compiled.columns)]
    keys = [Column(f"p{place}", column.sql) for place, column in enumerate(compiled.partition)]
    names = [column.name for column in keys]
    selected = ", ".join(f"{column.sql} AS {column.name}" for column in (*columns, *keys))
    if output.keeps_source:
        selected += ", source"
    sorted_file = target.with_name(f"{target.name}-sorted.parquet")
    con.execute(
        f"COPY (SELECT {selected} FROM {source} ORDER BY {', '.join(names)})"
        f" TO {literal(str(sorted_file))} (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 20000)"
    )
    reader = f"read_parquet({literal(str(sorted_file))}, hive_partitioning=false)"
    final = [Column(column.name, made.name) for column, made in zip(compiled.columns, columns, strict=True)]
    try:
        found = con.execute(f"SELECT DISTINCT {', '.join(names)} FROM {reader} ORDER BY ALL").fetchall()
        for place, values in enumerate(found):
            watch.check()
            chosen = " AND ".join(_is(name, value) for name, value in zip(names, values, strict=True))
            folder = layout.partition_folder(
                [(column.name, value) for column, value in zip(compiled.partition, values, strict=True)]
            )
            part = target.with_name(f"{target.name}-{place}")
            yield folder, write(con, final, f"{reader} WHERE {chosen}", output, part)
    finally:
        sorted_file.unlink(missing_ok=True)


def _is(name: str, value: str | None) -> str:
    return f"{name} IS NULL" if value is None else f"{name} = {literal(value)}"
