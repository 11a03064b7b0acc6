"""Faults of a flow document, gathered so that a caller learns of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headrace.errors import HeadraceError

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


class Faults:
    """Where the readers of a document's parts put what they find wrong."""

    def __init__(self) -> None:
        self._of_tasks: list[tuple[int, str]] = []
        self._of_parts: list[str] = []

    def task(self, index: int, task_type: str, sentence: str) -> None:
        """Add a fault of the task at `index`; `sentence` says what was given and what to write."""
        self._of_tasks.append((index, f"Task Validation Error: tasks[{index}] ({task_type}): {sentence}"))

    def literal(self, sentence: str, *, index: int = -1) -> None:
        """Add a sentence that AppFlow itself uses; `index` sorts it among the tasks' faults."""
        self._of_tasks.append((index, f"Task Validation Error: {sentence}"))

    def part(self, part: str, sentence: str) -> None:
        """Add a fault of the `part` Trigger, Source or Destination."""
        self._of_parts.append(f"{part} Validation Error: {sentence}")

    def all(self) -> tuple[str, ...]:
        """Everything found, each once: trigger, source, destination, then tasks in their order."""
        parts = dict.fromkeys(self._of_parts)
        return (*parts, *(text for _, text in sorted(self._of_tasks, key=lambda fault: fault[0])))


def shown(value: object) -> str:
    """`value` in quotes as a message shows it: control characters escaped, long text cut."""
    text = str(value)
    cut = text[:_SHOWN_CHARACTERS]
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return f"'{printable}{'…' if len(text) > len(cut) else ''}'"


def listed(words: Sequence[str]) -> str:
    """`words` as a choice: "A, B or C"."""
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
