"""Records through a custom connector in a process of its own: from it to S3, and from S3 to it."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.report import Report
from headrace.testing import Headrace, running
from tests.e2e import custom

FEW, MANY = 10_000, 200_000
RECORDS_A_SECOND = 10_000


def main() -> None:
    report = Report("A custom connector in Python, in its own process")
    for name, measure in (("Connector to S3", reading), ("S3 to connector", writing)):
        before = _measured(measure, FEW)
        seconds, peak = _measured(measure, MANY)
        report.fact(name, f"{MANY / seconds:,.0f} records/s", f"{peak - before[1]} MiB more than for {FEW:,} records")
        report.seconds(f"{MANY:,} records", seconds, at_most=MANY / RECORDS_A_SECOND)
    report.close()


def reading(_service: Headrace, count: int) -> tuple[dict[str, str], dict[str, Any]]:
    """The properties of the profile, and the flow."""
    return {"count": str(count)}, custom.from_connector("read", "shop", "stock", "id", "name")


def writing(service: Headrace, count: int) -> tuple[dict[str, str], dict[str, Any]]:
    lines = "".join(f"{number},thing {number}\n" for number in range(count))
    service.put_object("raw", "in/a.csv", f"id,name\n{lines}".encode())
    return {"file": str(service.data / "written")}, custom.to_connector("write", "shop", "stock", "id", "name")


def _measured(
    prepared: Callable[[Headrace, int], tuple[dict[str, str], dict[str, Any]]], count: int
) -> tuple[float, int]:
    """Seconds, and the most MiB that this process has ever had."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as service:
        custom.host(service, "stock_connector:handle")
        appflow = custom.client(service)
        appflow.register_connector(**custom.registration("Stock"))
        properties, flow = prepared(service, count)
        appflow.create_connector_profile(**custom.profile("shop", "Stock", custom.BASIC, **properties))
        begun = perf_counter()
        record = custom.run(service, appflow, flow)
        seconds = perf_counter() - begun
        assert record["executionStatus"] == "Successful", record
        assert record["executionResult"]["recordsProcessed"] == count
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
