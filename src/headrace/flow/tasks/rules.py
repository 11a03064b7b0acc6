"""Rules between tasks: what may not stand beside what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from headrace.engine.tasks import Merge
from headrace.flow.faults import Faults, shown
from headrace.flow.operators import needs_projection
from headrace.flow.rules import Rule
from headrace.flow.tasks.given import Gathered

if TYPE_CHECKING:
    from headrace.model.types import Task


def check_rules(gathered: Gathered, tasks: Sequence[Task], source: str, faults: Faults) -> None:
    """Add a fault for each rule that the tasks of a flow from `source` break together."""
    _check_projection(gathered, tasks, source, faults)
    _check_passthrough(gathered, tasks, faults)
    _check_named_once(gathered, tasks, faults)
    _check_intermediates(gathered, tasks, faults)
    _check_partition(gathered, faults)


def _check_projection(gathered: Gathered, tasks: Sequence[Task], source: str, faults: Faults) -> None:
    if any(task["taskType"] in {"Map_all", "Passthrough"} for task in tasks):
        return
    if not gathered.projections and needs_projection(source):
        faults.literal(
            Rule.PROJECTION,
            "You must specify a projection task or a MAP_ALL task",
            "write a Filter task with the operator PROJECTION and the fields to read, or a Map_all task",
        )
    for index, fields in gathered.projections:
        if not fields:
            what, instead = "the projection names no field", "write the fields to read in sourceFields"
            faults.task(Rule.PROJECTION, index, "Filter", what, instead, member="sourceFields")


def _check_passthrough(gathered: Gathered, tasks: Sequence[Task], faults: Faults) -> None:
    if not gathered.passthroughs:
        return
    first = gathered.passthroughs[0]
    for index, task in enumerate(tasks):
        if task["taskType"] in {"Map", "Map_all", "Mask", "Merge", "Arithmetic", "Truncate"}:
            what = f"it changes records that the Passthrough of tasks[{first}] lets through unmodified"
            faults.task(Rule.PASSTHROUGH, index, task["taskType"], what, "remove one")


def _check_named_once(gathered: Gathered, tasks: Sequence[Task], faults: Faults) -> None:
    _once(((one.index, one.destination) for one in gathered.maps), tasks, faults)
    made = sorted([*gathered.merges, *gathered.arithmetics], key=lambda one: one.index)
    _once(((one.index, one.output) for one in made), tasks, faults)
    for task_type, indices in (
        ("Map_all", [one.index for one in gathered.map_alls]),
        ("Partition", [index for index, _ in gathered.partitions]),
    ):
        for index in indices[1:]:
            what = f"the flow has another at tasks[{indices[0]}]"
            faults.task(Rule.ONE_TASK, index, task_type, what, f"write one {task_type} task")


def _once(named: Iterable[tuple[int, str]], tasks: Sequence[Task], faults: Faults) -> None:
    first: dict[str, int] = {}
    for index, name in named:
        if first.setdefault(name, index) != index:
            what = f"destinationField {shown(name)} is already made by tasks[{first[name]}]"
            task_type = tasks[index]["taskType"]
            faults.task(Rule.MADE_TWICE, index, task_type, what, "write another name", member="destinationField")


def _check_intermediates(gathered: Gathered, tasks: Sequence[Task], faults: Faults) -> None:
    """Refuse intermediate fields in a circle, and in tasks that see source values only.

    A field made directly of one with its own name is no circle: what it reads is the source's.
    """
    reads = {one.output: fields_of(one) for one in gathered.merges}
    reads |= {one.output: one.fields for one in gathered.arithmetics}
    index_of = {one.output: one.index for one in (*gathered.merges, *gathered.arithmetics)}
    others = {output: [name for name in names if name != output] for output, names in reads.items()}
    for output, index in index_of.items():
        if _reaches_itself(output, others):
            what = f"the intermediate field {shown(output)} is made of itself"
            instead = "write fields that don't lead back to it"
            faults.task(Rule.CIRCLE, index, tasks[index]["taskType"], what, instead, member="sourceFields")
    of_source = {field for _, fields in gathered.projections for field in fields}
    of_source |= {output for output, names in reads.items() if output in names}
    for index, field in _source_fields_used(gathered):
        if field in index_of and field not in of_source:
            what = f"{shown(field)} is the intermediate field of tasks[{index_of[field]}]"
            task_type = tasks[index]["taskType"]
            faults.task(Rule.INTERMEDIATE, index, task_type, what, "write a field of the source", member="sourceFields")


def fields_of(merge: Merge) -> tuple[str, ...]:
    """The fields that a Merge reads: every second of its parts."""
    return merge.parts[1::2]


def _source_fields_used(gathered: Gathered) -> Iterator[tuple[int, str]]:
    """The fields of the tasks that see source values only, with the tasks' indices."""
    for one in (*gathered.filters, *gathered.validates, *gathered.masks, *gathered.truncates):
        yield one.index, one.field


def _reaches_itself(output: str, needs: Mapping[str, Sequence[str]]) -> bool:
    seen: set[str] = set()
    ahead = list(needs[output])
    while ahead:
        name = ahead.pop()
        if name == output:
            return True
        if name in needs and name not in seen:
            seen.add(name)
            ahead += needs[name]
    return False


def _check_partition(gathered: Gathered, faults: Faults) -> None:
    for index, keys in gathered.partitions:
        for key in keys:
            if not _is_written(key, gathered):
                what = f"the partition key {shown(key)} is not a destination field"
                faults.task(Rule.PARTITION_KEY, index, "Partition", what, "add a Map task that makes it")


def _is_written(field: str, gathered: Gathered) -> bool:
    """Whether the flow may write `field`; fields of the source are unknown here."""
    if any(one.destination == field for one in gathered.maps):
        return True
    if gathered.map_alls:
        return all(field not in one.excluded for one in gathered.map_alls)
    if gathered.passthroughs or (not gathered.maps and not gathered.projections):
        return True
    return not gathered.maps and any(field in fields for _, fields in gathered.projections)
