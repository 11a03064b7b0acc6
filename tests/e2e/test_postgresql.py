"""Two `headrace serve` processes on one PostgreSQL, driven by an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from time import monotonic
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.fernet import Fernet

from tests.standins.postgres import MISSING, PASSWORD, USER, Server, is_installed, server
from tests.standins.processes import PATIENCE_S, until
from tests.standins.service import ServiceProcess
from tests.unit.cli.documents import flow_document

PARALLEL = {"headrace:parallel-runs": "true"}


@dataclass
class Nodes:
    """Two nodes, their database's server, and the folder that is all their buckets."""

    first: ServiceProcess
    second: ServiceProcess
    postgres: Server
    buckets: Path

    def written(self) -> list[list[str]]:
        """The ids of each object that was written."""
        found = [path.read_text().splitlines() for path in sorted((self.buckets / "lake").rglob("*")) if path.is_file()]
        return [sorted(json.loads(line)["id"] for line in lines) for lines in found]


@pytest.fixture(name="nodes")
def two_nodes(tmp_path: Path) -> Iterator[Nodes]:
    if not is_installed():
        pytest.skip(MISSING)
    buckets = tmp_path / "buckets"
    (buckets / "raw" / "in").mkdir(parents=True)
    (buckets / "lake").mkdir()
    (buckets / "raw" / "in" / "1.csv").write_text("id\n1\n2\n")
    with server() as postgres, ExitStack() as stack:
        environment = {
            "HEADRACE_DATABASE_URL": postgres.postgres.new_database(),
            "HEADRACE_KEY": Fernet.generate_key().decode(),
            "HEADRACE_BUCKETS": f"raw=file://{buckets / 'raw'},lake=file://{buckets / 'lake'}",
            "HEADRACE_LEASE": "3",
        }
        first, second = (
            stack.enter_context(closing(ServiceProcess(tmp_path / name, environment))) for name in ("one", "two")
        )
        yield Nodes(first, second, postgres, buckets)
        # Whatever was told of the database, its password was not.
        for node in (first, second):
            assert (
                f"flows and runs lie in postgresql://{USER}@127.0.0.1:{postgres.postgres.port}/" in node.program.output
            )
            assert PASSWORD not in node.program.output


def statuses(client: Any) -> list[str]:
    found = client.describe_flow_execution_records(flowName="people", maxResults=100)["flowExecutions"]
    return [execution["executionStatus"] for execution in found]


def all_successful(client: Any, count: int) -> bool:
    found = statuses(client)
    return len(found) == count and set(found) == {"Successful"}


def test_each_node_sees_and_runs_the_flows_of_the_other(nodes: Nodes) -> None:
    first, second = nodes.first.client(), nodes.second.client()
    arn = first.create_flow(**flow_document(tags=PARALLEL))["flowArn"]
    assert second.describe_flow(flowName="people")["flowArn"] == arn
    with pytest.raises(ClientError, match="already exists"):
        second.create_flow(**flow_document())
    ids = {client.start_flow(flowName="people")["executionId"] for client in (first, second) * 10}
    assert len(ids) == 20
    until(lambda: all_successful(first, 20))
    assert nodes.written() == [["1", "2"]] * 20
    second.delete_flow(flowName="people")
    assert first.list_flows()["flows"] == []


def test_runs_end_once_though_the_database_restarts_and_a_node_dies(nodes: Nodes) -> None:
    first, second = nodes.first.client(), nodes.second.client()
    first.create_flow(**flow_document(tags=PARALLEL))
    for number in range(30):
        second.start_flow(flowName="people", clientToken=f"before {number}")
    nodes.postgres.stop()
    nodes.postgres.start()
    for number in range(30):
        # A call that came as the database went away may be sent again.
        until(lambda number=number: started(second, f"after {number}"))
    nodes.first.kill()
    until(lambda: all_successful(second, 60))
    assert nodes.written() == [["1", "2"]] * 60


def test_a_node_ends_within_seconds_though_the_database_is_away(nodes: Nodes) -> None:
    nodes.postgres.stop()
    begun_s = monotonic()
    nodes.first.program.send(SIGTERM)
    assert nodes.first.program.wait() == 0
    assert monotonic() - begun_s < PATIENCE_S / 2
    assert '"event":"stopped"' in nodes.first.program.output
    nodes.postgres.start()


def started(client: Any, token: str) -> bool:
    try:
        return bool(client.start_flow(flowName="people", clientToken=token)["executionId"])
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 500:
            raise
        return False
