"""From StartFlow to `Successful`: small flows through a running service with embedded buckets."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter
from typing import Any

from bench import data
from bench.report import Report
from bench.start_flow import flow
from tests.standins.service import ServiceProcess

ROUNDS = 7
# What a recorded event says AppFlow took for 63,000 records of 10.2 MB, S3 to S3.
APPFLOW_S = 8.2


def main() -> None:
    report = Report("From StartFlow to Successful")
    with tempfile.TemporaryDirectory() as folder, closing(ServiceProcess(Path(folder) / "data")) as service:
        small = measure(service, "thousand", records=1_000)
        report.seconds("1,000 records", small, at_most=0.5)
        event = measure(service, "recorded", records=63_000, fields=_SOME_FIELDS)
        report.seconds("63,000 records, 10.8 MB", event, at_most=1.5)
        report.ratio("AppFlow's recorded 8.2 s : headrace", APPFLOW_S / event, at_least=APPFLOW_S / 1.5)
    report.close()


# Fields of bench.data that make 10.8 MB of 63,000 records.
_SOME_FIELDS = (
    "id",
    "external_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "street",
    "city",
    "ordered_at",
    "shipped_at",
    "note",
)


def measure(service: ServiceProcess, name: str, records: int, fields: tuple[str, ...] | None = None) -> float:
    """Seconds, the median of several runs of one flow; the first one, which warms up, is not counted."""
    source = data.write(service.data / "buckets" / "orders" / "in" / f"{name}.csv", records, fields=fields)
    client = service.client()
    document = flow(name)
    document["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketPrefix"] = f"in/{source.name}"
    client.create_flow(**document)
    return median([_run(client, name, records) for _ in range(ROUNDS)][1:])


def _run(client: Any, name: str, records: int) -> float:
    begun, pause = perf_counter(), Event()
    execution_id = client.start_flow(flowName=name)["executionId"]
    while True:
        record = client.describe_flow_execution_records(flowName=name, maxResults=1)["flowExecutions"][0]
        if record["executionStatus"] == "Successful":
            assert record["executionId"] == execution_id
            assert record["executionResult"]["recordsProcessed"] == records
            return perf_counter() - begun
        assert record["executionStatus"] == "InProgress", record
        pause.wait(0.005)


if __name__ == "__main__":
    main()
