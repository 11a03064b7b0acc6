"""A look into a source file: of which format it is, and which fields it has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.coming import Followed, wait_for, whole
from headrace.engine.formats import (
    Compression,
    Header,
    InputFormat,
    UnreadableSource,
    compression_of,
    csv_header,
    format_of,
)
from headrace.engine.frames import is_whole_zstd
from headrace.engine.joining import beginning, heads, joined
from headrace.engine.lines import line_end_of
from headrace.engine.malformed import first_line
from headrace.engine.members import Wanted, fields_of_kinds, kinds_by_file, members_of, undecided
from headrace.engine.parquet import described_together, open_parquet
from headrace.engine.sources import CsvFile, JsonFile, ParquetFile, SourceView, can_be_one
from headrace.engine.values import Field

_MAGIC_BYTES = 8
# Small files are worked on together with others, if nothing is odd about them.
SMALL_BYTES = 1024 * 1024
# What a byte may take compressed.
_TINY_BYTES = 64
_BLOCK = 1024 * 1024
# Of so many of the first objects of each of several files the kinds of members are looked at before all others.
_FIRST_OBJECTS = 20
_GLOB = frozenset("*?[]{}")


def open_view(
    con: duckdb.DuckDBPyConnection, file: LocalFile, declared: InputFormat, wanted: Wanted, scratch: Path
) -> SourceView:
    """Look into a file, `declared` unless it says itself of which format it is.

    Raises UnreadableSource where not even its header or structure can be read.
    """
    return _second_look(con, _first_look(file, declared, scratch), wanted, scratch)


def open_views(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[LocalFile],
    declared: InputFormat,
    wanted: Wanted,
    scratch: Path,
    urls: Mapping[Path, str] = MappingProxyType({}),
) -> list[SourceView]:
    """Look into small files, each as `open_view` does; what is to be asked of DuckDB is asked of many at once.

    `urls` names those, by their paths, that are to be read while they come; UnreadableSource may then only mean that
    they can't be.
    """
    views = [_first_look(file, declared, scratch, urls.get(file.path)) for file in files]
    lines = [view for view in views if isinstance(view, JsonFile)]
    tables = [view for view in views if isinstance(view, ParquetFile)]
    looked = _typed_together(con, lines, wanted, scratch) | described_together(con, tables)
    return [looked.get(view.path) or _second_look(con, view, wanted, scratch) for view in views]


def once_whole(view: SourceView, file: LocalFile, scratch: Path) -> SourceView:
    """The view of a file that was coming and now is there."""
    if not isinstance(view, CsvFile | JsonFile):
        return view
    return replace(view, file=file, path=_plain_path(file, scratch), is_coming=False)


def is_odd_after_all(views: Sequence[SourceView], coming: Sequence[Followed]) -> bool:
    """Whether a file that was read while it came is one of which lines were, or may have been, lost without a word."""
    if any(view.may_have_lost() for view in views if isinstance(view, CsvFile) and view.is_coming):
        return True
    plain = {view.path for view in views if isinstance(view, JsonFile) and view.compression == "none"}
    return any((each.has_nul and each.url in plain) or not each.is_read_whole for each in coming)


def _first_look(file: LocalFile, declared: InputFormat, scratch: Path, url: str | None = None) -> SourceView:
    """What the file's bytes say; the fields of JSON and Parquet are looked for later."""
    if url is not None:
        return _look_while_it_comes(file, file.format or declared, url)
    file = whole(file)
    declared = file.format or declared
    # A small file is opened once.
    content = _text(file, declared) if file.size_bytes <= SMALL_BYTES else None
    head = partial(_head, file) if content is None else partial(_begin, content)
    path = _plain_path(file, scratch)
    kind = format_of(head(_MAGIC_BYTES), declared)
    if kind == "parquet":
        return ParquetFile(file, path, ())
    compression = compression_of(head(_MAGIC_BYTES))
    if compression == "zstd" and not is_whole_zstd(file.path):
        raise UnreadableSource(f"{file.name} ends before its zstd data does", file.name)
    if kind == "csv":
        header = csv_header(file.name, head)
        line_end = None if content is None else line_end_of(content)
        view = CsvFile(file, path, compression, tuple(map(Field, header.fields)), header.blank_lines, line_end)
        return view.with_one_line_end(scratch) if _hides_line_end(header) else view
    is_odd = _is_odd_json(file, compression, content)
    return JsonFile(file, path, compression, (), is_lenient=is_odd)


def _look_while_it_comes(file: LocalFile, declared: InputFormat, url: str) -> SourceView:
    """What the beginning says. Raises UnreadableSource also where more than that is needed."""
    head = _head(file, _MAGIC_BYTES)
    kind, compression = format_of(head, declared), compression_of(head)
    if kind == "json" and compression != "zstd":
        return JsonFile(file, url, compression, (), is_coming=True)
    if kind == "csv" and compression != "zstd":
        header = csv_header(file.name, lambda size: _head(file, size))
        if not _hides_line_end(header):
            fields = tuple(map(Field, header.fields))
            return CsvFile(file, url, compression, fields, header.blank_lines, is_coming=True)
    raise UnreadableSource(f"{file.name} is read once all of it is there", file.name)


def _hides_line_end(header: Header) -> bool:
    """Whether DuckDB would take a line end before the records, in a name or of a blank line, for the one of them all.

    Where it is not, it finds no records, and says nothing.
    """
    return header.blank_lines > 0 or any(set(name) & set("\r\n") for name in header.fields)


