"""Shapes of what headrace answers beside AppFlow's API, and every shape by its name."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.model.api import SHAPES
from headrace.model.beyond_backfills import SHAPES_OF_BACKFILLS
from headrace.model.beyond_plans import SHAPES_OF_PLANS
from headrace.model.shapes import Boolean, Integer, ListShape, MapShape, Member, Shape, String, Structure

_RECORD = SHAPES["ExecutionRecord"]

# Names of shapes in the API's model may be used; none of them may be taken.
BEYOND: Mapping[str, Shape] = {
    "Flag": Boolean(),
    "Count": Integer(min=0, bits=64),
    "CountsByTask": MapShape("String", "Count"),
    "Trigger": String(enum=("ondemand", "scheduled", "event")),
    "RecordLimit": Integer(min=1, bits=64),
    "Overrides": Structure(
        (
            Member("filters", "Tasks"),
            Member("limit", "RecordLimit"),
            # The number of the backfill that it is a slice of, and of the slice.
            Member("backfill", "Count"),
            Member("slice", "Count"),
            Member("retryOf", "ExecutionId"),
        )
    ),
    "StartedExecution": Structure(
        (
            Member("flowArn", "FlowArn", is_required=True),
            Member("executionId", "ExecutionId", is_required=True),
        )
    ),
    "ExecutionCounts": Structure(
        (
            Member("read", "Count", is_required=True),
            Member("written", "Count", is_required=True),
            Member("rejected", "Count", is_required=True),
            Member("dropped", "CountsByTask", is_required=True),
        )
    ),
    # `index` is there for tasks of the flow, and for filters of the execution alone, which come after them.
    "TaskCounts": Structure(
        (
            Member("index", "Count"),
            Member("name", "String", is_required=True),
            Member("dropped", "Count", is_required=True),
            Member("rejected", "Count", is_required=True),
        )
    ),
    "TaskCountsList": ListShape("TaskCounts"),
    "Execution": Structure(
        (
            *(_RECORD.members if isinstance(_RECORD, Structure) else ()),
            Member("trigger", "Trigger", is_required=True),
            Member("queuedAt", "Date", is_required=True),
            Member("message", "String"),
            Member("overrides", "Overrides"),
            Member("counts", "ExecutionCounts", is_required=True),
            Member("tasks", "TaskCountsList", is_required=True),
        )
    ),
    "Executions": ListShape("Execution"),
    "ExecutionPage": Structure(
        (
            Member("executions", "Executions", is_required=True),
            Member("nextToken", "NextToken"),
        )
    ),
    **SHAPES_OF_BACKFILLS,
    **SHAPES_OF_PLANS,
    "Text": String(),
    "LogLines": ListShape("Text"),
    "ExecutionLog": Structure((Member("lines", "LogLines", is_required=True),)),
    # Of a reject and of a reason: the task, if it was one, and what rejected in words.
    "Reason": Structure(
        (
            Member("task", "Count"),
            Member("by", "String", is_required=True),
            Member("reason", "Text", is_required=True),
            Member("records", "Count", is_required=True),
        )
    ),
    "Reasons": ListShape("Reason"),
    # `record` is its JSON text, shortened.
    "Reject": Structure(
        (
            Member("task", "Count"),
            Member("by", "String", is_required=True),
            Member("reason", "Text", is_required=True),
            Member("file", "Text"),
            Member("line", "Count"),
            Member("recordNumber", "Count"),
            Member("record", "Text", is_required=True),
        )
    ),
    "Rejects": ListShape("Reject"),
    # `summed` is how many records the reasons were counted of: with very many, the first ones.
    "RejectPage": Structure(
        (
            Member("records", "Count", is_required=True),
            Member("sizeBytes", "Count"),
            Member("place", "Text"),
            Member("reasons", "Reasons"),
            Member("summed", "Count"),
            Member("rejects", "Rejects", is_required=True),
            Member("nextToken", "NextToken"),
        )
    ),
    # `taken` is 0 where the delivery came before.
    "TakenRecords": Structure(
        (
            Member("records", "Count", is_required=True),
            Member("taken", "Count", is_required=True),
        )
    ),
    "JsonLines": String(),
    # A document about the interface itself.
    "OpenApi": Structure(),
}

ALL: Mapping[str, Shape] = {**BEYOND, **SHAPES}
