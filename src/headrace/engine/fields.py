"""Which fields of the source a flow reads, and as what type."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from headrace.engine.members import Wanted
from headrace.engine.results import SplitOrder
from headrace.engine.sources import SourceView
from headrace.engine.tasks import Arithmetic, Merge, Tasks
from headrace.engine.types import sql_type
from headrace.engine.values import JSON, TEXT, Field


def fields_read(tasks: Tasks) -> tuple[str, ...] | None:
    """The source fields that the tasks name, sorted; None where Map_all or Passthrough reads them all."""
    if tasks.map_all is not None or tasks.passthrough:
        return None
    names = {task.field for task in (*tasks.filters, *tasks.validates, *tasks.masks, *tasks.truncates)}
    makers = (*tasks.merges, *tasks.arithmetics)
    made = {task.output for task in makers}
    names |= {task.source for task in tasks.maps} - made
    for task in makers:
        # A task that makes a field out of one of the same name reads the source's.
        names |= {name for name in _operands(task) if name == task.output or name not in made}
    return tuple(sorted(names))


def _operands(task: Merge | Arithmetic) -> Sequence[str]:
    return task.fields if isinstance(task, Arithmetic) else task.parts[1::2]


def wanted_of(order: SplitOrder) -> Wanted:
    """The members to look for in a JSON file, and of which the type matters."""
    return Wanted(fields_read(order.tasks), partial(_is_typed, order))


def _is_typed(order: SplitOrder, name: str) -> bool:
    if order.input != "json":
        return True
    return order.output.keeps_types and not _is_cast(order.tasks, name)


def fields_of(order: SplitOrder, views: Sequence[SourceView]) -> tuple[Field, ...]:
    """The fields of files that are written together, in the order in which Map_all writes them."""
    types: dict[str, str] = {}
    for view in views:
        for field in view.fields:
            known = types.setdefault(field.name, field.type)
            types[field.name] = known if known == field.type else TEXT
    names = fields_read(order.tasks)
    if names is None:
        # A Parquet file among files of CSV has fields that no header names.
        names = tuple(dict.fromkeys((*(order.fields or ()), *types)))
    return tuple(Field(name, _type(order, name, types.get(name, TEXT))) for name in names)


def _type(order: SplitOrder, name: str, found: str) -> str:
    """Members of JSON stay JSON only where they are written as JSON, unchanged: text is quicker.

    What every Map casts is text until then, so that long numbers keep their digits.
    """
    if order.input == "json" and order.output.keeps_types and _is_cast(order.tasks, name):
        return TEXT
    if order.input != "json" or order.output.keeps_types:
        return TEXT if found == JSON else found
    changed = {task.field for task in (*order.tasks.masks, *order.tasks.truncates)}
    is_written = fields_read(order.tasks) is None or any(task.source == name for task in order.tasks.maps)
    return JSON if order.output.file_type == "JSON" and is_written and name not in changed else TEXT


def _is_cast(tasks: Tasks, name: str) -> bool:
    types = [sql_type(task.destination_type) for task in tasks.maps if task.source == name]
    return bool(types) and all(types) and fields_read(tasks) is not None
