"""Executions as headrace's own listing has them: records of AppFlow's, and what became of the records of data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from headrace.flow.tasks.names import name_of
from headrace.model.shapes import Document
from headrace.operations import shown
from headrace.operations.context import Answer
from headrace.store import revisions
from headrace.store.executions import Execution
from headrace.store.tx import Tx


def told(tx: Tx, flow_id: str, found: Iterable[Execution]) -> list[Answer]:
    """The executions of one flow, in the same order."""
    listed = tuple(found)
    documents = revisions.documents_of(tx, flow_id, {execution.revision for execution in listed})
    return [_told(execution, documents.get(execution.revision, {})) for execution in listed]


def tasks_of(execution: Execution, document: Document) -> list[Document]:
    """The tasks by their indexes: those of the document that the execution ran, and then its own filters."""
    overrides: Document = execution.overrides or {}
    return [*document.get("tasks", ()), *overrides.get("filters", ())]


def _told(execution: Execution, document: Document) -> Answer:
    counts: Document = execution.counts or {}
    tasks = tasks_of(execution, document)
    return shown.recorded(execution) | {
        "trigger": execution.trigger,
        "queuedAt": shown.seconds(execution.queued_ms),
        "message": execution.message,
        "overrides": execution.overrides,
        "counts": {
            "read": counts.get("recordsRead", 0),
            "written": counts.get("recordsWritten", 0),
            "rejected": counts.get("recordsRejected", 0),
            # By the index of the task; -2 is the window.
            "dropped": counts.get("dropped", {}),
        },
        "tasks": list(_task_counts(counts, tasks)),
    }


def _task_counts(counts: Document, tasks: Sequence[Document]) -> Iterator[dict[str, Any]]:
    """What each task did that may drop records, and whatever else dropped or rejected any, the flow's tasks first."""
    dropped, rejected = _by_index(counts.get("dropped", {})), _by_index(counts.get("rejected", {}))
    found = {index for index, task in enumerate(tasks) if _may_drop(task)} | dropped.keys() | rejected.keys()
    for index in sorted(found, key=lambda each: (each < 0, abs(each))):
        place = {"index": index} if 0 <= index < len(tasks) else {}
        did = {"dropped": dropped.get(index, 0), "rejected": rejected.get(index, 0)}
        yield {**place, "name": name_of(index, tasks), **did}


def _by_index(counted: Mapping[str, int]) -> dict[int, int]:
    return {int(index): count for index, count in counted.items()}


def _may_drop(task: Document) -> bool:
    if task["taskType"] == "Validate":
        return True
    return task["taskType"] == "Filter" and "PROJECTION" not in task.get("connectorOperator", {}).values()
