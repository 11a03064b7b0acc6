"""How long flows of all sizes take: through a running service with embedded buckets, and as a process of their own.

python -m bench.latency [--records 1000 10000 63000 250000]: the work of bench.engine_work, CSV in, typed Parquet out,
beside dlt with the same tasks, and Sling without any, to JSON Lines.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median
from threading import Event
from time import perf_counter
from typing import Any

from bench import data
from bench.contenders import able, in_turn
from bench.engine_work import document
from bench.peers import installed, show
from bench.report import Report
from bench.start_flow import flow
from bench.whole import Whole
from tests.standins.service import ServiceProcess

ROUNDS = 7
WHOLE_ROUNDS = 5
SIZES = (1_000, 10_000, 63_000, 250_000)
# For a thousand records, from StartFlow to Successful, and from the process' start to its end.
SERVICE_S, RUN_S = 0.4, 0.9
# What a recorded event says AppFlow took for 63,000 records of 10.2 MB, S3 to S3.
APPFLOW_S = 8.2


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=SIZES)
    sizes: list[int] = parser.parse_args().records
    report = Report("Latency: 24 tasks, from StartFlow to Successful, and as a process of its own")
    names = installed(report)
    with tempfile.TemporaryDirectory() as folder, closing(ServiceProcess(Path(folder) / "data")) as service:
        for records in sizes:
            took = measure(service, f"sized-{records}", records, worked(f"sized-{records}"))
            report.figure("latency", records=records, peer="headrace service", seconds=took)
            say(report, f"{records:,} records: a running service", took, SERVICE_S if records == 1_000 else None)
        event = measure(service, "recorded", 63_000, flow("recorded"), _SOME_FIELDS)
        report.seconds("63,000 records, 10.8 MB, no tasks", event, at_most=1.5)
        report.ratio("AppFlow's recorded 8.2 s : headrace", APPFLOW_S / event, at_least=APPFLOW_S / 1.5)
    for records in sizes:
        with tempfile.TemporaryDirectory() as folder:
            beside(report, data.write(Path(folder) / "csv" / "people.csv", records), names, records)
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


def worked(name: str) -> dict[str, Any]:
    """The work of bench.engine_work between the buckets of the flow below."""
    work = document()
    least = flow(name)
    least["destinationFlowConfigList"][0]["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"] = work[
        "destinationFlowConfigList"
    ][0]["destinationConnectorProperties"]["S3"]["s3OutputFormatConfig"]
    return least | {"tasks": work["tasks"]}


def measure(
    service: ServiceProcess, name: str, records: int, document: dict[str, Any], fields: tuple[str, ...] | None = None
) -> float:
    """Seconds, the median of several runs of one flow; the first one, which warms up, is not counted."""
    source = data.write(service.data / "buckets" / "orders" / "in" / f"{name}.csv", records, fields=fields)
    client = service.client()
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
            assert 0 < record["executionResult"]["recordsProcessed"] <= records
            return perf_counter() - begun
        assert record["executionStatus"] == "InProgress", record
        pause.wait(0.005)


def beside(report: Report, source: Path, names: list[str], records: int) -> None:
    """`headrace run` beside its peers' processes."""
    taken = in_turn(
        [name for name in able(names, "csv", "PARQUET") if name != "DuckDB"], source, "PARQUET", WHOLE_ROUNDS
    )
    if "Sling" in names:
        taken |= in_turn(["Sling"], source, "JSON", WHOLE_ROUNDS, patience_s=3)
    for name, run in taken.items():
        if not isinstance(run, Whole):
            show(report, f"{records:,} records: {name}", run)
            continue
        label = "headrace run" if name == "headrace" else name
        report.figure("latency", records=records, peer=label, seconds=run.seconds)
        target = RUN_S if records == 1_000 and name == "headrace" else None
        say(report, f"{records:,} records: {label}, whole process", run.seconds, target)


def say(report: Report, name: str, seconds: float, target_s: float | None) -> None:
    if target_s is None:
        report.fact(name, f"{seconds:.3f} s")
    else:
        report.seconds(name, seconds, at_most=target_s)


if __name__ == "__main__":
    main()
