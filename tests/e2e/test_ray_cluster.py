"""Large flows over a real Ray cluster: the same output as on one machine, whatever of the cluster is lost."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import pytest

from tests.e2e.life import settled
from tests.standins.callers import Boto3
from tests.standins.objects import EmbeddedObjects, ServerObjects
from tests.standins.processes import PATIENCE_S, until
from tests.standins.ray_cluster import RayCluster, ray_cluster, why_not
from tests.standins.seaweed import ACCESS_KEY, SECRET_KEY, S3Server
from tests.standins.service import ServiceProcess

# Two splits: at most 256 files are one.
FILES, SPLITS = 300, 2
_SPLIT = "ray::headrace split"


@dataclass
class Far:
    """A service whose large flows go to a cluster of two nodes, and its buckets."""

    cluster: RayCluster
    service: ServiceProcess
    objects: EmbeddedObjects
    boto3: Boto3

    def start(self, name: str) -> str:
        """Start the flow that reads `people`; the id of its run."""
        return start(self.boto3, flow(name))

    def split_held(self) -> tuple[str, int]:
        """A node, and its process that runs a split; stopped there, so that the split can't end."""
        return until(self._hold_one, every_s=0.01)

    def _hold_one(self) -> tuple[str, int] | None:
        for node in self.cluster.pids:
            for pid in self.cluster.processes(node, _SPLIT):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    if pid in self.cluster.processes(node, _SPLIT):
                        return node, pid
                    os.kill(pid, signal.SIGCONT)
        return None

    def said(self, pattern: str) -> None:
        self.service.program.find(pattern)


@pytest.fixture(scope="module", name="far")
def service_with_a_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    if reason := why_not():
        pytest.skip(reason)
    data = tmp_path_factory.mktemp("far") / "data"
    objects = EmbeddedObjects(data)
    plant(objects)
    with ray_cluster("one", "two") as cluster:
        given = {"HEADRACE_RAY_ADDRESS": cluster.address, "HEADRACE_RAY_FROM": "1", "HEADRACE_RAY_MEMORY": "128MiB"}
        with served(data, {**given, **cluster.environment}) as (service, boto3):
            yield Far(cluster, service, objects, boto3)


