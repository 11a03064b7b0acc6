"""Tasks to SQL: what each record's verdict is and what the columns of a kept one are.

The order of application (decisions, "Tasks" 1): projection and Filters on source values,
Validate on source values, Mask and Truncate in place, Merge and Arithmetic on what is there
then, Map and Map_all, Partition on destination fields. The order of the task list never matters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from headrace.engine import formulas, predicates
from headrace.engine.layout import Output
from headrace.engine.sql import literal
from headrace.engine.tasks import READING, Arithmetic, Map, MapAll, Merge, Tasks
from headrace.engine.types import sql_type
from headrace.engine.values import JSON, NULL, TEXT, Field, Value, cast, source_value, text_value

# Longest text of a partition value, escaped, in bytes: with its field it has to fit a file name.
_PARTITION_BYTES = 200
# An expression of so many characters gets a name before another is built on it.
_LONG = 40
_LET = re.compile(r"\bv\d+\b")


@dataclass(frozen=True)
class Column:
    """A column of the output; `sql` is its final expression for the file type of the output.

    `presence` says in SQL which records have it at all, None: every one. `json` is its value as JSON text.
    """

    name: str
    sql: str
    presence: str | None = None
    json: str = NULL.json


@dataclass(frozen=True)
class Branch:
    """What becomes of the records for which `condition` is TRUE and no earlier branch's is.

    `index` is the task's. `reason` (SQL text) says why a record is rejected or ends the run.
    """

    fate: Literal["drop", "reject", "stop"]
    index: int
    condition: str
    reason: str


@dataclass(frozen=True)
class Compiled:
    """The tasks over a source that has `fields` as its columns f0, f1, …, and `malformed`, the reason or NULL.

    `branches` look at source values. `lets` are columns to add for the records that pass them,
    one after the other: each may use those before it. `late_branches` and `columns` use them all.
    """

    fields: tuple[Field, ...]
    branches: tuple[Branch, ...]
    lets: tuple[tuple[str, str], ...]
    late_branches: tuple[Branch, ...]
    columns: tuple[Column, ...]
    partition: tuple[Column, ...]


MALFORMED = Branch("reject", READING, "malformed IS NOT NULL", "malformed")


def with_lets(relation: str, compiled: Compiled) -> str:
    """The relation with the columns that the tasks build on.

    Those that do not build on one another are added together: each SELECT carries every column along, so that one for
    each of them would cost the square of how many there are.
    """
    for lets in _levels(compiled.lets):
        relation = f"SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in lets)} FROM ({relation})"
    return relation


def _levels(lets: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The lets, each behind all that it names; a text that looks like a name moves one further back at most."""
    levels: list[list[tuple[str, str]]] = []
    place_of: dict[str, int] = {}
    for name, sql in lets:
        place = max((place_of[used] + 1 for used in _LET.findall(sql) if used in place_of), default=0)
        levels += [[]] if place == len(levels) else []
        levels[place].append((name, sql))
        place_of[name] = place
    return levels


def column_of(position: int) -> str:
    """The name that the field at `position` has in SQL, whatever its own name is."""
    return f"f{position}"


def compile_tasks(tasks: Tasks, fields: Sequence[Field], output: Output, *, knows_presence: bool = False) -> Compiled:
    """Compile `tasks` for a source that has `fields`; a field that it lacks reads as null.

    `knows_presence`: it also has a column `present` with the names of the fields that a record has.
    """
    return _Compiler(tasks, fields, output, knows_presence=knows_presence).run()


