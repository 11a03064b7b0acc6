"""Several processes of headrace on one PostgreSQL and one S3 server, with a proxy before that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from tests.standins.faulty import FaultyProxy
from tests.standins.objects import ServerObjects
from tests.standins.one_bucket import NAME
from tests.standins.postgres import Postgres
from tests.standins.processes import PATIENCE_S, until
from tests.standins.seaweed import S3Server
from tests.standins.service import ServiceProcess

LEASE_S = 3
KEY = "cGxhbnRlZC1rZXktb2YtdGhlLXRlc3RzLTMyYnl0ZXM="
SETTLED = {"Successful", "Error", "Canceled"}


class Town:
    """`nodes` are processes that share everything but their data folders, each by what `acts` says of it."""

    def __init__(
        self,
        folder: Path,
        url: str,
        server: S3Server,
        proxy: FaultyProxy,
        objects: ServerObjects,
        acts: Sequence[str] = ("serve", "serve"),
        **more: str,
    ) -> None:
        self.objects = objects
        self.proxy = proxy
        self.folder = folder
        self.environment: Mapping[str, str] = {
            **server.environment,
            "AWS_ENDPOINT_URL_S3": proxy.url,
            "HEADRACE_DATABASE_URL": url,
            "HEADRACE_LEASE": str(LEASE_S),
            "HEADRACE_KEY": KEY,
            "HEADRACE_REJECTS": f"s3://{NAME}/rejects",
            "HEADRACE_PARALLEL_RUNS": "yes",
            **more,
        }
        self.nodes = [self._node(number, act) for number, act in enumerate(acts)]
        self.answering = [number for number, act in enumerate(acts) if act != "work"]
        self._clients: dict[str, Any] = {}

    def put(self, flow: str, files: Sequence[Sequence[int]], *, first: int = 0) -> None:
        """Objects with records of these numbers, where the flow reads."""
        for number, records in enumerate(files, first):
            text = "\n".join(["n,name", *(f"{each},name {each}" for each in records), ""])
            self.objects.put(NAME, f"{flow}/in/{number:03}.csv", text.encode())

    def call(self, name: str, node: int = 0, **members: Any) -> dict[str, Any]:
        """One call of one node; raises as boto3 does."""
        service = self.nodes[node]
        if service.url not in self._clients:
            self._clients[service.url] = service.client()
        return getattr(self._clients[service.url], name)(**members)

    def call_any(self, name: str, order: Sequence[int], **members: Any) -> dict[str, Any]:
        """The same of the first node that answers, asked in that order, again and again."""

        def ask() -> dict[str, Any] | None:
            for node in order:
                with suppress(HTTPClientError, _Unavailable):
                    return {"answer": self._ask(name, node, members)}
            return None

        return until(ask)["answer"]

    def records(self, flow: str, order: Sequence[int] = (0,)) -> list[dict[str, Any]]:
        """Every execution of the flow, newest first."""
        found: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while not found or more:
            page = self.call_any("describe_flow_execution_records", order, flowName=flow, maxResults=100, **more)
            found += page["flowExecutions"]
            more = {"nextToken": page["nextToken"]} if page.get("nextToken") else {}
            if not found:
                break
        return found

    def settled(self, flow: str, order: Sequence[int] = (0,)) -> list[dict[str, Any]]:
        """The same once all have settled."""

        def ended() -> list[dict[str, Any]]:
            found = self.records(flow, order)
            return found if all(each["executionStatus"] in SETTLED for each in found) else []

        return until(ended, timeout_s=2 * PATIENCE_S)

    def holder_of(self, execution_id: str) -> int:
        """The first node that says that it has claimed the execution."""

        def found() -> list[int]:
            return [
                number
                for number, node in enumerate(self.nodes)
                if any("claimed" in line and execution_id in line for line in [*node.program.lines])
            ]

        return until(found)[0]

    def written(self, flow: str, execution_id: str = "") -> list[int]:
        """The numbers of all records that lie where the flow writes, of one execution or of all."""
        return sorted(self._numbers(self.objects.read(NAME, f"{flow}/out/{flow}/{execution_id}")))

    def written_by_each(self, flow: str) -> dict[str, list[int]]:
        """The same of each execution that has written any."""
        found = self.objects.read(NAME, f"{flow}/out/{flow}/")
        bodies: dict[str, dict[str, bytes]] = {}
        for key, body in found.items():
            bodies.setdefault(key.split("/")[3], {})[key] = body
        return {execution_id: sorted(self._numbers(each)) for execution_id, each in bodies.items()}

    @staticmethod
    def _numbers(objects: Mapping[str, bytes]) -> Iterator[int]:
        for body in objects.values():
            yield from (int(json.loads(line)["n"]) for line in body.splitlines())

    def stop(self, node: int) -> None:
        self.nodes[node].program.send(SIGSTOP)

    def go_on(self, node: int) -> None:
        self.nodes[node].program.send(SIGCONT)

    def staged(self) -> list[str]:
        """What lies in the staging folders of all nodes."""
        return [str(path) for path in self.folder.glob("node-*/staging/**/*") if path.is_file()]

    def close(self) -> None:
        for node in self.nodes:
            node.close()

    def _node(self, number: int, act: str) -> ServiceProcess:
        return ServiceProcess(self.folder / f"node-{number}", self.environment, act)

    def _ask(self, name: str, node: int, members: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.call(name, node, **members)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise _Unavailable from error
            raise


class _Unavailable(Exception):
    """The node answered that it can't answer now."""


def flow(name: str, **members: Any) -> dict[str, Any]:
    """From NAME/in to NAME/out, as JSON Lines, without a task that changes anything."""
    properties = {"bucketName": NAME, "bucketPrefix": f"{name}/out", "s3OutputFormatConfig": {"fileType": "JSON"}}
    return {
        "flowName": name,
        "triggerConfig": {"triggerType": "OnDemand"},
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": NAME, "bucketPrefix": f"{name}/in"}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": properties}},
        ],
        "tasks": [{"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}],
    } | members


def has_leases(postgres: Postgres, url: str) -> bool:
    """Whether any execution has not ended, or is held."""
    database = url.rpartition("/")[2]
    open_ones = "SELECT 1 FROM executions WHERE finished_ms IS NULL OR lease_until_ms IS NOT NULL"
    return bool(postgres.run(open_ones, database))
