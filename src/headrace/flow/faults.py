"""Faults of a flow document, gathered so that a caller learns of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headrace.errors import HeadraceError
from headrace.flow.rules import Rule

# Where something stands in a document: names of members, and places in lists from 0.
Place = tuple[str | int, ...]

_SHOWN_CHARACTERS: Final = 120

# UpdateFlow words the beginning of its refusals otherwise than CreateFlow does (both observed).
_BEGINNINGS: Final = {"Update": "Update Flow request failed due to:["}


class PlanFaults(HeadraceError):
    """A flow document that can't be planned; `faults` holds every reason, in document order.

    Each is a sentence in AppFlow's form, `Task Validation Error: …` for a task,
    `Trigger …`, `Source …` or `Destination Validation Error: …` for the rest.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(", ".join(self.faults))

    def worded(self, verb: str = "Create") -> str:
        """The message of the ValidationException that CreateFlow or UpdateFlow (`verb`) answers."""
        return f"{_BEGINNINGS.get(verb, f'{verb} Flow request failed: [')}{', '.join(self.faults)}]"


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason to refuse a document: what was given, and what to write `instead`.

    `place` leads to the member in the document, by names and places in lists. `text` is the sentence in AppFlow's form.
    """

    rule: Rule
    place: Place
    what: str
    instead: str
    text: str


class Faults:
    """Where the readers of a document's parts put what they find wrong."""

    def __init__(self) -> None:
        self._of_tasks: list[tuple[int, Fault]] = []
        self._of_parts: dict[str, Fault] = {}

    def task(self, rule: Rule, index: int, task_type: str, what: str, instead: str, *, member: str = "") -> None:
        """Add a fault of the task at `index`; `member` is the one at fault, `taskProperties.VALUE`, "" for the task."""
        text = f"Task Validation Error: tasks[{index}] ({task_type}): {what}; {instead}"
        self._of_tasks.append((index, Fault(rule, _place(index, member), what, instead, text)))

    def literal(self, rule: Rule, sentence: str, instead: str, *, index: int = -1, member: str = "") -> None:
        """Add a sentence that AppFlow itself uses; `index` sorts it among the tasks' faults."""
        text = f"Task Validation Error: {sentence}"
        if index >= 0:
            text += f" (tasks[{index}]: {instead})"
        self._of_tasks.append((index, Fault(rule, _place(index, member), sentence, instead, text)))

    def part(self, part: str, rule: Rule, place: Place, what: str, instead: str) -> None:
        """Add a fault of the `part` Trigger, Source or Destination."""
        text = f"{part} Validation Error: {what}; {instead}"
        self._of_parts.setdefault(text, Fault(rule, place, what, instead, text))

    def all(self) -> tuple[Fault, ...]:
        """Everything found, each once: trigger, source, destination, then tasks in their order."""
        of_tasks = (fault for _, fault in sorted(self._of_tasks, key=lambda found: found[0]))
        return (*self._of_parts.values(), *of_tasks)


def _place(index: int, member: str) -> Place:
    return ("tasks", *((index,) if index >= 0 else ()), *(member.split(".") if member else ()))


def shown(value: object) -> str:
    """`value` in quotes as a message shows it: control characters escaped, long text cut."""
    text = str(value)
    cut = text[:_SHOWN_CHARACTERS]
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return f"'{printable}{'…' if len(text) > len(cut) else ''}'"


def listed(words: Sequence[str]) -> str:
    """`words` as a choice: "A, B or C"."""
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
