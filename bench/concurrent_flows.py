"""A thousand flows, each over a small file of its own, started at once against one service.

python -m bench.concurrent_flows [--flows 1000]: all end well, with the counts of their files; how long the last and the
middle one took from StartFlow to Successful, and the most memory that the service had.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, time

from bench import data
from bench.load import Connection, cpu_s, post
from bench.report import Report
from bench.start_flow import flow
from headrace.store import executions, flows
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import until
from tests.standins.service import ServiceProcess

CLIENTS = 16
# No two neighbours have as many records.
MOST_RECORDS = 150
ACCOUNT, REGION = "000000000000", "us-east-1"
LIMIT_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--flows", type=int, default=1_000)
    count: int = parser.parse_args().flows
    report = Report(f"{count:,} flows started at once")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        plant(root, count)
        with closing(ServiceProcess(root)) as service:
            before_mb, before_s = peak_mb(service), cpu_s(service.program.pid)
            create(service, count)
            created_s = cpu_s(service.program.pid) - before_s
            begun = perf_counter()
            asked = start(service, count)
            taken_s = settled(service, count, begun)
            used_s, most_mb = cpu_s(service.program.pid) - before_s - created_s, peak_mb(service)
            service.terminate()
        found = recorded(root, count)
    took = sorted((each.finished_ms or 0) / 1000 - asked[each.flow_name] for each in found)
    late = took[len(took) * 99 // 100]
    wrong = [each.flow_name for each in found if not is_right(each)]
    report.fact("All Successful after", f"{taken_s:.1f} s", f"{count / taken_s:.0f} runs a second")
    report.fact("From StartFlow to Successful", f"p50 {median(took):.2f} s", f"p99 {late:.2f} s")
    report.fact("CPU of the service, a run", f"{used_s / count * 1000:.1f} ms")
    report.fact("Peak memory of the service", f"{most_mb:.0f} MB", f"before {before_mb:.0f} MB")
    report.figure(
        "flows",
        flows=count,
        seconds=taken_s,
        p50_s=median(took),
        p99_s=late,
        cpu_ms=used_s / count * 1000,
        peak_mb=most_mb,
    )
    report.ratio("400 MB over peak memory", 400 / most_mb, at_least=1)
    report.close(not wrong, f"{len(wrong)} runs did not end well or miscounted, such as {wrong[:3]}")


def plant(root: Path, count: int) -> None:
    """A file for each flow, the first so many lines of one."""
    source = root / "buckets" / "orders" / "in"
    lines = data.write(root / "all.csv", MOST_RECORDS).read_bytes().splitlines(keepends=True)
    for number in range(count):
        path = source / f"{number}" / "1.csv"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"".join(lines[: 1 + records_of(number)]))


def records_of(number: int) -> int:
    return 1 + number * 7 % MOST_RECORDS


def create(service: ServiceProcess, count: int) -> None:
    client = service.client()
    for number in range(count):
        document = flow(f"flow-{number}")
        document["sourceFlowConfig"]["sourceConnectorProperties"]["S3"]["bucketPrefix"] = f"in/{number}/"
        client.create_flow(**document)


def start(service: ServiceProcess, count: int) -> dict[str, float]:
    """Ask for every flow's run over kept-alive connections; when each was asked."""
    port = int(service.url.rpartition(":")[2])
    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = pool.map(lambda first: _start_some(port, range(first, count, CLIENTS)), range(CLIENTS))
        return {name: at for part in parts for name, at in part.items()}


def _start_some(port: int, numbers: Sequence[int]) -> dict[str, float]:
    asked: dict[str, float] = {}
    with closing(Connection(port)) as connection:
        for number in numbers:
            body = json.dumps({"flowName": f"flow-{number}"}).encode()
            asked[f"flow-{number}"] = time()
            status, answer = connection.send(
                post("/start-flow", body, service="appflow", Content_Type="application/json")
            )
            assert status == 200, answer
    return asked


def settled(service: ServiceProcess, count: int, begun: float) -> float:
    """Seconds from `begun` until none of the flows has a run that is not over, seen every 50 ms or so."""
    client, left = service.client(), [f"flow-{number}" for number in range(count)]

    def are_over() -> bool:
        # The queue is worked off in its order, so the last one that is left is looked at alone.
        while left:
            found = client.describe_flow_execution_records(flowName=left[-1], maxResults=1)["flowExecutions"]
            if not found or found[0]["executionStatus"] == "InProgress":
                return False
            left.pop()
        return True

    until(are_over, timeout_s=LIMIT_S)
    return perf_counter() - begun


def recorded(root: Path, count: int) -> list[executions.Execution]:
    def runs(tx: Tx) -> list[executions.Execution]:
        kept = flows.list_page(tx, ACCOUNT, REGION, after="", limit=count)
        return [run for each in kept for run in executions.page(tx, each.flow_id, before_sequence=None, limit=2)]

    with closing(Store.open(root)) as store:
        found = store.read(runs).result()
    assert len(found) == count, f"{len(found)} runs of {count}"
    return found


def is_right(run: executions.Execution) -> bool:
    number = int(run.flow_name.rpartition("-")[2])
    counts = run.counts or {}
    return run.state.name == "DONE" and counts.get("recordsWritten") == records_of(number)


def peak_mb(service: ServiceProcess) -> float:
    status = Path(f"/proc/{service.program.pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    main()