def _second_look(con: duckdb.DuckDBPyConnection, view: SourceView, wanted: Wanted, scratch: Path) -> SourceView:
    if isinstance(view, JsonFile):
        return _open_json(con, view, wanted, scratch)
    return open_parquet(con, view) if isinstance(view, ParquetFile) else view


def as_unreadable(error: duckdb.IOException, views: Sequence[SourceView]) -> UnreadableSource | None:
    """That one of the files is packed and not whole, where DuckDB says so of its path."""
    said = str(error)
    file = next((view.file for view in views if str(view.file.path) in said), None)
    if file is None or not any(packed in said.upper() for packed in ("GZIP", "ZSTD")):
        return None
    reason = first_line(error).replace(str(file.path), file.name)
    return UnreadableSource(f"{file.name} is not whole: {reason}", file.name)


def check_tables(
    con: duckdb.DuckDBPyConnection, files: Sequence[LocalFile], declared: InputFormat, scratch: Path
) -> None:
    """Raise UnreadableSource where one of the files is of Parquet and broken: a query over many does not say which."""
    for file in files:
        if file.coming is None and format_of(_head(file, _MAGIC_BYTES), file.format or declared) == "parquet":
            open_parquet(con, ParquetFile(file, _plain_path(file, scratch), ()))


def _head(file: LocalFile, size: int) -> bytes:
    wait_for(file, min(size, file.size_bytes))
    with file.path.open("rb") as stream:
        return stream.read(size)


def _text(file: LocalFile, declared: InputFormat) -> bytes:
    """The whole file; of one of Parquet no more than says that it is one."""
    with file.path.open("rb", buffering=0) as stream:
        begin = stream.read(_MAGIC_BYTES)
        return begin if format_of(begin, declared) == "parquet" else begin + stream.read()


def _begin(content: bytes, size: int) -> bytes:
    return content[:size]


def _is_odd_json(file: LocalFile, compression: Compression, content: bytes | None) -> bool:
    """Whether DuckDB's quick reader would lose lines without a word.

    It takes a file of one byte for an empty one, and a line that begins with NUL for a blank one.
    """
    if compression != "none":
        return file.size_bytes < _TINY_BYTES
    if content is not None:
        return len(content) < _MAGIC_BYTES or b"\0" in content
    with file.path.open("rb") as stream:
        return any(b"\0" in block for block in iter(lambda: stream.read(_BLOCK), b""))


def _plain_path(file: LocalFile, scratch: Path) -> str:
    """A path without characters that DuckDB would expand."""
    path = str(file.path)
    if not _GLOB.intersection(path):
        return path
    link = scratch / f"plain-{uuid.uuid4().hex}"
    link.symlink_to(file.path)
    return str(link)


def _typed_together(
    con: duckdb.DuckDBPyConnection, views: Sequence[JsonFile], wanted: Wanted, scratch: Path
) -> dict[str, SourceView]:
    """The views with the members that are wanted and their types. Nothing if a line of any is none."""
    names = wanted.names or ()
    typed = [name for name in names if wanted.is_typed(name)]
    small = [view for view in views if not (view.is_lenient or view.is_coming or view.file.size_bytes > SMALL_BYTES)]
    alike = [view for view in small if view.compression == small[0].compression]
    if len(alike) < 2 or not typed or not can_be_one(typed):
        return {}
    try:
        kinds = _kinds_together(con, alike, typed, scratch)
    except (duckdb.InvalidInputException, duckdb.IOException):
        return {}
    found = zip(alike, kinds, strict=True)
    return {view.path: replace(view, fields=fields_of_kinds(names, typed, of_file)) for view, of_file in found}


def _kinds_together(
    con: duckdb.DuckDBPyConnection, views: Sequence[JsonFile], names: Sequence[str], scratch: Path
) -> list[dict[str, set[str]]]:
    """Of each file the kinds of its members: those of its first objects, where these leave a type open of all."""
    first = heads(views, scratch, _FIRST_OBJECTS)
    found: list[dict[str, set[str]]] = [{} for _ in views]
    if first is not None:
        found = _kinds_of(con, first, names, len(views))
    left = [place for place, kinds in enumerate(found) if undecided(names, kinds)]
    if not left:
        return found
    open_names = [name for name in names if any(name in undecided(names, found[place]) for place in left)]
    rest = [views[place] for place in left]
    several = joined(rest, scratch, tells_file=True) or replace(
        rest[0], others=tuple(view.path for view in rest[1:]), tells_file=True
    )
    assert isinstance(several, JsonFile)  # noqa: S101 - narrows the type
    for place, kinds in zip(left, _kinds_of(con, several, open_names, len(rest)), strict=True):
        found[place] = found[place] | kinds
    return found


def _kinds_of(
    con: duckdb.DuckDBPyConnection, several: JsonFile, names: Sequence[str], count: int
) -> list[dict[str, set[str]]]:
    kinds = kinds_by_file(con, several.values(names), names)
    return [kinds.get(place, {}) for place in range(count)]


def _open_json(con: duckdb.DuckDBPyConnection, view: JsonFile, wanted: Wanted, scratch: Path) -> JsonFile:
    """The view with the members that are wanted of its objects."""
    if wanted.names is not None and not any(map(wanted.is_typed, wanted.names)):
        return replace(view, fields=tuple(map(Field, wanted.names)))

    def first_objects(most: int) -> str | None:
        first = beginning(view, scratch, most)
        return first and first.objects()

    try:
        return replace(view, fields=members_of(con, view.objects(), wanted, view.values, first_objects))
    except duckdb.InvalidInputException:
        if view.is_coming:
            raise
        # The quick way would fail for the same line.
        careful = replace(view, is_lenient=True)
        return replace(careful, fields=members_of(con, careful.objects(), wanted))
