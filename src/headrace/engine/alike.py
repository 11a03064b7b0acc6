"""Files that are alike, read as if they were one: a query has one reader for all of them, not one for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.opening import SMALL_BYTES
from headrace.engine.sources import CsvFile, JsonFile, ParquetFile, SourceView, can_be_one

# Small files are worked on together, as many as cost little memory.
MOST_BYTES = 32 * 1024 * 1024
MOST_FILES = 256


def batches(files: Iterable[LocalFile]) -> Iterator[list[LocalFile]]:
    """The files in their order, small ones that follow one another together."""
    batch: list[LocalFile] = []
    size_bytes = 0
    for file in files:
        size_bytes += file.size_bytes
        if batch and (file.size_bytes > SMALL_BYTES or size_bytes > MOST_BYTES or len(batch) == MOST_FILES):
            yield batch
            batch, size_bytes = [], file.size_bytes
        batch.append(file)
        if file.size_bytes > SMALL_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def runs(views: Sequence[SourceView]) -> list[list[SourceView]]:
    """The views in their order, those together that follow one another and differ in nothing but their file."""
    found = [[view] for view in views[:1]]
    for before, view in pairwise(views):
        if _are_alike(before, view):
            found[-1].append(view)
        else:
            found.append([view])
    return found


def as_one(views: Sequence[SourceView], *, tells_file: bool = False) -> SourceView:
    """One view of all the files, which are alike; `tells_file`: see SourceView."""
    first, *others = views
    if not isinstance(first, CsvFile | JsonFile | ParquetFile) or not (others or tells_file):
        return first
    return replace(first, others=tuple(view.path for view in others), tells_file=tells_file)


def lenient_where_malformed(
    con: duckdb.DuckDBPyConnection, views: Sequence[SourceView], scratch: Path
) -> list[SourceView]:
    """The views, lenient where a file of JSON has a line that is no object."""
    lines = [view.lenient(scratch) for view in views if isinstance(view, JsonFile)]
    malformed: set[str] = set()
    for group in runs(lines):
        several = as_one(group, tells_file=True)
        if isinstance(several, JsonFile):
            malformed |= {group[int(file)].path for (file,) in con.execute(several.malformed()).fetchall()}
    return [view.lenient(scratch) if view.path in malformed else view for view in views]


def _are_alike(one: SourceView, other: SourceView) -> bool:
    if not isinstance(one, CsvFile | JsonFile | ParquetFile) or not isinstance(other, type(one)):
        return False
    return _is_plain(one) and replace(other, file=one.file, path=one.path) == one


def _is_plain(view: CsvFile | JsonFile | ParquetFile) -> bool:
    if isinstance(view, JsonFile):
        if view.is_lenient:
            return view.most is None
        # What is read line by line for once, or with its text, is read by itself; so is what comes: of several files
        # that DuckDB reads at once it loses a line that is cut at the end of one.
        is_odd = view.tells_presence or view.tells_source or view.is_coming
        return not is_odd and can_be_one([field.name for field in view.fields])
    if isinstance(view, CsvFile) and view.line_end is None:
        return False
    return bool(view.fields)