@pytest.fixture(scope="module", name="expected")
def output_of_one_machine(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the flow writes, rejects and counts without a cluster."""
    data = tmp_path_factory.mktemp("near") / "data"
    objects = EmbeddedObjects(data)
    plant(objects)
    with served(data, {}) as (_, boto3):
        return outcome(data, boto3, start(boto3, flow("people")))


@contextmanager
def served(data: Path, environment: Mapping[str, str]) -> Generator[tuple[ServiceProcess, Boto3]]:
    with closing(ServiceProcess(data, environment)) as service, closing(Boto3(service)) as boto3:
        yield service, boto3


def plant(objects: EmbeddedObjects) -> None:
    """Some records of most files are fine, some are dropped, some are rejected."""
    for number in range(FILES):
        rows = "".join(f"{number}-{row},{'none' if (number + row) % 97 == 0 else row}\n" for row in range(20))
        objects.put("raw", f"people/{number:04d}.csv", f"id,amount\n{rows}".encode())


def flow(name: str, prefix: str = "people", source: str = "raw", kind: str = "CSV") -> dict[str, Any]:
    ends = {"bucketName": source, "bucketPrefix": prefix, "s3InputFormatConfig": {"s3InputFileType": kind}}
    output = {
        "fileType": "PARQUET",
        "preserveSourceDataTyping": True,
        "aggregationConfig": {"aggregationType": "None", "targetFileSize": 128},
    }
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {"connectorType": "S3", "sourceConnectorProperties": {"S3": ends}},
        "destinationFlowConfigList": [
            {
                "connectorType": "S3",
                "destinationConnectorProperties": {
                    "S3": {"bucketName": "lake", "bucketPrefix": name, "s3OutputFormatConfig": output}
                },
            }
        ],
        "tasks": [
            _task("Filter", "NOT_EQUAL_TO", "amount", DATA_TYPE="string", VALUE="3"),
            _task("Map", "NO_OP", "id"),
            _task("Map", "NO_OP", "amount", DESTINATION_DATA_TYPE="integer"),
        ],
    }


def _task(kind: str, operator: str, field: str, **properties: str) -> dict[str, Any]:
    named = {} if kind == "Filter" else {"destinationField": field}
    about = {"taskType": kind, "connectorOperator": {"S3": operator}, "sourceFields": [field]}
    return {**about, **named, "taskProperties": properties}


def start(boto3: Boto3, document: dict[str, Any]) -> str:
    boto3.call("CreateFlow", document)
    return boto3.call("StartFlow", {"flowName": document["flowName"]})["executionId"]


def outcome(data: Path, boto3: Boto3, execution_id: str, name: str = "people") -> Mapping[str, Any]:
    """Status, counts, objects by what of their names is not the run's own, and rejects of a run, once it has ended."""
    record = settled(boto3, name, execution_id)
    result = record["executionResult"]
    counted = {name: result[name] for name in ("bytesProcessed", "recordsProcessed")}
    counted |= {"refused": result.get("errorInfo", {}).get("putFailuresCount", 0)}
    objects = EmbeddedObjects(data).read("lake", name)
    # KEY/EXECUTION/EXECUTION-SPLIT-PART-TIME.json
    written = {Path(key).name.removeprefix(execution_id)[:8]: records(body) for key, body in objects.items()}
    kept = [path for path in (data / "rejects").rglob("*") if path.is_file() and execution_id in str(path)]
    rejects = sorted(line for path in kept for line in path.read_text("utf-8").splitlines())
    found = {"status": record["executionStatus"], "counted": counted, "objects": written}
    return found | {"rejects": [without_run(line) for line in rejects]}


def records(body: bytes) -> list[tuple[Any, ...]]:
    """Of a Parquet file: how many threads wrote it shows in its bytes, and in the order of its records."""
    with NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as con:
        file.write(body)
        file.flush()
        return sorted(con.sql(f"SELECT * FROM read_parquet('{file.name}')").fetchall())


def without_run(line: str) -> Mapping[str, Any]:
    return {name: value for name, value in json.loads(line).items() if "xecution" not in name}


def ends_as(far: Far, expected: Mapping[str, Any], execution_id: str, name: str) -> None:
    assert outcome(far.service.data, far.boto3, execution_id, name) == expected


def test_the_output_is_that_of_one_machine(far: Far, expected: Mapping[str, Any]) -> None:
    assert expected["status"] == "Successful"
    assert len(expected["objects"]) >= SPLITS
    assert expected["rejects"]

    run = far.start("people")

    ends_as(far, expected, run, "people")
    far.said(rf"running on the cluster.*splits=?\D*{SPLITS}")


def test_a_process_that_is_killed_in_the_middle_of_a_split_costs_nothing(far: Far, expected: Mapping[str, Any]) -> None:
    run = far.start("killed")
    _, pid = far.split_held()
    os.kill(pid, signal.SIGKILL)

    ends_as(far, expected, run, "killed")


def test_a_cancelled_run_ends_its_splits_on_the_nodes(far: Far) -> None:
    for number in range(256):
        far.objects.put("raw", f"endless/{number:04d}.csv", b"id,amount\n1,1\n")
    # A hundred gigabytes: nobody reads that within the patience of a test.
    header, rows = (gzip.compress(part) for part in (b"id,amount\n", b"1,1\n" * 2_500_000))
    far.objects.put("raw", "endless/9999.csv", header + rows * 10_000)
    run = start(far.boto3, flow("cancelled", "endless"))
    until(lambda: any(far.cluster.processes(node, _SPLIT) for node in far.cluster.pids))
    far.boto3.call("CancelFlowExecutions", {"flowName": "cancelled", "executionIds": [run]})

    assert settled(far.boto3, "cancelled", run)["executionStatus"] == "Canceled"
    until(lambda: not any(far.cluster.processes(node, _SPLIT) for node in far.cluster.pids))
    assert not far.objects.read("lake", "cancelled")
    assert not [*(far.service.data / "staging").iterdir()]


def test_a_split_that_is_too_large_for_its_memory_names_the_setting(far: Far, tmp_path: Path) -> None:
    objects = EmbeddedObjects(tmp_path / "data")
    for number in range(300):
        body = json.dumps({"id": "x" * (40_000_000 if number == 299 else 1)})
        objects.put("raw", f"large/{number:04d}.json", f"{body}\n".encode())
    document = flow("large", "large", kind="JSON")
    document["tasks"] = [_task("Map", "NO_OP", "id")]
    given = {"HEADRACE_RAY_ADDRESS": far.cluster.address, "HEADRACE_RAY_FROM": "1", "HEADRACE_RAY_MEMORY": "64MiB"}
    with served(tmp_path / "data", {**given, **far.cluster.environment}) as (_, boto3):
        record = settled(boto3, "large", start(boto3, document))

    assert record["executionStatus"] == "Error"
    assert "than HEADRACE_RAY_MEMORY allows. Raise it" in record["executionResult"]["errorInfo"]["executionMessage"]


def test_the_nodes_fetch_from_a_store_themselves_and_keep_no_secret(
    far: Far, expected: Mapping[str, Any], s3_server: S3Server, tmp_path: Path
) -> None:
    given = {"HEADRACE_RAY_ADDRESS": far.cluster.client_address, "HEADRACE_RAY_FROM": "1"}
    places = {"HEADRACE_BUCKETS": f"lake=file://{tmp_path}/data/buckets/lake"}
    with closing(ServerObjects(s3_server.url, ACCESS_KEY, SECRET_KEY)) as objects:
        for key, body in far.objects.read("raw", "people").items():
            objects.put("of-the-cluster", key, body)
    (tmp_path / "data" / "buckets" / "lake").mkdir(parents=True)
    with served(tmp_path / "data", {**given, **places, **far.cluster.environment, **s3_server.environment}) as (
        service,
        boto3,
    ):
        run = start(boto3, flow("people", source="of-the-cluster"))

        found = outcome(service.data, boto3, run)
        service.program.find("running on the cluster")
        assert "running here" not in service.program.output
    assert found == {**expected, "rejects": found["rejects"]}
    assert len(found["rejects"]) == len(expected["rejects"])
    logs = [path for path in far.cluster.folder.rglob("*") if path.is_file()]
    assert [path for path in logs if path.suffix in {".log", ".out", ".err"}]
    assert not [path for path in logs if SECRET_KEY.encode() in path.read_bytes()]


def test_the_cluster_is_looked_at_before_it_is_used(far: Far, tmp_path: Path) -> None:
    document = tmp_path / "flow.json"
    document.write_text(json.dumps(flow("people")), encoding="utf-8")

    said = cluster_check(far, str(document))

    assert said.returncode == 0, said.stderr
    assert "2 nodes" in said.stdout or "3 nodes" in said.stdout
    assert f"{SPLITS} splits" in said.stdout


def test_a_node_that_dies_leaves_its_splits_to_the_others(far: Far, expected: Mapping[str, Any]) -> None:
    run = far.start("bereft")
    node, _ = far.split_held()
    far.cluster.kill(node)

    ends_as(far, expected, run, "bereft")


def test_a_run_whose_head_dies_ends_on_this_machine_and_the_next_one_waits_for_no_other(
    far: Far, expected: Mapping[str, Any]
) -> None:
    run = far.start("beheaded")
    far.split_held()
    for node in [*far.cluster.pids]:
        far.cluster.kill(node)

    ends_as(far, expected, run, "beheaded")
    far.said("running here instead of on the cluster")

    far.cluster.head()
    far.cluster.node("three")
    again = far.start("again")
    ends_as(far, expected, again, "again")
    assert far.service.program.output.count("running here instead of on the cluster") == 1


def cluster_check(far: Far, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **far.cluster.environment, "HEADRACE_RAY_FROM": "1"}
    environment["HEADRACE_RAY_ADDRESS"] = far.cluster.address
    command = [sys.executable, "-m", "headrace", "cluster", "check", *arguments, "--data", str(far.service.data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=environment)
