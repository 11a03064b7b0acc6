"""From the task list of a flow document to typed tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from headrace.engine.tasks import READING, MapAll, Tasks
from headrace.flow.faults import Faults
from headrace.flow.tasks.changes import read_mask, read_truncate, read_validate
from headrace.flow.tasks.filters import read_filter
from headrace.flow.tasks.formulas import read_arithmetic, read_merge
from headrace.flow.tasks.given import Gathered, Given
from headrace.flow.tasks.mapping import read_map, read_map_all, read_partition, read_passthrough
from headrace.flow.tasks.rules import check_rules

if TYPE_CHECKING:
    from headrace.model.types import Task

# The index of the Map_all that a flow without any mapping means.
IMPLICIT: Final = -1

_READERS: Final[Mapping[str, Callable[[Given, Gathered], None]]] = {
    "Arithmetic": read_arithmetic,
    "Filter": read_filter,
    "Map": read_map,
    "Map_all": read_map_all,
    "Mask": read_mask,
    "Merge": read_merge,
    "Partition": read_partition,
    "Passthrough": read_passthrough,
    "Truncate": read_truncate,
    "Validate": read_validate,
}


def read_tasks(tasks: Sequence[Task], source: str, faults: Faults) -> Tasks:
    """The tasks of a flow from `source` (a connectorType), sorted by kind.

    What the result means where `faults` got something is undefined.
    """
    gathered = Gathered()
    for index, task in enumerate(tasks):
        given = Given(index, task, source, faults)
        given.expect_one_operator_at_most()
        _READERS[task["taskType"]](given, gathered)
    check_rules(gathered, tasks, source, faults)
    return _sorted(gathered)


def _sorted(gathered: Gathered) -> Tasks:
    return Tasks(
        projection=_projection(gathered),
        filters=tuple(gathered.filters),
        validates=tuple(gathered.validates),
        # Several masks of one field apply in an order of their own, not in the list's.
        masks=tuple(sorted(gathered.masks, key=lambda one: (one.field, one.operator, one.length or 0, one.value))),
        truncates=tuple(gathered.truncates),
        merges=tuple(gathered.merges),
        arithmetics=tuple(gathered.arithmetics),
        maps=tuple(gathered.maps),
        map_all=_map_all(gathered),
        partition=next((keys for _, keys in gathered.partitions), ()),
        partition_index=next((index for index, _ in gathered.partitions), READING),
        passthrough=bool(gathered.passthroughs),
    )


def _projection(gathered: Gathered) -> frozenset[str] | None:
    """The fields to read; None, for all, beside an explicit Map_all, which a projection never limits."""
    if gathered.map_alls or not gathered.projections:
        return None
    return frozenset(field for _, fields in gathered.projections for field in fields)


def _map_all(gathered: Gathered) -> MapAll | None:
    """The Map_all; a flow that maps nothing copies what it projects, or else everything."""
    if gathered.map_alls:
        return gathered.map_alls[0]
    if gathered.maps or gathered.passthroughs:
        return None
    return MapAll(IMPLICIT, frozenset())
