"""A flow document as the rules look at it: of the right shape, whatever it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final

from headrace.flow.faults import Place, shown
from headrace.flow.findings.sides import Known
from headrace.model.connector_names import member_name
from headrace.model.shapes import Document

DESTINATIONS: Final = "destinationFlowConfigList"
# Tasks that make values for others to write.
MAKING: Final = frozenset({"Merge", "Arithmetic"})


@dataclass(frozen=True)
class SeenTask:
    """A task; `fields` without empty names. `operator` is "" where the task has none."""

    index: int
    type: str
    fields: tuple[str, ...]
    operator: str
    destination: str | None
    properties: Mapping[str, str]

    def at(self, *member: str) -> Place:
        """The place of the task, or of a member of it."""
        return ("tasks", self.index, *member)

    @property
    def is_projection(self) -> bool:
        """Whether it names the fields to read."""
        return self.operator == "PROJECTION"

    @property
    def is_condition(self) -> bool:
        """Whether it lets some records through only."""
        return self.type == "Filter" and not self.is_projection


@dataclass(frozen=True)
class SeenSide:
    """The source or the destination; `properties` are empty where they are another connector's."""

    connector_type: str
    profile: str | None
    properties: Document
    place: Place
    below: Place
    known: Known

    def at(self, *member: str) -> Place:
        """The place of the side, or of a member of its properties, which are `below`."""
        return (*self.below, *member) if member else self.place


@dataclass(frozen=True)
class Seen:
    """The document; of several destinations the first."""

    document: Document
    now: datetime
    source: SeenSide
    destination: SeenSide | None

    @cached_property
    def tasks(self) -> tuple[SeenTask, ...]:
        """Every task, in order."""
        return tuple(_task(index, task) for index, task in enumerate(self.document["tasks"]))

    def of_type(self, *types: str) -> Iterator[SeenTask]:
        """The tasks of these types."""
        return (task for task in self.tasks if task.type in types)

    @cached_property
    def projections(self) -> tuple[SeenTask, ...]:
        """The tasks that name the fields to read."""
        return tuple(task for task in self.tasks if task.is_projection)

    @cached_property
    def projected(self) -> frozenset[str] | None:
        """The fields that are read; None: all that there are."""
        if self.copies_all or not self.projections:
            return None
        return frozenset(name for task in self.projections for name in task.fields)

    @cached_property
    def copies_all(self) -> bool:
        """Whether a task writes every field of the source."""
        return any(True for _ in self.of_type("Map_all", "Passthrough"))

    @cached_property
    def made(self) -> frozenset[str]:
        """The intermediate fields."""
        return frozenset(task.destination for task in self.of_type(*MAKING) if task.destination)

    def reads(self, task: SeenTask) -> Sequence[str]:
        """The fields of the source that a task names, and no intermediate ones."""
        if task.type in {"Map_all", "Partition", "Passthrough"}:
            return ()
        return [name for name in task.fields if name not in self.made or name == task.destination]

    @property
    def trigger(self) -> str:
        """OnDemand, Scheduled or Event."""
        return self.document["triggerConfig"]["triggerType"]

    @property
    def schedule(self) -> Document:
        """The properties of a scheduled trigger; empty where there are none."""
        if self.trigger != "Scheduled":
            return {}
        return self.document["triggerConfig"].get("triggerProperties", {}).get("Scheduled", {})


def seen(document: Document, now: datetime, source: Known, destination: Known) -> Seen:
    """The document, which fits CreateFlowRequest, with what is known of its sides."""
    sides = document[DESTINATIONS]
    return Seen(
        document,
        now,
        _side(document["sourceFlowConfig"], ("sourceFlowConfig",), "sourceConnectorProperties", source),
        _side(sides[0], (DESTINATIONS, 0), "destinationConnectorProperties", destination) if sides else None,
    )


def nearest(name: str, names: Sequence[str]) -> str | None:
    """The one of `names` that may have been meant; None: none looks like it."""
    folded = {each.casefold(): each for each in reversed(names)}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.75)
    return folded[found[0]] if found else None


def some(names: Sequence[str], most: int = 5) -> str:
    """A few of the names in quotes, as a message shows them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown(name) for name in names[:most]) + more


def _task(index: int, task: Document) -> SeenTask:
    operators: Mapping[str, str] = task.get("connectorOperator", {})
    return SeenTask(
        index,
        task["taskType"],
        tuple(name for name in task["sourceFields"] if name),
        next(iter(operators.values()), ""),
        task.get("destinationField"),
        task.get("taskProperties", {}),
    )


def _side(config: Document, place: Place, union: str, known: Known) -> SeenSide:
    connector_type, properties = config["connectorType"], config[union]
    name = member_name(connector_type, properties)
    given: Any = {} if name is None else properties[name]
    below = (*place, union, name or connector_type)
    return SeenSide(connector_type, config.get("connectorProfileName"), given, place, below, known)
