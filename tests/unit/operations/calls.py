"""The operations on a real store, called as the wire calls them, with a source that holds what a test says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headrace.clock import HandClock, to_ms
from headrace.connector_sdk.hosts.book import Hosts
from headrace.connector_sdk.records import Connection
from headrace.engine.preview import Preview
from headrace.errors import ConnectorServerException
from headrace.flow.explanation import Explanation
from headrace.flow.findings import Looked
from headrace.flow.plan import Plan
from headrace.model.check import check
from headrace.model.states import State
from headrace.operations.connections import connection_of
from headrace.operations.connector_calls import AsStored, Connectors
from headrace.operations.context import Caller
from headrace.operations.dispatch import Dispatcher
from headrace.settings import Settings
from headrace.store import executions
from headrace.store.executions import Claim
from headrace.store.opening import open_store
from headrace.store.profiles import Profile, Secret
from headrace.store.secrets import Sealer
from headrace.store.store import Store
from tests.standins.processes import PATIENCE_S

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ALICE = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/alice", "AKIDALICE")
Json = dict[str, Any]

SCHEDULED: Json = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(5minutes)", "flowErrorDeactivationThreshold": 1}},
}
ON_DEMAND: Json = {"triggerType": "OnDemand"}
EVENT: Json = {"triggerType": "Event"}


def flow(name: str = "orders", **members: Any) -> Json:
    """A CreateFlow request from S3 to S3."""
    return {
        "flowName": name,
        "triggerConfig": ON_DEMAND,
        "sourceFlowConfig": {
            "connectorType": "S3",
            "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
        },
        "destinationFlowConfigList": [
            {"connectorType": "S3", "destinationConnectorProperties": {"S3": {"bucketName": "lake"}}}
        ],
        "tasks": [
            mapping("id"),
            {"taskType": "Filter", "sourceFields": ["id"], "connectorOperator": {"S3": "PROJECTION"}},
        ],
    } | members


def mapping(name: str, to: str | None = None) -> Json:
    return {
        "taskType": "Map",
        "sourceFields": [name],
        "destinationField": to or name,
        "connectorOperator": {"S3": "NO_OP"},
    }


def events_flow(name: str = "orders", **members: Any) -> Json:
    """A flow that Salesforce's events start."""
    tasks = [
        mapping("Id"),
        {"taskType": "Filter", "sourceFields": ["Id"], "connectorOperator": {"Salesforce": "PROJECTION"}},
    ]
    tasks[0]["connectorOperator"] = {"Salesforce": "NO_OP"}
    source: Json = {
        "connectorType": "Salesforce",
        "connectorProfileName": "profile",
        "sourceConnectorProperties": {"Salesforce": {"object": "AccountChangeEvent"}},
    }
    return flow(name, triggerConfig=EVENT, sourceFlowConfig=source, tasks=tasks) | members


@dataclass
class Looks:
    """Finds what the test says, and remembers what it was asked for."""

    looked: Looked = field(default_factory=Looked)
    seen: Preview = field(default_factory=Preview)
    asked: list[tuple[str, int, tuple[int, int] | None]] = field(default_factory=list)

    def look(self, plan: Plan, account: str, region: str) -> Looked:
        return self.looked

    def preview(
        self, plan: Plan, account: str, region: str, *, records: int, window_ms: tuple[int, int] | None
    ) -> Preview:
        self.asked.append((plan.flow_name, records, window_ms))
        return self.seen

    def explain(
        self,
        plan: Plan,
        account: str,
        region: str,
        *,
        named: Callable[[int], str],
        window_ms: tuple[int, int] | None,
    ) -> Explanation:
        raise ConnectorServerException(f"Nothing to explain of {plan.flow_name}.")


