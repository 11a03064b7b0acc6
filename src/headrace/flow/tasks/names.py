"""What dropped or rejected records, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headrace.engine.tasks import DESTINATION, READING, WINDOW

_NO_TASKS: Final[Mapping[int, str]] = {
    READING: "reading the source",
    WINDOW: "the window of the run",
    DESTINATION: "the destination",
}
# A Map of a hundred fields is known by the first few.
_FIELDS: Final = 3


def name_of(index: int, tasks: Sequence[Mapping[str, Any]]) -> str:
    """The task of that index, as `Validate amount`; what is no task, by what it is. `tasks` are those of a document."""
    if not 0 <= index < len(tasks):
        return _NO_TASKS.get(index, f"task {index}")
    task = tasks[index]
    fields: Sequence[str] = task.get("sourceFields", ())
    more = ", …" if len(fields) > _FIELDS else ""
    return f"{task['taskType']} {', '.join(fields[:_FIELDS])}{more}".rstrip()
