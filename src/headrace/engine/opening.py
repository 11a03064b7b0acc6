"""A look into a source file: of which format it is, and which fields it has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.formats import Compression, InputFormat, UnreadableSource, compression_of, csv_header, format_of
from headrace.engine.frames import is_whole_zstd
from headrace.engine.lines import line_end_of
from headrace.engine.members import Wanted, members_of
from headrace.engine.sources import CsvFile, JsonFile, ParquetFile, SourceView, first_line
from headrace.engine.sql import literal
from headrace.engine.values import Field

_MAGIC_BYTES = 8
# Small files are worked on together with others, if nothing is odd about them.
SMALL_BYTES = 1024 * 1024
# What a byte may take compressed.
_TINY_BYTES = 64
_BLOCK = 1024 * 1024
_GLOB = frozenset("*?[]{}")


def open_view(
    con: duckdb.DuckDBPyConnection, file: LocalFile, declared: InputFormat, wanted: Wanted, scratch: Path
) -> SourceView:
    """Look into a file, `declared` unless it says itself of which format it is.

    Raises UnreadableSource where not even its header or structure can be read.
    """
    declared = file.format or declared
    head = _head(file, _MAGIC_BYTES)
    path = _plain_path(file, scratch)
    kind = format_of(head, declared)
    if kind == "parquet":
        return _open_parquet(con, file, path)
    compression = compression_of(head)
    if compression == "zstd" and not is_whole_zstd(file.path):
        raise UnreadableSource(f"{file.name} ends before its zstd data does", file.name)
    if kind == "csv":
        header = csv_header(file.name, lambda size: _head(file, size))
        line_end = line_end_of(file.path) if file.size_bytes <= SMALL_BYTES else None
        view = CsvFile(file, path, compression, tuple(map(Field, header.fields)), header.blank_lines, line_end)
        # DuckDB would take a line end in a name for the one of all lines, and find no records.
        has_line_end = any(set(name) & set("\r\n") for name in header.fields)
        return view.lenient(scratch) if has_line_end else view
    is_odd = _is_odd_json(file, compression)
    return _open_json(con, JsonFile(file, path, compression, (), is_lenient=is_odd), wanted)


def as_unreadable(error: duckdb.IOException, views: Sequence[SourceView]) -> UnreadableSource | None:
    """That one of the files is packed and not whole, where DuckDB says so of its path."""
    said = str(error)
    file = next((view.file for view in views if str(view.file.path) in said), None)
    if file is None or not any(packed in said.upper() for packed in ("GZIP", "ZSTD")):
        return None
    reason = first_line(error).replace(str(file.path), file.name)
    return UnreadableSource(f"{file.name} is not whole: {reason}", file.name)


def _head(file: LocalFile, size: int) -> bytes:
    with file.path.open("rb") as stream:
        return stream.read(size)


def _is_odd_json(file: LocalFile, compression: Compression) -> bool:
    """Whether DuckDB's quick reader would lose lines without a word.

    It takes a file of one byte for an empty one, and a line that begins with NUL for a blank one.
    """
    if compression != "none":
        return file.size_bytes < _TINY_BYTES
    with file.path.open("rb") as stream:
        return file.size_bytes < _MAGIC_BYTES or any(b"\0" in block for block in iter(lambda: stream.read(_BLOCK), b""))


def _plain_path(file: LocalFile, scratch: Path) -> str:
    """A path without characters that DuckDB would expand."""
    path = str(file.path)
    if not _GLOB.intersection(path):
        return path
    link = scratch / f"plain-{uuid.uuid4().hex}"
    link.symlink_to(file.path)
    return str(link)


def _open_parquet(con: duckdb.DuckDBPyConnection, file: LocalFile, path: str) -> ParquetFile:
    try:
        found = con.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(path)}, hive_partitioning=false)").fetchall()
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        # No fault of the file's.
        raise
    except duckdb.Error as error:
        raise UnreadableSource(f"{file.name} can't be read as Parquet: {first_line(error)}", file.name) from error
    return ParquetFile(file, path, tuple(Field(str(row[0]), str(row[1])) for row in found))


def _open_json(con: duckdb.DuckDBPyConnection, view: JsonFile, wanted: Wanted) -> JsonFile:
    """The view with the members that are wanted of its objects."""
    if wanted.names is not None and not any(map(wanted.is_typed, wanted.names)):
        return replace(view, fields=tuple(map(Field, wanted.names)))
    try:
        return replace(view, fields=members_of(con, view.objects(), wanted, view.values))
    except duckdb.InvalidInputException:
        # The quick way would fail for the same line.
        careful = replace(view, is_lenient=True)
        return replace(careful, fields=members_of(con, careful.objects(), wanted))
