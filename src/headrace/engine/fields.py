"""Which fields of the source a flow reads, and as what type."""

from __future__ import annotations

from collections.abc import Sequence

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
    cast = _cast(order.tasks)

    def is_typed(name: str) -> bool:
        return order.input != "json" or (order.output.keeps_types and name not in cast)

    return Wanted(fields_read(order.tasks), is_typed)


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
    if order.input != "json":
        return tuple(Field(name, _unless_json(types.get(name, TEXT))) for name in names)
    if order.output.keeps_types:
        # What every Map casts is text until then, so that long numbers keep their digits.
        cast = _cast(order.tasks)
        return tuple(Field(name, TEXT if name in cast else _unless_json(types.get(name, TEXT))) for name in names)
    written = _written_as_json(order, names)
    return tuple(Field(name, JSON if name in written else TEXT) for name in names)


def _unless_json(found: str) -> str:
    """Members of JSON stay JSON only where they are written as JSON, unchanged: text is quicker."""
    return TEXT if found == JSON else found


def _written_as_json(order: SplitOrder, names: Sequence[str]) -> set[str]:
    """The fields that are written as JSON as they are read."""
    tasks = order.tasks
    if order.output.file_type != "JSON":
        return set()
    written = set(names) if fields_read(tasks) is None else {task.source for task in tasks.maps}
    return written - {task.field for task in (*tasks.masks, *tasks.truncates)}


def _cast(tasks: Tasks) -> set[str]:
    """The fields that every Map of which casts."""
    if fields_read(tasks) is None:
        return set()
    kept = {task.source for task in tasks.maps if sql_type(task.destination_type) is None}
    return {task.source for task in tasks.maps} - kept
