"""What a case of a rule is, and the documents that cases are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from headrace.flow.findings import Described, Fields, Known
from headrace.flow.rules import Rule
from tests.unit.flow.documents import (
    destination,
    document,
    mapped,
    projection,
    s3_destination,
    task,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY_S = 86_400
NOW_S = NOW.timestamp()
Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A document that a rule speaks of, and the same without that; `source` and `destination` are what is known."""

    rule: Rule
    bad: Any
    good: Any
    where: str
    instead: str = ""
    source: Known = None
    destination: Known = None


def fields(*names: str, **described: Described) -> Fields:
    return Fields("S3 raw/in", {**{name: Described(name) for name in names}, **described})


def salesforce(*tasks: Json, **given: Any) -> Json:
    return document(*tasks, source="Salesforce", **given)


def changed(made: Json, **members: Any) -> Json:
    return {**made, **members}


def with_source(made: Json, **properties: Any) -> Json:
    config = made["sourceFlowConfig"]
    ((name, given),) = config["sourceConnectorProperties"].items()
    return changed(made, sourceFlowConfig={**config, "sourceConnectorProperties": {name: {**given, **properties}}})


def parquet(**properties: Any) -> Json:
    return s3_destination(s3OutputFormatConfig={"fileType": "PARQUET", **properties})


TYPED = parquet(preserveSourceDataTyping=True)
PLAIN = document(projection("a"), mapped("a"))
UPSERT = destination("Salesforce", object="Account", writeOperationType="UPSERT", idFieldNames=["key"])
S3 = ".destinationConnectorProperties.S3"
SIDE = "destinationFlowConfigList[0]"
SCHEDULE = "triggerConfig.triggerProperties.Scheduled"
MERGE = task("Merge", ["a", "b"], to="a,b", operator="NO_OP", CONCAT_FORMAT="${a}${b}")
