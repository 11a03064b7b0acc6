"""Events of three flows come to three nodes on one PostgreSQL, while those that listen and work are killed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from tests.e2e.test_event_flows import notification
from tests.e2e.test_several_nodes import Cluster
from tests.standins.hooks import WEBHOOK
from tests.standins.processes import until
from tests.unit.cli.documents import flow_document

SERVING = ("serve1", "serve2")
FROM_WEBHOOK = {
    "connectorType": "CustomConnector",
    "connectorProfileName": "shop",
    "sourceConnectorProperties": {"CustomConnector": {"entityName": "order"}},
}


def document(name: str, source: dict[str, Any]) -> dict[str, Any]:
    to_lake = {"bucketName": "lake", "bucketPrefix": name, "s3OutputFormatConfig": {"fileType": "JSON"}}
    return flow_document(
        flowName=name,
        triggerConfig={"triggerType": "Event"},
        sourceFlowConfig=source,
        destinationFlowConfigList=[
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": to_lake}},
        ],
        tasks=[{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}],
    )


def from_s3(prefix: str) -> dict[str, Any]:
    return {
        "connectorType": "S3",
        "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": f"{prefix}/"}},
    }


@dataclass
class Senders:
    """Programs that drop files, tell of objects and post records: one of each after the other, until stopped."""

    cluster: Cluster
    sent: dict[str, list[str]] = field(default_factory=lambda: {"watched": [], "told": [], "posted": []})
    stopped: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.threads = [Thread(target=self._send, args=(name,)) for name in self.sent]

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _send(self, name: str) -> None:
        send: Callable[[str], None] = getattr(self, f"_{name}")
        for number in itertools.count():
            send(f"{name}-{number}")
            self.sent[name].append(f"{name}-{number}")
            if self.stopped.wait(0.05):
                return

    def _watched(self, name: str) -> None:
        self._drop("watched", name)

    def _told(self, name: str) -> None:
        # The folder is watched too: an object that is told twice is moved once.
        self._drop("told", name)
        self._post("s3", json.dumps(notification("raw", f"told/{name}.csv")).encode(), {})

    def _posted(self, name: str) -> None:
        self._post("webhook/posted", json.dumps({"id": name}).encode(), {"X-Delivery-Id": name})

    def _drop(self, folder: str, name: str) -> None:
        path = self.cluster.folder / "buckets" / "raw" / folder / f"{name}.csv"
        path.write_text(f"id\n{name}\n", "utf-8")

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """To whichever node answers, until one has it."""

        def is_taken() -> bool:
            for node in SERVING:
                with suppress(httpx.TransportError):
                    url = f"{self.cluster.urls[node]}/headrace/v1/events/{path}"
                    if httpx.post(url, content=body, headers=headers).is_success:
                        return True
            return False

        until(is_taken)


@pytest.fixture(name="cluster")
def three_nodes(tmp_path: Path, database_url: str) -> Iterator[Cluster]:
    with closing(Cluster(tmp_path, database_url)) as made:
        for name in ("watched", "told"):
            (tmp_path / "buckets" / "raw" / name).mkdir()
        for name in (*SERVING, "work1"):
            made.start(name)
        yield made


def written(cluster: Cluster, flow: str) -> list[str]:
    paths = (cluster.folder / "buckets" / "lake" / flow).rglob("*.json")
    return sorted(json.loads(line)["id"] for path in paths for line in path.read_text("utf-8").splitlines())


def who_said(cluster: Cluster, what: str, flow: str) -> Callable[[], str]:
    """Ask for the node that said last that it does this for the flow, of those that run."""

    def found() -> str:
        running = [name for name, program in cluster.programs.items() if not program.has_ended]
        return next((name for name in running if _said(cluster.programs[name].lines, what, flow)), "")

    return found


def _said(lines: list[str], what: str, flow: str) -> bool:
    return any(what in line and flow in line for line in [*lines])


def test_no_event_is_lost_or_doubled_though_whoever_listens_or_works_is_killed(cluster: Cluster) -> None:
    client = cluster.client("serve1")
    client.create_connector_profile(**WEBHOOK)
    sources = {"watched": from_s3("watched"), "told": from_s3("told"), "posted": FROM_WEBHOOK}
    for flow, source in sources.items():
        client.create_flow(**document(flow, source))
        client.start_flow(flowName=flow)
    senders = Senders(cluster)
    for thread in senders.threads:
        thread.start()
    try:
        for flow in sources:
            until(lambda flow=flow: len(written(cluster, flow)) > 10)
        for flow, what in (("watched", "listening"), ("posted", "events done")):
            killed = until(who_said(cluster, what, flow))
            cluster.kill(killed)
            # Another node does its work while it is away, for what came before the kill and after it.
            wanted = len(senders.sent["watched"]) + 10
            until(lambda wanted=wanted: len(written(cluster, "watched")) > wanted)
            cluster.start(killed)
    finally:
        senders.stop()

    for flow, sent in senders.sent.items():
        until(lambda flow=flow, sent=sent: len(written(cluster, flow)) >= len(sent))
        assert written(cluster, flow) == sorted(sent)
    client = cluster.client("serve1")
    for flow, sent in senders.sent.items():
        client.stop_flow(flowName=flow)
        (record,) = until(lambda flow=flow: ended(client, flow))
        assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", len(sent))


def ended(client: Any, flow: str) -> list[dict[str, Any]]:
    found = client.describe_flow_execution_records(flowName=flow)["flowExecutions"]
    return [] if any(each["executionStatus"] == "InProgress" for each in found) else found
