"""A look into files of Parquet: which fields they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from headrace.engine.footers import schema_of
from headrace.engine.formats import UnreadableSource
from headrace.engine.malformed import first_line
from headrace.engine.sources import ParquetFile, SourceView
from headrace.engine.sql import literal
from headrace.engine.values import Field


def open_parquet(con: duckdb.DuckDBPyConnection, view: ParquetFile) -> ParquetFile:
    """The view with its fields. Raises UnreadableSource."""
    name = view.file.name
    try:
        found = con.execute(f"DESCRIBE SELECT * FROM {view.reader()}").fetchall()
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        # No fault of the file's.
        raise
    except duckdb.Error as error:
        raise UnreadableSource(f"{name} can't be read as Parquet: {first_line(error)}", name) from error
    return replace(view, fields=tuple(Field(str(row[0]), str(row[1])) for row in found))


def described_together(con: duckdb.DuckDBPyConnection, views: Sequence[ParquetFile]) -> dict[str, SourceView]:
    """The views with their fields: of files whose schemas are the same, one is described. Nothing if any is broken.

    Of a file whose schema another one has, no more is looked at: it may yet turn out to be broken (`check_tables`).
    """
    if len(views) < 2:
        return {}
    alike = _alike(views)
    fields = _fields_together(con, [group[0] for group in alike])
    return {
        view.path: replace(view, fields=found) for group, found in zip(alike, fields, strict=False) for view in group
    }


def _alike(views: Sequence[ParquetFile]) -> list[list[ParquetFile]]:
    """The views in groups whose schemas are the same, byte for byte; those that can't be compared by themselves."""
    groups: list[list[ParquetFile]] = []
    known: dict[bytes, list[ParquetFile]] = {}
    before: bytes | None = None
    for view in views:
        schema = schema_of(view.file.path, before)
        group = known.setdefault(schema, []) if schema else []
        if not group:
            groups.append(group)
        group.append(view)
        before = schema or before
    return groups


def _fields_together(con: duckdb.DuckDBPyConnection, views: Sequence[ParquetFile]) -> list[tuple[Field, ...]]:
    """The fields of each, few of them described; none if any is broken."""
    if len(views) == 1:
        return [open_parquet(con, views[0]).fields]
    paths = ", ".join(literal(view.path) for view in views)
    schemas: dict[str, list[tuple[object, ...]]] = {}
    try:
        for path, *element in con.execute(f"SELECT * FROM parquet_schema([{paths}])").fetchall():
            schemas.setdefault(str(path), []).append(tuple(element))
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error:
        # Which one is broken is found when each is looked at by itself.
        return []
    known: dict[tuple[tuple[object, ...], ...], tuple[Field, ...]] = {}
    for view in views:
        schema = tuple(schemas.get(view.path, ()))
        if schema not in known:
            known[schema] = open_parquet(con, view).fields
    return [known[tuple(schemas.get(view.path, ()))] for view in views]
