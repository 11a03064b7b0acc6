"""StartFlow requests per CPU-second of the server, against moto_server's Glue StartJobRun in the same run.

headrace makes each start durable before it answers; moto keeps its in memory. Both only take
the start: headrace's one worker waits for a source that never sends its bytes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import boto3

from bench.load import Load, ask, post
from bench.report import Report
from bench.slow_source import slow_source
from tests.standins.processes import Program, free_ports, plain_environment
from tests.standins.service import ServiceProcess

CLIENTS = 16
STARTED = 100
ROUNDS = 3
SECONDS = 3.0
TARGET = 5.0


def main() -> None:
    report = Report("StartFlow, 16 clients")
    with tempfile.TemporaryDirectory() as folder, headrace(Path(folder)) as ours, moto(Path(folder)) as theirs:
        loads = [(start_flows(*ours), start_runs(*theirs)) for _ in range(ROUNDS)]
    for name, load in zip(("headrace, StartFlow", "moto_server, StartJobRun"), middle(loads), strict=True):
        report.fact(name, f"{load.a_cpu_second:,.0f} requests per CPU-second", f"{load.cpu_us:,.0f} µs CPU a request")
        report.fact("  beside its 16 clients", f"{load.a_second:,.0f} a second", f"p99 {load.p99_s * 1000:.0f} ms")
    ratio = median(one.a_cpu_second / other.a_cpu_second for one, other in loads)
    report.ratio("headrace : moto_server", ratio, at_least=TARGET)
    failures = sum(load.failures for pair in loads for load in pair)
    report.close(failures == 0, f"{failures} requests were refused")


@contextmanager
def headrace(folder: Path) -> Generator[tuple[int, int]]:
    """A service with flows to start: its process id and port."""
    with slow_source() as s3:
        environment = {
            "AWS_ENDPOINT_URL_S3": s3,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "HEADRACE_PARALLEL_RUNS": "yes",
            "HEADRACE_CONCURRENT_EXECUTIONS": "1",
        }
        with closing(ServiceProcess(folder / "data", environment)) as service:
            client = service.client()
            for number in range(STARTED):
                client.create_flow(**flow(f"flow-{number}"))
            yield service.program.pid, int(service.url.rpartition(":")[2])


@contextmanager
def moto(folder: Path) -> Generator[tuple[int, int]]:
    """A moto_server with Glue jobs to start: its process id and port."""
    [port] = free_ports(1)
    command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with closing(Program(command, env=plain_environment(HOME=str(folder)))) as program:
        program.find("Running on", timeout_s=30)
        client: Any = boto3.client(
            "glue",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        with closing(client):
            for number in range(STARTED):
                client.create_job(
                    Name=f"flow-{number}",
                    Role="any",
                    Command={"Name": "glueetl"},
                    ExecutionProperty={"MaxConcurrentRuns": 1_000_000},
                )
        yield program.pid, port


def start_flows(pid: int, port: int) -> Load:
    def request(number: int) -> bytes:
        body = {"flowName": f"flow-{number % STARTED}", "clientToken": str(uuid4())}
        return post("/start-flow", json.dumps(body).encode(), service="appflow", Content_Type="application/json")

    return ask(pid, port, request, clients=CLIENTS, seconds=SECONDS)


def start_runs(pid: int, port: int) -> Load:
    signed = partial(post, "/", service="glue", Content_Type="application/x-amz-json-1.1")

    def request(number: int) -> bytes:
        body = {"JobName": f"flow-{number % STARTED}"}
        return signed(json.dumps(body).encode(), X_Amz_Target="AWSGlue.StartJobRun")

    return ask(pid, port, request, clients=CLIENTS, seconds=SECONDS)


def middle(loads: list[tuple[Load, Load]]) -> tuple[Load, Load]:
    """Each server's round of median cost."""
    ours, theirs = (sorted(side, key=lambda load: load.cpu_us) for side in zip(*loads, strict=True))
    return ours[len(ours) // 2], theirs[len(theirs) // 2]


def flow(name: str) -> dict[str, Any]:
    """The least flow from S3 to S3."""
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "orders", "bucketPrefix": "in/"}},
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {"S3": {"bucketName": "orders", "bucketPrefix": "out"}},
            }
        ],
        "tasks": [{"taskType": "Map_all", "sourceFields": [], "connectorOperator": {"S3": "NO_OP"}}],
    }


if __name__ == "__main__":
    main()
