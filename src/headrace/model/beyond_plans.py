"""Shapes of what plan and preview answer."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.model.shapes import Anything, Integer, ListShape, Member, Shape, String, Structure

SHAPES_OF_PLANS: Mapping[str, Shape] = {
    "FlowDocument": Anything(),
    "FindingLevel": String(enum=("error", "warning", "note")),
    # `place` leads to the member in the document, `field` is one of the records'.
    "Finding": Structure(
        (
            Member("level", "FindingLevel", is_required=True),
            Member("rule", "Text", is_required=True),
            Member("place", "Text", is_required=True),
            Member("task", "Count"),
            Member("field", "Text"),
            Member("message", "Text", is_required=True),
            Member("instead", "Text"),
        )
    ),
    "Findings": ListShape("Finding"),
    "PlannedFlow": Structure(
        (
            Member("errors", "Count", is_required=True),
            Member("warnings", "Count", is_required=True),
            Member("notes", "Count", is_required=True),
            Member("findings", "Findings", is_required=True),
        )
    ),
    "PreviewSize": Integer(min=1, max=1000),
    "Fate": String(enum=("written", "dropped", "rejected", "stopped")),
    "Texts": ListShape("Text"),
    # `before` and `after` are JSON texts; `changed` names the fields written that are not as the source has them.
    "PreviewedRecord": Structure(
        (
            Member("file", "Text", is_required=True),
            Member("number", "Count", is_required=True),
            Member("fate", "Fate", is_required=True),
            Member("task", "Count"),
            Member("by", "Text"),
            Member("reason", "Text"),
            Member("before", "Text", is_required=True),
            Member("after", "Text"),
            Member("changed", "Texts"),
        )
    ),
    "PreviewedRecords": ListShape("PreviewedRecord"),
    # `changed` counts the records shown.
    "PreviewedTask": Structure(
        (
            Member("index", "Count"),
            Member("name", "String", is_required=True),
            Member("dropped", "Count", is_required=True),
            Member("rejected", "Count", is_required=True),
            Member("changed", "Count", is_required=True),
        )
    ),
    "PreviewedTasks": ListShape("PreviewedTask"),
    # `source` is the field of the source that the column is of, if it is of one alone.
    "PreviewedColumn": Structure((Member("name", "Text", is_required=True), Member("source", "Text"))),
    "PreviewedColumns": ListShape("PreviewedColumn"),
    # `wouldStop`: a Validate task would end the run with an error, so that nothing is written. `isCut`: the source is
    # large, and not all of it was looked at.
    "PreviewedFlow": Structure(
        (
            Member("counts", "ExecutionCounts", is_required=True),
            Member("tasks", "PreviewedTasks", is_required=True),
            Member("columns", "PreviewedColumns", is_required=True),
            Member("wouldStop", "Flag", is_required=True),
            Member("isCut", "Flag", is_required=True),
            Member("records", "PreviewedRecords", is_required=True),
        )
    ),
}
