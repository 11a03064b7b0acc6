"""Shapes of backfills and positions under /headrace/v1."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.model.shapes import Float, Integer, ListShape, Member, Shape, String, Structure


def _all_required(*members: tuple[str, str]) -> tuple[Member, ...]:
    return tuple(Member(name, shape, is_required=True) for name, shape in members)


SHAPES_OF_BACKFILLS: Mapping[str, Shape] = {
    "BackfillNumber": String(pattern="[1-9][0-9]{0,14}"),
    "SliceLength": String(min=1, max=20),
    "SlicesAtATime": Integer(min=1, max=64),
    "Number": Float(),
    "SliceCounts": Structure(
        _all_required(*((name, "Count") for name in ("total", "done", "failed", "cancelled", "running", "left")))
    ),
    "RecordCounts": Structure(_all_required(*((name, "Count") for name in ("read", "written", "rejected", "dropped")))),
    "SliceFailure": Structure(
        (
            *_all_required(
                ("slice", "Count"),
                ("from", "Date"),
                ("to", "Date"),
                ("status", "ExecutionStatus"),
                ("executionId", "ExecutionId"),
                ("runs", "Count"),
            ),
            Member("message", "String"),
        )
    ),
    "SliceFailures": ListShape("SliceFailure"),
    "Backfill": Structure(
        (
            *_all_required(
                ("backfillId", "String"),
                ("flowName", "FlowName"),
                ("number", "Count"),
                ("status", "ExecutionStatus"),
                ("from", "Date"),
                ("to", "Date"),
                ("every", "SliceLength"),
                ("parallel", "SlicesAtATime"),
                ("stopOnFailure", "Flag"),
                ("filters", "Tasks"),
                ("createdAt", "Date"),
                ("createdBy", "String"),
                ("startedAt", "Date"),
                ("slices", "SliceCounts"),
                ("percent", "Number"),
                ("counts", "RecordCounts"),
            ),
            Member("finishedAt", "Date"),
            Member("secondsLeft", "Number"),
            Member("failures", "SliceFailures"),
        )
    ),
    "Backfills": ListShape("Backfill"),
    "BackfillPage": Structure((Member("backfills", "Backfills", is_required=True), Member("nextToken", "NextToken"))),
    "PositionKind": String(enum=("window", "bookmark", "none")),
    "Bookmark": String(min=1, max=65_536),
    "TimeWindow": Structure((Member("from", "Date"), Member("to", "Date"))),
    "Position": Structure(
        (
            *_all_required(
                ("flowName", "FlowName"),
                ("flowStatus", "FlowStatus"),
                ("triggerType", "TriggerType"),
                ("kind", "PositionKind"),
                ("failuresInARow", "Count"),
            ),
            Member("readUntil", "Date"),
            Member("bookmark", "Bookmark"),
            Member("nextWindow", "TimeWindow"),
            Member("nextTick", "Date"),
        )
    ),
}
