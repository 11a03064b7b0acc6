"""The first records of a split: as many as pass its filters, and what lies before them.

What one file holds is looked at before the next one is asked for, so nothing is fetched that is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.compile import Branch, compile_tasks
from headrace.engine.fields import fields_of
from headrace.engine.malformed import BAD_CONTENT, drop_malformed
from headrace.engine.rejects import malformed_count
from headrace.engine.results import SplitOrder
from headrace.engine.sources import CsvFile, JsonFile, ParquetFile, SourceView

# Views of files as they are found.
Opened = CsvFile | JsonFile | ParquetFile


class _Looked(NamedTuple):
    """How many records of a file pass the filters, and the number of the last one wanted, None: there are fewer."""

    view: Opened
    passed: int
    last: int | None


def first_views(
    con: duckdb.DuckDBPyConnection,
    order: SplitOrder,
    limit: int,
    open_file: Callable[[LocalFile], SourceView],
    scratch: Path,
) -> tuple[SourceView, ...]:
    """Views of the files that hold the first `limit` records that pass the filters; the last ends with the last one."""
    views: list[SourceView] = []
    left = limit
    for file in order.files:
        looked = _look(con, order, _opened(open_file, file), left, scratch)
        while looked.last is None and looked.view.file.more is not None:
            looked = _look(con, order, _opened(open_file, looked.view.file.more()), left, scratch)
        views.append(replace(looked.view, most=looked.last))
        left -= looked.passed
        if looked.last is not None:
            break
    return tuple(views)


def forget_malformed_after(con: duckdb.DuckDBPyConnection, views: Iterable[SourceView]) -> None:
    """Of the malformed lines just met, forget those behind the last record that the views give."""
    for view in views:
        if view.most is not None and malformed_count(con):
            header = 1 if isinstance(view, CsvFile) else 0
            con.execute(_FORGET, [header, view.path, view.most])


# The number of good records before a malformed line is its own number less the malformed ones before it.
_FORGET = """
    DELETE FROM malformed_lines WHERE (scan_id, file_id, line) IN (
        SELECT (scan_id, file_id, line) FROM (
            SELECT scan_id, file_id, line,
                line - ? - dense_rank() OVER (PARTITION BY scan_id, file_id ORDER BY line) AS good_before
            FROM malformed_lines JOIN malformed_scans USING (scan_id, file_id) WHERE file_path = ?
        ) WHERE good_before >= ?
    )
"""


def _opened(open_file: Callable[[LocalFile], SourceView], file: LocalFile) -> Opened:
    view = open_file(file)
    assert isinstance(view, CsvFile | JsonFile | ParquetFile)  # noqa: S101 - narrows the type
    return view


def _look(con: duckdb.DuckDBPyConnection, order: SplitOrder, view: Opened, limit: int, scratch: Path) -> _Looked:
    """Look at the file in the way in which it can be read: a bad line may make it another one."""
    drop_malformed(con)
    try:
        looked = _count(con, order, view, limit)
        if not malformed_count(con):
            return looked
    except BAD_CONTENT:
        pass
    careful = view.lenient(scratch)
    assert isinstance(careful, CsvFile | JsonFile | ParquetFile)  # noqa: S101 - narrows the type
    drop_malformed(con)
    return _count(con, order, careful, limit)


def _count(con: duckdb.DuckDBPyConnection, order: SplitOrder, view: Opened, limit: int) -> _Looked:
    compiled = compile_tasks(order.tasks, fields_of(order, [view]), order.output)
    # Without an early end: malformed lines are known only once the whole file was read.
    row = con.execute(
        "SELECT count(*) FILTER (WHERE passes), min(n) FILTER (WHERE passes AND so_far >= ?) FROM ("
        " SELECT *, sum(passes::INTEGER) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far FROM ("
        f" SELECT row_number() OVER () AS n, {_passes(compiled.branches[1 : 1 + len(order.tasks.filters)])} AS passes"
        f" FROM ({view.select(compiled.fields)})))",
        [limit],
    ).fetchone()
    passed, last = row or (0, None)
    return _Looked(view, int(passed), None if last is None else int(last))


def _passes(filters: Sequence[Branch]) -> str:
    return " AND ".join(["malformed IS NULL", *(f"NOT ({branch.condition})" for branch in filters)])
