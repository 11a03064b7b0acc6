"""Shapes of what plan, preview and explain answer."""

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
    "NamedFile": Structure((Member("name", "Text", is_required=True), Member("bytes", "Count", is_required=True))),
    "NamedFiles": ListShape("NamedFile"),
    # `files` are its first ones.
    "ExplainedSplit": Structure(
        (
            Member("number", "Count", is_required=True),
            Member("fileCount", "Count", is_required=True),
            Member("bytes", "Count", is_required=True),
            Member("files", "NamedFiles", is_required=True),
        )
    ),
    "ExplainedSplits": ListShape("ExplainedSplit"),
    "ExplainedSource": Structure(
        (
            Member("place", "Text", is_required=True),
            Member("format", "Text", is_required=True),
            Member("files", "Count", is_required=True),
            Member("bytes", "Count", is_required=True),
        )
    ),
    # `fields` are there where not all are asked for. What `filteredHereAlone` names can't be said to a connector.
    "ExplainedQuery": Structure(
        (
            Member("entity", "Text", is_required=True),
            Member("pageSize", "Count", is_required=True),
            Member("fields", "Texts"),
            Member("conditions", "Texts", is_required=True),
            Member("filteredHereAlone", "Texts", is_required=True),
        )
    ),
    "TypedField": Structure((Member("name", "Text", is_required=True), Member("type", "Text", is_required=True))),
    "TypedFields": ListShape("TypedField"),
    "PlacedAt": String(enum=("here", "cluster")),
    "ExplainedPlacement": Structure(
        (Member("where", "PlacedAt", is_required=True), Member("why", "Text", is_required=True))
    ),
    # `mostBytes` is of the whole process, `engineBytes` of what HEADRACE_MEMORY_LIMIT bounds.
    "ExplainedMemory": Structure(
        (
            Member("mostBytes", "Count", is_required=True),
            Member("engineBytes", "Count", is_required=True),
            Member("threads", "Count", is_required=True),
            Member("why", "Text", is_required=True),
        )
    ),
    # `mostFiles` is there where it is known.
    "ExplainedOutput": Structure(
        (
            Member("place", "Text", is_required=True),
            Member("example", "Text"),
            Member("mostFiles", "Count"),
            Member("why", "Text", is_required=True),
        )
    ),
    "ExplainedFlow": Structure(
        (
            Member("flowName", "Text", is_required=True),
            Member("source", "ExplainedSource", is_required=True),
            Member("splits", "ExplainedSplits", is_required=True),
            Member("splitting", "Text", is_required=True),
            Member("asked", "ExplainedQuery"),
            Member("fields", "TypedFields", is_required=True),
            Member("typed", "Text", is_required=True),
            Member("select", "Text", is_required=True),
            Member("columns", "TypedFields", is_required=True),
            Member("placement", "ExplainedPlacement", is_required=True),
            Member("memory", "ExplainedMemory", is_required=True),
            Member("output", "ExplainedOutput", is_required=True),
        )
    ),
}