class _Compiler:
    def __init__(self, tasks: Tasks, fields: Sequence[Field], output: Output, *, knows_presence: bool) -> None:
        self._knows_presence = knows_presence
        self._tasks = tasks
        self._output = output
        self._fields = tuple(fields)
        self._places = {field.name: place for place, field in enumerate(fields)}
        self._made: dict[str, Merge | Arithmetic] = {task.output: task for task in (*tasks.merges, *tasks.arithmetics)}
        self._values: dict[str, Value] = {}
        self._lets: list[tuple[str, str]] = []

    def run(self) -> Compiled:
        branches = (MALFORMED, *self._filters(), *self._validations())
        columns, casts = self._columns()
        partition = self._partition()
        late = (*casts, *self._oversized(partition))
        return Compiled(self._fields, branches, tuple(self._lets), late, columns, partition)

    # --- values -----------------------------------------------------------------------------

    def _source(self, name: str) -> Value:
        """The value as the source has it."""
        place = self._places.get(name)
        return NULL if place is None else source_value(column_of(place), self._fields[place].type)

    def _in_place(self, name: str) -> Value:
        """The source value as Mask and Truncate leave it; null where a projection leaves it out."""
        value = self._source(name) if self._is_projected(name) else NULL
        for mask in self._tasks.masks:
            if mask.field == name:
                value = formulas.masked(mask, self._named(value))
        for truncate in self._tasks.truncates:
            if truncate.field == name:
                value = formulas.truncated(truncate.length, self._named(value))
        return value

    def _is_projected(self, name: str) -> bool:
        return self._tasks.projection is None or name in self._tasks.projection

    def _named(self, value: Value) -> Value:
        """`value` under a name of its own: formulas repeat what they are given, chains of them would explode."""
        if len(value.text) < _LONG:
            return value
        named = self._name(value.text)
        return text_value(named) if value.type == TEXT else replace(value, text=named)

    def _name(self, sql: str) -> str:
        name = f"v{len(self._lets)}"
        self._lets.append((name, sql))
        return name

    def _value(self, name: str) -> Value:
        """The intermediate of that name, else the source field as it is after Mask and Truncate."""
        if name not in self._values:
            made = self._made.get(name)
            self._values[name] = self._in_place(name) if made is None else self._make(made)
        return self._values[name]

    def _make(self, task: Merge | Arithmetic) -> Value:
        if isinstance(task, Arithmetic):
            result, *others = [self._operand(name, task.output) for name in task.fields]
            for other in others:
                result = formulas.computed(task.operator, result, other, self._name)
            return result
        places = enumerate(task.parts)
        return formulas.merged([part if n % 2 == 0 else self._operand(part, task.output) for n, part in places])

    def _operand(self, name: str, output: str) -> Value:
        return self._named(self._in_place(name) if name == output else self._value(name))

    # --- columns ----------------------------------------------------------------------------

    def _maps(self) -> list[Map]:
        """Maps in task order, then what Map_all copies in source order."""
        maps = list(self._tasks.maps)
        everything = MapAll(-1, frozenset()) if self._tasks.passthrough else self._tasks.map_all
        if everything is not None:
            taken = {task.destination for task in maps} | everything.excluded
            names = [field.name for field in self._fields if field.name not in taken and self._is_projected(field.name)]
            maps += [Map(everything.index, name, name, None) for name in names]
        return maps

    def _columns(self) -> tuple[tuple[Column, ...], list[Branch]]:
        columns: list[Column] = []
        casts: list[Branch] = []
        for task in self._maps():
            value = self._value(task.source)
            type_ = sql_type(task.destination_type) if self._output.keeps_types or self._output.casts else None
            if type_ is None or value is NULL or value.type == type_:
                written = value
            else:
                made = self._name(cast(value, type_))
                written = source_value(made, type_)
                casts.append(_cast_branch(task, value, made))
            columns.append(Column(task.destination, self._shape(written), self._presence(task), written.json))
        return tuple(columns), casts

    def _presence(self, task: Map) -> str | None:
        if not self._knows_presence or task.source in self._made:
            return None
        is_present = f"coalesce(list_contains(present, {literal(task.source)}), FALSE)"
        return is_present if self._is_projected(task.source) else "FALSE"

    def _shape(self, value: Value) -> str:
        if self._output.file_type == "JSON":
            return value.json
        return value.text if value.type == JSON or not self._output.keeps_types else value.native

    def _partition(self) -> tuple[Column, ...]:
        by_destination = {task.destination: task for task in self._maps()}
        return tuple(
            Column(name, self._value(by_destination[name].source).text if name in by_destination else NULL.text)
            for name in self._tasks.partition
        )

    # --- branches ---------------------------------------------------------------------------

    def _filters(self) -> list[Branch]:
        return [
            Branch("drop", task.index, f"NOT {predicates.passes(task, self._source(task.field))}", "''")
            for task in self._tasks.filters
        ]

    def _validations(self) -> list[Branch]:
        branches: list[Branch] = []
        for task in self._tasks.validates:
            value = self._source(task.field)
            said = f"{task.operator} does not hold for field {task.field!r}, which is "
            reason = f"concat({literal(said)}, coalesce(to_json(left({value.text}, 200))::VARCHAR, 'null'))"
            fate = "drop" if task.action == "DropRecord" else "stop"
            branches.append(Branch(fate, task.index, f"NOT {predicates.holds(task, value)}", reason))
        return branches

    def _oversized(self, partition: Sequence[Column]) -> list[Branch]:
        limit = f" of field is longer than {_PARTITION_BYTES} bytes, the most that a folder name takes"
        return [
            Branch(
                "reject",
                self._tasks.partition_index,
                f"coalesce(strlen(url_encode({column.sql})), 0) > {_PARTITION_BYTES}",
                literal(f"The partition value{limit}: {column.name!r}"),
            )
            for column in partition
        ]


def _cast_branch(task: Map, value: Value, made: str) -> Branch:
    said = f"Field {task.source!r} can't be read as {task.destination_type}: "
    reason = f"concat({literal(said)}, to_json(left({value.text}, 200))::VARCHAR)"
    return Branch("reject", task.index, f"{made} IS NULL AND {value.native} IS NOT NULL", reason)
