"""What values lose on their way into another type, and conditions that don't suit a type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from headrace.engine.tasks import Kind
from headrace.engine.types import TYPE_NAMES, kind_of, sql_type
from headrace.flow.endpoints import DESTINATIONS_OF_RECORDS
from headrace.flow.faults import listed, shown
from headrace.flow.findings.finding import Finding
from headrace.flow.findings.seen import Seen, SeenTask
from headrace.flow.findings.sides import Described, Fields
from headrace.flow.rules import Rule

_ZONED: Final = "TIMESTAMP WITH TIME ZONE"
_REJECTED: Final = "headrace rejects a record whose value doesn't fit"
# From one type to another: what happens to values.
_LOSSES: Final[Mapping[tuple[str, str], str]] = {
    ("DOUBLE", "BIGINT"): f"a fraction does not fit a whole number; {_REJECTED}",
    ("DECIMAL", "BIGINT"): f"a fraction does not fit a whole number; {_REJECTED}",
    (_ZONED, "DATE"): "the time of day is lost",
    ("DECIMAL", "DOUBLE"): "digits beyond the 15th or so are lost",
    ("BIGINT", "DOUBLE"): "whole numbers beyond 2^53 lose their last digits",
    ("BOOLEAN", "BIGINT"): f"true and false are no numbers; {_REJECTED}",
    ("BOOLEAN", "DOUBLE"): f"true and false are no numbers; {_REJECTED}",
    ("BOOLEAN", "DECIMAL"): f"true and false are no numbers; {_REJECTED}",
    ("BOOLEAN", _ZONED): f"true and false are no instants; {_REJECTED}",
    ("BOOLEAN", "DATE"): f"true and false are no days; {_REJECTED}",
    (_ZONED, "BIGINT"): f"an instant is no number; {_REJECTED}",
    (_ZONED, "DOUBLE"): f"an instant is no number; {_REJECTED}",
    (_ZONED, "BOOLEAN"): f"an instant is not true or false; {_REJECTED}",
    ("DATE", "BIGINT"): f"a day is no number; {_REJECTED}",
    ("DATE", "BOOLEAN"): f"a day is not true or false; {_REJECTED}",
}
_PRECISE: Final = re.compile(r"DECIMAL\((\d+),(\d+)\)")
# What AppFlow's console and the connector SDK offer for a type.
_OFFERED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "string": ("EQUAL_TO", "NOT_EQUAL_TO", "CONTAINS"),
    "boolean": ("EQUAL_TO", "NOT_EQUAL_TO"),
    "number": (
        *("EQUAL_TO", "NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO"),
        "BETWEEN",
    ),
    "instant": (
        *("EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO", "GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO", "BETWEEN"),
    ),
}


def of_types(seen: Seen) -> Iterator[Finding]:
    """What is to be said of types."""
    yield from _operators(seen)
    if _keeps_types(seen):
        masked = {name for task in seen.of_type("Mask") for name in task.fields}
        for task in seen.of_type("Map"):
            yield from _of_map(seen, task, masked)
    else:
        yield from _untyped(seen)


def _keeps_types(seen: Seen) -> bool:
    """Whether the destination has types, so that values are cast."""
    side = seen.destination
    if side is None:
        return False
    output = side.properties.get("s3OutputFormatConfig", {})
    is_typed = output.get("fileType") == "PARQUET" and output.get("preserveSourceDataTyping", False)
    return is_typed or side.connector_type in DESTINATIONS_OF_RECORDS


def _of_map(seen: Seen, task: SeenTask, masked: set[str]) -> Iterator[Finding]:
    name = task.properties.get("DESTINATION_DATA_TYPE")
    wanted, place = sql_type(name), task.at("taskProperties", "DESTINATION_DATA_TYPE")
    field = task.fields[0] if len(task.fields) == 1 else None
    if name is None or field is None:
        return
    if wanted is None:
        meant = get_close_matches(name.strip().lower(), TYPE_NAMES, n=1, cutoff=0.8)
        if meant:
            what = f"no type is called {shown(name)}, so values stay text"
            yield Finding("warning", Rule.TYPE_NAME, place, what, f"write {meant[0]}", field)
        return
    if field in masked:
        what = f"the Mask of {shown(field)} leaves text that is no {name}, so the records are rejected"
        yield Finding("warning", Rule.MASKED_CAST, place, what, "write string", field)
    given = _source_type(seen, task, field)
    loss = None if given is None else _loss(sql_type(given), wanted)
    if loss is not None:
        what = f"{shown(field)} is {given} in the source and {name} in the destination: {loss}"
        yield Finding("warning", Rule.TYPE_LOSS, place, what, f"write {given}, or string", field)


def _source_type(seen: Seen, task: SeenTask, field: str) -> str | None:
    """As the source says, else as the task does."""
    known = seen.source.known
    described = known.by_name.get(field) if isinstance(known, Fields) else None
    told = None if described is None else described.type
    return told if sql_type(told) is not None else task.properties.get("SOURCE_DATA_TYPE")


def _loss(given: str | None, wanted: str) -> str | None:
    if given is None or given == wanted:
        return None
    before, after = _PRECISE.fullmatch(given), _PRECISE.fullmatch(wanted)
    if before and after:
        whole, fraction = int(before[1]) - int(before[2]), int(before[2])
        if fraction > int(after[2]):
            return f"of {fraction} decimals {after[2]} are left"
        return (
            f"{whole} digits before the point do not fit; {_REJECTED}"
            if whole > int(after[1]) - int(after[2])
            else None
        )
    return _LOSSES.get((given.partition("(")[0], wanted.partition("(")[0]))


def _untyped(seen: Seen) -> Iterator[Finding]:
    side = seen.destination
    if side is None or side.connector_type != "S3":
        return
    output = side.properties.get("s3OutputFormatConfig", {})
    typed = [task for task in seen.of_type("Map") if sql_type(task.properties.get("DESTINATION_DATA_TYPE"))]
    if output.get("fileType") == "PARQUET" and typed:
        what = f"every column of the Parquet files is text, though {_counted(len(typed))} a type"
        instead = "write preserveSourceDataTyping true"
        yield Finding("note", Rule.UNTYPED_OUTPUT, side.at("s3OutputFormatConfig"), what, instead)
    elif output.get("preserveSourceDataTyping", False) and output.get("fileType") != "PARQUET":
        place = side.at("s3OutputFormatConfig", "preserveSourceDataTyping")
        what = "preserveSourceDataTyping means nothing beside files that are not Parquet"
        yield Finding("note", Rule.UNTYPED_OUTPUT, place, what, "remove it, or write fileType PARQUET")


def _counted(count: int) -> str:
    return "one Map task names" if count == 1 else f"{count} Map tasks name"


def _operators(seen: Seen) -> Iterator[Finding]:
    known = seen.source.known
    for task in seen.tasks:
        if task.is_condition and len(task.fields) == 1:
            described = known.by_name.get(task.fields[0]) if isinstance(known, Fields) else None
            yield from _operator(task, described)


def _operator(task: SeenTask, described: Described | None) -> Iterator[Finding]:
    name, place = task.fields[0], task.at("connectorOperator")
    if described is not None and described.operators:
        if task.operator not in described.operators:
            what = f"AppFlow does not let {task.operator} be used with {shown(name)}; headrace does"
            yield Finding("warning", Rule.OPERATOR_TYPE, place, what, f"write {listed(described.operators)}", name)
        return
    data_type = task.properties.get("DATA_TYPE")
    offered = () if data_type is None else _OFFERED[kind_of(data_type)]
    if offered and task.operator not in offered:
        what = f"AppFlow offers no {task.operator} for fields of the type {data_type}; headrace compares all the same"
        yield Finding("note", Rule.OPERATOR_TYPE, place, what, f"write {listed(offered)}", name)
