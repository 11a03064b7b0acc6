"""One thing that is to be said of a flow document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from headrace.flow.faults import Place
from headrace.flow.rules import Rule

# An error is what CreateFlow refuses; a warning what leaves data out, or AppFlow refuses; a note what is good to know.
Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong or odd at a place of the document, and what to write `instead`; "" where nothing has to change.

    `field` is the field of the records that it is about, None: none, or several.
    """

    level: Level
    rule: Rule
    place: Place
    message: str
    instead: str = ""
    field: str | None = None

    @property
    def task(self) -> int | None:
        """The index of the task that it is about; None: no task."""
        index = self.place[1] if len(self.place) > 1 and self.place[0] == "tasks" else None
        return index if isinstance(index, int) else None

    @property
    def where(self) -> str:
        """The place as people write it: `tasks[2].taskProperties.VALUE`; "" for the document."""
        return spelt(self.place)

    def to_document(self) -> dict[str, Any]:
        """As JSON has it; without what it lacks."""
        shown: dict[str, Any] = {"level": self.level, "rule": self.rule.value, "place": self.where, "task": self.task}
        shown |= {"field": self.field, "message": self.message, "instead": self.instead or None}
        return {name: value for name, value in shown.items() if value is not None}


def path_of(place: Place) -> str:
    """A place as violations spell it: `tasks.3.member.taskProperties.VALUE`."""
    return ".".join(f"{part + 1}.member" if isinstance(part, int) else part for part in place)


def spelt(place: Place) -> str:
    """A place as people write it."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")