@dataclass
class Sources:
    """Says of a plan what the test says."""

    absent: str | None = None
    is_empty: bool = False
    asked: list[str] = field(default_factory=list)
    no_window: Exception | None = None
    has_bookmarks: bool = False

    def missing(self, plan: Plan) -> str | None:
        return self.absent

    def check(self, plan: Plan, account: str, region: str) -> None:
        self.asked.append(plan.flow_name)
        if self.is_empty:
            raise ConnectorServerException("Nothing lies there.")

    def check_window(self, plan: Plan, account: str, region: str) -> None:
        if self.no_window is not None:
            raise self.no_window

    def keeps_place(self, plan: Plan, account: str, region: str) -> bool:
        return self.has_bookmarks


@dataclass
class Applications:
    """Stands for the applications behind profiles: tries a connection as the test says."""

    refusal: Exception | None = None
    tried: list[Connection] = field(default_factory=list[Connection])
    # What happens while the next connection is tried.
    meanwhile: Callable[[], object] | None = None

    def check(self, profile: Profile, secret: Secret) -> Secret:
        self.tried.append(connection_of(profile, secret))
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        if self.refusal is not None:
            raise self.refusal
        return secret


@dataclass
class Calls:
    """Everything a test of the operations needs."""

    store: Store
    dispatcher: Dispatcher
    clock: HandClock
    sources: Sources
    data: Path
    caller: Caller = ALICE
    applications: Applications = field(default_factory=Applications)

    def __call__(self, name: str, request: Json | None = None, **members: Any) -> Json:
        """Check the request as the wire does, run the operation, and the answer's timestamps are as they are."""
        return dict(self.later(name, request, **members).result(timeout=PATIENCE_S))

    def later(self, name: str, request: Json | None = None, **members: Any) -> Any:
        document = (request or {}) | members
        check(name, document, limits="none")
        return self.dispatcher.call(name, self.caller, document)

    def by(self, **others: str) -> Calls:
        """The same service, called by somebody else."""
        return replace(self, caller=replace(self.caller, **others))

    def describe(self, name: str = "orders") -> Json:
        return self("DescribeFlow", flowName=name)

    def records(self, name: str = "orders", **members: Any) -> list[Json]:
        return self("DescribeFlowExecutionRecords", flowName=name, **members)["flowExecutions"]

    def claim(self) -> Claim:
        """Take the oldest queued execution, as a worker does."""
        now_ms = int(self.clock.now().timestamp() * 1000)
        (claim,) = self.store.write(
            lambda tx: executions.claim(tx, owner="worker", now_ms=now_ms, lease_until_ms=now_ms + 9999, limit=1)
        ).result(timeout=PATIENCE_S)
        return claim

    def settle(
        self, claim: Claim, state: State = State.DONE, counts: Json | None = None, message: str | None = None
    ) -> None:
        """End the claimed execution, as a worker does."""
        execution, now_ms = claim.execution, int(self.clock.now().timestamp() * 1000)
        assert self.store.write(
            lambda tx: executions.settle(
                tx, execution.execution_id, execution.fence, state=state, counts=counts, message=message, now_ms=now_ms
            )
        ).result(timeout=PATIENCE_S)


def numbered_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012}"


def _connectors(store: Store, sealer: Sealer, hosts: Hosts, clock: HandClock) -> Connectors:
    return Connectors.on(store, hosts, AsStored(store, sealer), lambda: to_ms(clock.now()))


@contextmanager
def serving(
    data: Path,
    *,
    new_id: Callable[[], str] | None = None,
    has_applications: bool = True,
    hosts: Hosts | None = None,
    looks: Looks | None = None,
    **settings: Any,
) -> Generator[Calls]:
    chosen = Settings(data=data, **settings)
    store, sources, clock = open_store(chosen), Sources(), HandClock(START)
    sealer = Sealer.of(chosen)
    applications = Applications()
    dispatcher = Dispatcher(
        looker=looks or Looks(),
        store=store,
        settings=chosen,
        clock=clock,
        new_id=new_id or numbered_ids(),
        sources=sources,
        sealer=sealer,
        profiles=applications if has_applications else None,
        connectors=None if hosts is None else _connectors(store, sealer, hosts, clock),
    )
    try:
        yield Calls(store, dispatcher, clock, sources, data, applications=applications)
    finally:
        dispatcher.close()
        store.close()
