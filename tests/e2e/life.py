"""Steps that every end-to-end test takes: plant, create, run, look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from tests.standins.callers import Answer, Caller
from tests.standins.objects import Objects
from tests.standins.processes import PATIENCE_S, until
from tests.standins.service import ServiceProcess

FLOWS = Path(__file__).parents[1] / "data" / "flows"

# The members of DescribeFlow's answer that UpdateFlow takes.
_UPDATABLE = (
    "flowName",
    "description",
    "triggerConfig",
    "sourceFlowConfig",
    "destinationFlowConfigList",
    "tasks",
    "metadataCatalogConfig",
)


@dataclass(frozen=True)
class Place:
    """A running service and the buckets it reads and writes."""

    service: ServiceProcess
    objects: Objects


def published(name: str) -> dict[str, Any]:
    return json.loads((FLOWS / name).read_text(encoding="utf-8"))


def renamed(document: Mapping[str, Any], suffix: str | None = None) -> dict[str, Any]:
    """The document with a flow name and bucket names of its own, so that tests don't meet."""
    suffix = suffix or uuid4().hex[:8]
    copy = deepcopy(dict(document))
    copy["flowName"] = f"{copy['flowName']}-{suffix}"
    for place in bucket_places(copy):
        place["bucketName"] = f"{place['bucketName']}-{suffix}"
    return copy


def bucket_places(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The S3 properties of a flow's source (first, if it is S3) and destinations."""
    source = document["sourceFlowConfig"]["sourceConnectorProperties"]
    ends = [each["destinationConnectorProperties"] for each in document["destinationFlowConfigList"]]
    return [end["S3"] for end in (source, *ends) if "S3" in end]


def as_update(described: Mapping[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in _UPDATABLE if name in described}


def steady(described: Mapping[str, Any]) -> dict[str, Any]:
    """A description without what an update is meant to change."""
    return {name: value for name, value in described.items() if name not in {"lastUpdatedAt", "lastUpdatedBy"}}


def records_of(caller: Caller, flow_name: str) -> list[Answer]:
    return caller.call("DescribeFlowExecutionRecords", {"flowName": flow_name})["flowExecutions"]


def settled(caller: Caller, flow_name: str, execution_id: str, timeout_s: float = PATIENCE_S) -> Answer:
    """The record of an execution once it has ended."""

    def ended() -> Answer | None:
        [record] = [each for each in records_of(caller, flow_name) if each["executionId"] == execution_id]
        return record if record["executionStatus"] in {"Successful", "Error", "Canceled"} else None

    return until(ended, timeout_s=timeout_s)


def run(caller: Caller, flow_name: str, timeout_s: float = PATIENCE_S) -> Answer:
    """Start the flow and wait for the record of its end."""
    started = caller.call("StartFlow", {"flowName": flow_name})
    return settled(caller, flow_name, started["executionId"], timeout_s)


def read_output(objects: Objects, bucket: str, prefix: str, folder: Path) -> list[dict[str, Any]]:
    """All records under a prefix, in order of key, whatever their format."""
    found: list[dict[str, Any]] = []
    for key, body in objects.read(bucket, prefix).items():
        local = folder / f"{uuid4().hex}{Path(key).suffix}"
        local.write_bytes(body)
        found += _records(local)
    return found


def _records(path: Path) -> list[dict[str, Any]]:
    reader = {
        ".csv": f"read_csv('{path}', all_varchar = true, header = true)",
        ".json": f"read_json('{path}', format = 'newline_delimited')",
        ".parquet": f"read_parquet('{path}')",
    }[path.suffix]
    with duckdb.connect() as connection:
        answer = connection.sql(f"SELECT * FROM {reader}")
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
