"""The ten task types record by record, as decisions 1 to 9 state them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

from headrace.engine.layout import Output
from headrace.engine.tasks import Arithmetic, Filter, Map, Merge, Tasks, Validate
from tests.oracle.values import (
    Number,
    Scalar,
    boolean_of,
    cast,
    computed,
    is_numeric,
    microseconds_of,
    number_of,
    text_of,
)

Record = Mapping[str, Scalar]
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUAL_TO": operator.eq,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL_TO": operator.le,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL_TO": operator.ge,
}
_OF_KIND: Mapping[str, Callable[[Scalar], Any]] = {
    "string": text_of,
    "number": number_of,
    "instant": microseconds_of,
    "boolean": boolean_of,
}
_HIVE = frozenset("\"#%'*/:=?\\{[]^\x7f") | {chr(code) for code in range(32)}
_FOLDER_BYTES = 200


@dataclass(frozen=True)
class Verdict:
    """What becomes of one record. `task` is who dropped or rejected it; `values` are what is written, in order."""

    fate: Literal["written", "dropped", "rejected", "stopped"]
    task: int | None = None
    values: tuple[tuple[str, Scalar], ...] = ()
    folder: str = ""


def verdict(tasks: Tasks, fields: Sequence[str], record: Record, output: Output) -> Verdict:
    """What becomes of `record` of a source that has `fields`."""
    for one in tasks.filters:
        if not passes(one, record.get(one.field)):
            return Verdict("dropped", one.index)
    for one in tasks.validates:
        if not holds(one, record.get(one.field)):
            return Verdict("dropped" if one.action == "DropRecord" else "stopped", one.index)
    return _Made(tasks, record).verdict(_maps(tasks, fields), output)


def passes(task: Filter, value: Scalar) -> bool:
    if task.operator == "NOT_EQUAL_TO":
        return not any(_compares(task, "EQUAL_TO", value, wanted) for wanted in task.values)
    if task.operator == "BETWEEN":
        low, high = task.values
        return _compares(task, "GREATER_THAN", value, low) and _compares(task, "LESS_THAN", value, high)
    if task.operator == "CONTAINS":
        return any(wanted in (text_of(value) or "") for wanted in task.values) and value is not None
    return any(_compares(task, task.operator, value, wanted) for wanted in task.values)


def _compares(task: Filter, name: str, value: Scalar, wanted: str) -> bool:
    of_kind = _OF_KIND[task.kind]
    left, right = of_kind(value), of_kind(wanted)
    return left is not None and right is not None and _COMPARE[name](left, right)


def holds(task: Validate, value: Scalar) -> bool:
    number = number_of(value)
    match task.operator:
        case "VALIDATE_NON_NULL":
            return value is not None
        case "VALIDATE_NUMERIC":
            return is_numeric(value)
        case "VALIDATE_NON_ZERO":
            return number is not None and number != 0
        case "VALIDATE_NON_NEGATIVE":
            return number is not None and number >= 0


def _maps(tasks: Tasks, fields: Sequence[str]) -> list[Map]:
    excluded = {task.destination for task in tasks.maps} | (tasks.map_all.excluded if tasks.map_all else set())
    copied = fields if tasks.map_all or tasks.passthrough else ()
    return [*tasks.maps, *(Map(-1, name, name, None) for name in copied if name not in excluded)]


class _Made:
    """One record on its way through the tasks that change it."""

    def __init__(self, tasks: Tasks, record: Record) -> None:
        self._tasks = tasks
        self._record = record
        self._made = {task.output: task for task in (*tasks.merges, *tasks.arithmetics)}

    def verdict(self, maps: Sequence[Map], output: Output) -> Verdict:
        values: list[tuple[str, Scalar]] = []
        for task in maps:
            value = self.value(task.source)
            type_ = task.destination_type if output.keeps_types or output.casts else None
            written = value if type_ is None else cast(value, type_)
            if value is not None and written is None:
                return Verdict("rejected", task.index)
            # Without a type, a computed number becomes a DOUBLE.
            if type_ is None and output.keeps_types and isinstance(value, Number):
                written = float(value)
            values.append((task.destination, written))
        texts = {task.destination: text_of(self.value(task.source)) for task in maps}
        parts = [(name, texts.get(name)) for name in self._tasks.partition]
        if any(len(quote(text or "", safe="-_.~")) > _FOLDER_BYTES for _, text in parts):
            return Verdict("rejected")
        folder = "".join(f"{hive(name)}={'null' if text is None else hive(text)}/" for name, text in parts)
        return Verdict("written", None, tuple(values), folder)

    def value(self, name: str) -> Scalar:
        made = self._made.get(name)
        if isinstance(made, Merge):
            return "".join(
                part if place % 2 == 0 else text_of(self._operand(part, name)) or ""
                for place, part in enumerate(made.parts)
            )
        return self._in_place(name) if made is None else self._folded(made)

    def _folded(self, task: Arithmetic) -> Scalar:
        result, *others = [self._operand(name, task.output) for name in task.fields]
        for other in others:
            result = computed(task.operator, result, other)
        return result

    def _operand(self, name: str, output: str) -> Scalar:
        return self._in_place(name) if name == output else self.value(name)

    def _in_place(self, name: str) -> Scalar:
        projection = self._tasks.projection
        value = self._record.get(name) if projection is None or name in projection else None
        for task in self._tasks.masks:
            if task.field == name and value is not None:
                value = masked(text_of(value) or "", task.operator, task.length, task.value)
        for task in self._tasks.truncates:
            if task.field == name and value is not None:
                value = (text_of(value) or "")[: task.length]
        return value


def masked(text: str, operator_: str, length: int | None, mask: str) -> str:
    if operator_ == "MASK_ALL":
        return mask * (len(text) if length is None else length)
    count = min(length or 0, len(text))
    return mask * count + text[count:] if operator_ == "MASK_FIRST_N" else text[: len(text) - count] + mask * count


def hive(text: str) -> str:
    return "".join(f"%{ord(char):02X}" if char in _HIVE else char for char in text)


# --- what a reader of the output finds ----------------------------------------------------------


def shown(value: Scalar, output: Output) -> Any:
    """The value as a reader of the output finds it; CSV has one empty cell for null and empty text."""
    if output.file_type == "PARQUET" and output.keeps_types:
        return str(value) if isinstance(value, str) else value
    if output.file_type == "JSON" and value is not None:
        return _in_json(value)
    text = text_of(value)
    text = None if text is None else str(text)
    return text or None if output.file_type == "CSV" else text


def _in_json(value: Scalar) -> Any:
    if isinstance(value, bool | list | dict):
        return value
    if isinstance(value, Number | int | float | Decimal):
        return Decimal(text_of(value) or "")
    return str(text_of(value))


def found(value: Any, output: Output) -> Any:
    """A value that a reader found, in the form of `shown`."""
    if output.file_type == "JSON" and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value
