"""Two `serve` and two `work` processes on one PostgreSQL: restarted in turn, one killed, while flows run."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.fernet import Fernet

from tests.standins.processes import Program, plain_environment, until
from tests.standins.service import CREDENTIALS, HEADRACE

FLOWS, RUNS, FILES, LINES = 4, 4, 12, 2_000
# Every third line is dropped by the filter.
WRITTEN = FILES * len([line for line in range(LINES) if line % 3])


@dataclass
class Cluster:
    """Processes that share a database and folders for buckets; each has a data folder of its own."""

    folder: Path
    database_url: str
    programs: dict[str, Program] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        buckets = {name: self.folder / "buckets" / name for name in ("raw", "lake")}
        for bucket in buckets.values():
            bucket.mkdir(parents=True)
        self.environment = plain_environment(
            HOME=str(self.folder),
            HEADRACE_DATABASE_URL=self.database_url,
            HEADRACE_BUCKETS=",".join(f"{name}=file://{path}" for name, path in buckets.items()),
            HEADRACE_KEY=Fernet.generate_key().decode(),
            HEADRACE_PARALLEL_RUNS="yes",
            HEADRACE_CONCURRENT_EXECUTIONS="2",
            HEADRACE_THREADS="1",
            HEADRACE_LEASE="3",
            HEADRACE_DRAIN="2",
            HEADRACE_NOTIFY=f"file://{self.folder}/told.jsonl",
        )

    def start(self, name: str) -> None:
        """Start the node; one whose name begins with `serve` answers the API, at `urls`."""
        kind = name.rstrip("0123456789")
        port = ["--port", "0"] if kind == "serve" else []
        command = [*HEADRACE, kind, *port, "--data", self.folder / name]
        program = self.programs[name] = Program(command, env=self.environment)
        if kind == "serve":
            self.urls[name] = program.find(r"AWS_ENDPOINT_URL_APPFLOW=(\S+)")[1]
        else:
            program.find(r"^headrace \S+ working on")

    def restart(self, name: str) -> None:
        """A rolling restart's step: SIGTERM, its end, and a new one."""
        self.programs[name].send(signal.SIGTERM)
        assert self.programs[name].wait() == 0
        self.start(name)

    def kill(self, name: str) -> None:
        self.programs[name].close()

    def client(self, name: str) -> Any:
        return boto3.client(
            "appflow",
            endpoint_url=self.urls[name],
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def close(self) -> None:
        for program in self.programs.values():
            program.close()

    def plant(self) -> None:
        folder = self.folder / "buckets" / "raw" / "in"
        folder.mkdir()
        for file in range(FILES):
            lines = [f"{file}-{line},{line % 3}" for line in range(LINES)]
            (folder / f"{file:02d}.csv").write_text("\n".join(["id,rest", *lines]) + "\n", encoding="utf-8")

    def written(self, flow: str, execution_id: str) -> list[str]:
        """The ids of all records that the execution wrote, in whatever objects."""
        objects = (self.folder / "buckets" / "lake" / flow / execution_id).glob("*")
        return [json.loads(line)["id"] for path in objects for line in path.read_text("utf-8").splitlines()]

    def told(self) -> list[dict[str, Any]]:
        file = self.folder / "told.jsonl"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def document(name: str, trigger: dict[str, Any]) -> dict[str, Any]:
    return {
        "flowName": name,
        "triggerConfig": trigger,
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {
                "S3": {
                    "bucketName": "raw",
                    "bucketPrefix": "in",
                    "s3InputFormatConfig": {"s3InputFileType": "CSV"},
                }
            },
        },
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {
                    "S3": {"bucketName": "lake", "s3OutputFormatConfig": {"fileType": "JSON"}}
                },
            }
        ],
        "tasks": [
            {
                "taskType": "Filter",
                "sourceFields": ["rest"],
                "connectorOperator": {"S3": "NOT_EQUAL_TO"},
                "taskProperties": {"VALUE": "0", "DATA_TYPE": "string"},
            },
            {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}},
        ],
    }


@pytest.fixture(name="cluster")
def four_nodes(tmp_path: Path, database_url: str) -> Iterator[Cluster]:
    with closing(Cluster(tmp_path, database_url)) as made:
        made.plant()
        for name in ("serve1", "serve2", "work1", "work2"):
            made.start(name)
        yield made


def executions(client: Any, flow: str) -> list[dict[str, Any]]:
    return client.describe_flow_execution_records(flowName=flow)["flowExecutions"]


def test_a_rolling_restart_and_a_killed_node_lose_and_double_nothing(cluster: Cluster) -> None:
    one, two = cluster.client("serve1"), cluster.client("serve2")
    flows = [f"f{number}" for number in range(FLOWS)]
    for flow in flows:
        one.create_flow(**document(flow, {"triggerType": "OnDemand"}))
    tick = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    timing = {"scheduleExpression": "rate(1hours)", "scheduleStartTime": tick, "dataPullMode": "Complete"}
    one.create_flow(**document("ticked", {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}))
    two.start_flow(flowName="ticked")
    for _ in range(RUNS):
        for flow in flows:
            two.start_flow(flowName=flow)

    cluster.programs["work2"].find("execution claimed")
    cluster.kill("work2")
    for name in ("work1", "serve1", "serve2"):
        cluster.restart(name)
    cluster.start("work2")

    client = cluster.client("serve1")
    wanted = {**dict.fromkeys(flows, RUNS), "ticked": 1}
    until(lambda: all(_are_over(client, flow, count) for flow, count in wanted.items()))
    for flow, count in wanted.items():
        _assert_exact(cluster, flow, executions(client, flow), count)
    ends = [f"AppFlow {what} Flow Run Report" for what in ("Start", "End")]
    until(lambda: len({event["id"] for event in cluster.told()}) == len(ends) * sum(wanted.values()))
    assert {event["detail-type"] for event in cluster.told()} == set(ends)


def _are_over(client: Any, flow: str, count: int) -> bool:
    found = executions(client, flow)
    return len(found) == count and all(each["executionStatus"] != "InProgress" for each in found)


def _assert_exact(cluster: Cluster, flow: str, found: list[dict[str, Any]], count: int) -> None:
    assert len({each["executionId"] for each in found}) == count
    for each in found:
        result = each["executionResult"]
        assert each["executionStatus"] == "Successful", result
        assert result["recordsProcessed"] == FILES * LINES
        written = cluster.written(flow, each["executionId"])
        assert len(written) == len(set(written)) == WRITTEN


def test_a_node_that_only_serves_has_others_work(tmp_path: Path, database_url: str) -> None:
    with closing(Cluster(tmp_path, database_url)) as cluster:
        cluster.plant()
        program = Program(
            [*HEADRACE, "serve", "--no-work", "--port", "0", "--data", tmp_path / "api"], env=cluster.environment
        )
        cluster.programs["api"] = program
        cluster.urls["api"] = program.find(r"AWS_ENDPOINT_URL_APPFLOW=(\S+)")[1]
        client = cluster.client("api")
        client.create_flow(**document("orders", {"triggerType": "OnDemand"}))
        client.start_flow(flowName="orders")
        cluster.start("work1")
        until(lambda: _are_over(client, "orders", 1))
        _assert_exact(cluster, "orders", executions(client, "orders"), 1)
        assert "execution claimed" not in program.output
        cluster.urls["work1"] = cluster.programs["work1"].find(r"^# metrics: (\S+)/metrics$")[1]
        with pytest.raises(ClientError, match="answers no API"):
            cluster.client("work1").list_flows()
