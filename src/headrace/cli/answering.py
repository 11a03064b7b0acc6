"""Answers on the terminal: JSON, the AWS CLI's text, or tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from shutil import get_terminal_size
from typing import Any, Literal, cast

import click

from headrace.model.api import SHAPES
from headrace.model.shapes import ListShape, MapShape, Structure, Timestamp

Form = Literal["json", "table", "text"]
_MEMBERS = ("member", "value")
# What rich puts around a cell.
_BETWEEN = " │ "
_UNBOUNDED = 10_000


def with_instants(value: Any, shape_name: str) -> Any:
    """The document with its instants as ISO 8601 in UTC, not as seconds."""
    shape = SHAPES[shape_name]
    if isinstance(shape, Timestamp):
        return datetime.fromtimestamp(value, UTC).isoformat()
    if isinstance(shape, Structure):
        shapes = {member.name: member.shape for member in shape.members}
        return {name: with_instants(part, shapes[name]) for name, part in value.items()}
    if isinstance(shape, ListShape):
        return [with_instants(part, shape.member) for part in value]
    if isinstance(shape, MapShape):
        return {key: with_instants(part, shape.value) for key, part in value.items()}
    return value


def answer_lines(answer: Any, form: Form, *, width: int | None = None) -> Iterator[str]:
    """The answer, line by line; an answer without members has none. No table is wider than `width`; None: as it is."""
    if form == "text":
        yield from _text(answer, None, None)
    elif form == "json" and answer not in ({}, None):
        yield json.dumps(answer, indent=4, ensure_ascii=False)
    elif form == "table":
        yield from _tables(answer, width)


def say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


def _text(value: Any, name: str | None, columns: Sequence[str] | None) -> Iterator[str]:
    """Lines of fields with tabs between them: what is in a member begins with the member's name in capitals."""
    if isinstance(value, Mapping):
        parts = cast("Mapping[str, Any]", value)
        fields = [str(parts.get(key, "")) for key in (columns or sorted(_scalars(parts)))]
        if fields:
            yield "\t".join([*([name.upper()] if name else []), *fields])
        for key in sorted(parts.keys() - _scalars(parts)):
            yield from _text(parts[key], key, None)
    elif isinstance(value, list):
        yield from _text_of_list(cast("list[Any]", value), name)
    else:
        yield str(value)


def _text_of_list(values: list[Any], name: str | None) -> Iterator[str]:
    documents = [cast("Mapping[str, Any]", each) for each in values if isinstance(each, Mapping)]
    if documents:
        columns = sorted({key for each in documents for key in _scalars(each)})
        for each in documents:
            yield from _text(each, name, columns)
    elif name is not None:
        for each in values:
            yield f"{name.upper()}\t{each!s}"
    elif values:
        yield "\t".join(str(each) for each in values)


def _scalars(document: Mapping[str, Any]) -> set[str]:
    return {key for key, part in document.items() if not isinstance(part, Mapping | list)}


def _tables(answer: Any, width: int | None) -> Iterator[str]:
    """A table of what the answer says in single words, and one for each of its lists."""
    document = cast("Mapping[str, Any]", answer if isinstance(answer, Mapping) else {"answer": answer})
    lists = {key: cast("list[Any]", part) for key, part in document.items() if _has_rows(part)}
    single = [[key, _cell(part)] for key, part in document.items() if key not in lists]
    if single:
        yield _drawn(_MEMBERS, single, width)
    for key, rows in lists.items():
        yield from table_of(key, rows, width)


def table_of(title: str, rows: Sequence[Mapping[str, Any]], width: int | None) -> Iterator[str]:
    """A line for each row; where that is too wide, a table for each."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    widest = [max(len(text) for text in column) for column in zip(columns, *cells, strict=True)]
    if width is None or sum(each + len(_BETWEEN) for each in widest) < width:
        yield _drawn(columns, cells, width, title)
        return
    for number, row in enumerate(rows):
        yield _drawn(_MEMBERS, [[name, _cell(part)] for name, part in row.items()], width, f"{title}[{number}]")


def _has_rows(part: Any) -> bool:
    rows = cast("list[Any]", part) if isinstance(part, list) else []
    return bool(rows) and all(isinstance(row, Mapping) for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, title: str | None = None) -> str:
    """A table as rich draws it."""
    console_module, table_module, text_module = (import_module(f"rich.{name}") for name in ("console", "table", "text"))
    table = table_module.Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(text_module.Text(cell) for cell in row))
    console = console_module.Console(width=width or _UNBOUNDED)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")


def terminal_width() -> int | None:
    """Of the terminal; None where the answer goes elsewhere."""
    return get_terminal_size().columns if sys.stdout.isatty() else None
