"""What the tasks of a split compile to, over the fields that its files have: nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from headrace.connector_sdk.contract import LocalFile
from headrace.engine.compile import compile_tasks
from headrace.engine.fields import fields_of, wanted_of
from headrace.engine.opening import open_view
from headrace.engine.readable import Explained, nothing_of, select_of
from headrace.engine.results import SplitOrder
from headrace.engine.sources import CsvFile, JsonFile, ParquetFile, SourceView
from headrace.engine.values import Field


def explained(
    con: duckdb.DuckDBPyConnection, order: SplitOrder, name: str, named: Callable[[int], str], scratch: Path
) -> Explained:
    """Look into the order's files, of which beginnings will do; where there are none, `name` stands for what is read,
    and `order.fields` are its fields. `named` says what the task of an index is called.
    """
    views: Sequence[SourceView] = list(_opened(con, order, scratch)) or [_unseen(order, name)]
    if order.output.omits_lacking:
        views = [replace(view, tells_presence=True) if isinstance(view, JsonFile) else view for view in views]
    knows_presence = order.output.omits_lacking and all(isinstance(view, JsonFile) for view in views)
    fields = fields_of(order, views)
    compiled = compile_tasks(order.tasks, fields, order.output, knows_presence=knows_presence)
    nothing = select_of(nothing_of(fields, knows_presence=knows_presence), compiled, named)
    types = con.execute(f"DESCRIBE {nothing}").fetchall()
    names = [column.name or f"column{place}" for place, column in enumerate(compiled.columns, start=1)]
    return Explained(
        select=select_of(_known(views[0]).select(compiled.fields), compiled, named),
        fields=fields,
        columns=tuple(Field(each, str(row[1])) for each, row in zip(names, types, strict=False)),
        partition=tuple(column.name for column in compiled.partition),
    )


def _opened(con: duckdb.DuckDBPyConnection, order: SplitOrder, scratch: Path) -> Iterator[SourceView]:
    for file in order.files:
        yield open_view(con, file, order.input, wanted_of(order), scratch)


def _unseen(order: SplitOrder, name: str) -> SourceView:
    """A view of what nobody has looked into."""
    file = LocalFile(name, Path(name), 0)
    fields = tuple(Field(each) for each in order.fields or ())
    if order.input == "csv":
        return CsvFile(file, name, "none", fields, 0)
    return JsonFile(file, name, "none", fields) if order.input == "json" else ParquetFile(file, name, fields)


def _known(view: SourceView) -> SourceView:
    """The view with the file by the source's name for it, not by that of a copy."""
    if isinstance(view, CsvFile | JsonFile | ParquetFile):
        return replace(view, path=view.file.name)
    return view
