"""What each rule asks for, in a line; docs/plan.md has the same table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headrace.flow.findings.finding import Level
from headrace.flow.rules import Rule

# The gravest level that findings of the rule have, and what the rule is.
ABOUT: Final[Mapping[Rule, tuple[Level, str]]] = {
    Rule.DOCUMENT: ("error", "the file or the body is a document of the types that CreateFlow takes"),
    Rule.CONSTRAINT: ("error", "values are within the lengths, patterns and choices of the API's model"),
    Rule.SCHEDULE: ("error", "a scheduled flow has an expression and times that mean something"),
    Rule.CONNECTOR: ("error", "the connector can be a source, or a destination"),
    Rule.PROPERTIES: ("error", "the connector's own properties are given, and name what is read"),
    Rule.PROFILE: ("error", "a connector that needs a connector profile names one"),
    Rule.TRIGGER: ("error", "the trigger suits the source and the destination"),
    Rule.ONE_DESTINATION: ("error", "there is exactly one destination"),
    Rule.WRITE_OPERATION: ("error", "the destination has the writeOperationType"),
    Rule.ID_FIELDS: ("error", "what changes records names the field that they are known by"),
    Rule.BUCKET: ("error", "bucket and prefix can begin a key"),
    Rule.FILE_SIZE: ("error", "targetFileSize is a size"),
    Rule.OPERATOR: ("error", "the task type and the source have the operator"),
    Rule.SOURCE_FIELDS: ("error", "sourceFields has as many fields as the task takes"),
    Rule.DESTINATION_FIELD: ("error", "a task that makes a field names it"),
    Rule.TASK_PROPERTY: ("error", "the properties that a task needs are there and well formed"),
    Rule.FILTER_VALUE: ("error", "what a filter compares with is of its DATA_TYPE"),
    Rule.PROJECTION: ("error", "sources other than S3 have a projection that names fields, or a Map_all"),
    Rule.PASSTHROUGH: ("error", "nothing changes records that a Passthrough lets through"),
    Rule.ONE_TASK: ("error", "there is one Map_all, and one Partition"),
    Rule.MADE_TWICE: ("error", "no two tasks make the same field"),
    Rule.CIRCLE: ("error", "no intermediate field is made of itself"),
    Rule.INTERMEDIATE: ("error", "filters, validations, masks and truncations are of fields of the source"),
    Rule.PARTITION_KEY: ("error", "partition keys are 1 to 10 fields that are written"),
    Rule.NOT_THERE: ("error", "connectors, profiles, entities and objects are there (`plan` only)"),
    Rule.UPDATE: ("error", "a flow of that name reads and writes the same places (`plan` only, where flows are kept)"),
    Rule.UNKNOWN_MEMBER: ("warning", "every member is one of the API's; others are passed over"),
    Rule.UNKNOWN_FIELD: ("warning", "the source has the fields that tasks name (`plan` only)"),
    Rule.UNKNOWN_DESTINATION_FIELD: ("warning", "the destination has the fields that are written (`plan` only)"),
    Rule.READ_ONLY_FIELD: ("warning", "the destination takes values for the fields that are written (`plan` only)"),
    Rule.NO_PROJECTION: (
        "warning",
        "a flow from S3 with Map tasks has a projection, without which AppFlow may write empty fields",
    ),
    Rule.UNPROJECTED_FIELD: ("warning", "what is written is read: a field out of the projection is empty"),
    Rule.UNUSED_PROJECTION: ("warning", "what is read is written, or looked at"),
    Rule.NO_MAPPING: ("warning", "a flow has a Map or Map_all task"),
    Rule.NO_EFFECT: ("warning", "what is masked, truncated, merged or computed is written"),
    Rule.ID_FIELD_UNWRITTEN: ("warning", "the fields of idFieldNames are written"),
    Rule.NEVER_TRUE: ("warning", "no two filters exclude each other: filters count together"),
    Rule.TYPE_LOSS: ("warning", "values fit the type they are written as"),
    Rule.TYPE_NAME: ("warning", "DESTINATION_DATA_TYPE is not a misspelt type, which would mean text"),
    Rule.MASKED_CAST: ("warning", "a masked field is written as text"),
    Rule.OPERATOR_TYPE: ("warning", "AppFlow offers the comparison for the field's type"),
    Rule.LEADING_SLASH: ("warning", "no bucketPrefix begins with a slash"),
    Rule.OWN_OUTPUT: ("warning", "a flow does not read what it writes"),
    Rule.NEVER_RUNS: ("warning", "a schedule has not ended yet"),
    Rule.BEYOND_APPFLOW: ("warning", "AppFlow takes it too, not headrace alone"),
    Rule.PAIR: ("warning", "AppFlow has flows from this source to this destination"),
    Rule.TOO_OFTEN: ("warning", "AppFlow runs flows of this source so often"),
    Rule.TOO_MANY_FILTERS: ("warning", "there are no more filters, and values of one, than AppFlow's console takes"),
    Rule.LARGE_FILE: ("warning", "no object is larger than the 125 MB that AppFlow reads (`plan` only)"),
    Rule.UNUSED_MEMBER: ("note", "what is written counts for something"),
    Rule.NOT_ASKED: ("note", "the fields of the source and the destination could be looked at (`plan` only)"),
    Rule.ONE_LITERAL: ("note", "VALUE is meant as one value, commas and all"),
    Rule.UNTYPED_OUTPUT: ("note", "types that are named are kept in the files"),
    Rule.PAST_START: ("note", "a schedule begins in the future"),
    Rule.TIME_ZONE: ("note", "times are in UTC, whatever the label says"),
    Rule.FIRST_WINDOW: ("note", "how far back the first incremental run reads is said"),
}
