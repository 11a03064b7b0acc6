"""The rules that flow documents are looked at by, with the names that stay."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """What a finding is about; docs/plan.md says what each rule asks for."""

    # Of what CreateFlow refuses.
    DOCUMENT = "document"
    CONSTRAINT = "constraint"
    SCHEDULE = "schedule"
    CONNECTOR = "connector"
    PROPERTIES = "properties"
    PROFILE = "profile"
    TRIGGER = "trigger"
    ONE_DESTINATION = "one-destination"
    WRITE_OPERATION = "write-operation"
    ID_FIELDS = "id-fields"
    BUCKET = "bucket"
    FILE_SIZE = "file-size"
    OPERATOR = "operator"
    SOURCE_FIELDS = "source-fields"
    DESTINATION_FIELD = "destination-field"
    TASK_PROPERTY = "task-property"
    FILTER_VALUE = "filter-value"
    PROJECTION = "projection"
    PASSTHROUGH = "passthrough"
    ONE_TASK = "one-task"
    MADE_TWICE = "made-twice"
    CIRCLE = "circle"
    INTERMEDIATE = "intermediate"
    PARTITION_KEY = "partition-key"
