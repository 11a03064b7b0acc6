"""What is done to a headrace that is killed: each scenario may be begun anew at any point, as its callers would."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from headrace.errors import Retry
from headrace.operations import backfills, record_events
from headrace.store import executions, flows
from headrace.store.executions import Execution
from tests.crash.forks import Tell
from tests.crash.moments import Moments
from tests.crash.world import BUCKETS, CALLER, START, Node, World, running
from tests.standins.hooks import WEBHOOK
from tests.standins.ledger import CONNECTOR_TYPE, PROFILE, Ledger
from tests.standins.processes import PATIENCE_S

Json = dict[str, Any]
FLOW = "orders"
FIRST_START = "the first start"
FILES = 3
# After the end of a lease that was taken at the first tick.
LATER = START + timedelta(seconds=45)
TICKS = (START + timedelta(seconds=1), START + timedelta(seconds=61))


@dataclass(frozen=True)
class Scenario:
    """`plant` fills the folder before anything runs; `act` is what callers do; `hook` what the application does.

    `ends` is how the executions end, and `read` how many records all of them have read, None: not said. `is_mixed`:
    its parts are those of others, so that killing at what none of them has will do where not everything is asked for.
    """

    plant: Callable[[Path], None]
    act: Callable[[World], None]
    hook: Callable[[Ledger, World], None] = lambda ledger, world: None
    ends: str = "done"
    read: int | None = None
    is_mixed: bool = False


def play(name: str, node: Node, folder: Path, moments: Moments, tell: Tell) -> None:
    """Do what the scenario of that name is, on the node, and tell how its executions ended."""
    scenario, ledger = SCENARIOS[name], ledger_in(folder)
    ledger.on_any = lambda what: moments.pass_by(f"before {what}")
    with running(node.settings(folder), moments, partial(tell, "answers"), ledger) as world:
        scenario.hook(ledger, world)
        scenario.act(world)
        for each in ended(world):
            tell("executions", each)


def ended(world: World) -> list[Json]:
    """Every execution as it is, but for its times and its attempts."""

    def work(tx: Any) -> list[Execution]:
        found = flows.head(tx, CALLER.account, CALLER.region, FLOW)
        return [] if found is None else executions.page(tx, found.flow_id, before_sequence=None, limit=100)

    return [
        {
            "id": each.execution_id,
            "sequence": each.sequence,
            "state": each.state.value,
            "counts": each.counts,
            "message": each.message,
            "window": [each.window_from_ms, each.window_to_ms],
            "lease": each.lease_until_ms,
        }
        for each in world.backend.store.read(work).result(timeout=PATIENCE_S)
    ]


def ledger_in(folder: Path) -> Ledger:
    return Ledger(folder / "ledger")


def data_in(folder: Path) -> Path:
    return folder / "data"


# --- what is planted -------------------------------------------------------------------------


def plant_files(folder: Path, *, later: int = 0, is_daily: bool = False) -> None:
    """Files of eight records each: one is dropped, one is none. The last ones come later, or one comes a day."""
    place = data_in(folder) / "buckets" / "raw" / "in"
    place.mkdir(parents=True)
    for bucket in BUCKETS[1:]:
        (place.parents[1] / bucket).mkdir()
    for file in range(FILES):
        lines = [f"{file * 10 + number},name {number}" for number in range(6)]
        path = place / f"{file}.csv"
        path.write_text("\n".join(["n,name", "0,Grace", *lines[:3], "no,record,at all", *lines[3:], ""]), "utf-8")
        at = LATER if file >= FILES - later else START - timedelta(days=FILES - file if is_daily else 1)
        os.utime(path, (at.timestamp(), at.timestamp()))


def plant_ledger(folder: Path) -> None:
    for bucket in BUCKETS:
        (data_in(folder) / "buckets" / bucket).mkdir(parents=True)
    ledger_in(folder).hold(7, START - timedelta(days=1))
    ledger_in(folder).hold(4, LATER)


# --- flows -----------------------------------------------------------------------------------


def flow(source: Json, destination: Json, trigger: Json | None = None) -> Json:
    """From files, it drops every Grace; the ledger's conditions are others."""
    dropped = {
        "taskType": "Filter",
        "sourceFields": ["name"],
        "connectorOperator": {"S3": "NOT_EQUAL_TO"},
        "taskProperties": {"DATA_TYPE": "string", "VALUE": "Grace"},
    }
    all_fields = {"taskType": "Map_all", "sourceFields": [], "taskProperties": {}}
    return {
        "flowName": FLOW,
        "triggerConfig": trigger or {"triggerType": "OnDemand"},
        "sourceFlowConfig": source,
        "destinationFlowConfigList": [destination],
        "tasks": [*([dropped] if source is FROM_S3 else []), all_fields],
        "clientToken": "the one flow",
    }


FROM_S3: Json = {
    "connectorType": "S3",
    "sourceConnectorProperties": {"S3": {"bucketName": "raw", "bucketPrefix": "in"}},
}
TO_S3: Json = {
    "connectorType": "S3",
    "destinationConnectorProperties": {"S3": {"bucketName": "lake", "s3OutputFormatConfig": {"fileType": "JSON"}}},
}
FROM_LEDGER: Json = {
    "connectorType": CONNECTOR_TYPE,
    "connectorProfileName": "ledger",
    "sourceConnectorProperties": {CONNECTOR_TYPE: {"object": "entry"}},
}
FROM_WEBHOOK: Json = {
    "connectorType": "CustomConnector",
    "connectorProfileName": "shop",
    "sourceConnectorProperties": {"CustomConnector": {"entityName": "order"}},
}
TO_LEDGER: Json = {
    "connectorType": CONNECTOR_TYPE,
    "connectorProfileName": "ledger",
    "destinationConnectorProperties": {
        CONNECTOR_TYPE: {"object": "entry", "errorHandlingConfig": {"bucketName": "errors"}}
    },
}
# Batches are begun when their events are found, which a kill puts off: their names have but the day.
BY_DAY: Json = {
    "connectorType": "S3",
    "destinationConnectorProperties": {
        "S3": {
            "bucketName": "lake",
            "s3OutputFormatConfig": {
                "fileType": "JSON",
                "prefixConfig": {"prefixType": "FILENAME", "prefixFormat": "DAY"},
            },
        }
    },
}
ON_EVENTS: Json = {"triggerType": "Event"}
EVERY_MINUTE: Json = {
    "triggerType": "Scheduled",
    "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1minutes)", "dataPullMode": "Incremental"}},
}


# --- what callers do -------------------------------------------------------------------------


def on_demand(document: Json) -> Callable[[World], None]:
    def act(world: World) -> None:
        create(world, document)
        world.call("StartFlow", {"flowName": FLOW, "clientToken": "the one run"})
        world.wait_until_idle()

    return act


def in_slices(document: Json) -> Callable[[World], None]:
    """A day's file to each slice, one slice after the other."""

    def act(world: World) -> None:
        create(world, document)
        span = {"from": (START - timedelta(days=FILES)).timestamp(), "to": START.timestamp(), "every": "1d"}
        asked = {"flowName": FLOW, "parallel": 1, "clientToken": "the one backfill"}
        world.call(backfills.START, span | asked)
        world.wait_until_idle()

    return act


def at_each_tick(document: Json) -> Callable[[World], None]:
    def act(world: World) -> None:
        create(world, document)
        world.call("StartFlow", {"flowName": FLOW, "clientToken": "activated"})
        # What was queued before its process died comes before what is due next.
        world.wait_until_idle()
        for instant in TICKS:
            world.turn_to(instant)
            world.fire()
            world.wait_until_idle()

    return act


def as_events_come(document: Json) -> Callable[[World], None]:
    def act(world: World) -> None:
        create(world, document)
        world.call("StartFlow", {"flowName": FLOW, "clientToken": "activated"})
        for told in ((0, 1), (2,)):
            world.hear(FLOW, [f"in/{number}.csv" for number in told])
        # Its last batch may be done, and the process that did it dead.
        world.wait_until_idle()
        world.turn_to(START + timedelta(hours=1))
        world.rouse()

    return act


def as_records_come(document: Json) -> Callable[[World], None]:
    """A sender posts anew what it has no answer to, under the same delivery id."""

    def act(world: World) -> None:
        create(world, document)
        world.call("StartFlow", {"flowName": FLOW, "clientToken": "activated"})
        for posts in ((0, 1), (2,)):
            for number in posts:
                body = "\n".join(f'{{"n": {number * 10 + place}}}' for place in range(4)).encode()
                asked = {"flowName": FLOW, "body": body, "trust": "open"}
                world.call(record_events.PUT, asked | {"headers": {"x-delivery-id": f"post {number}"}})
            world.work_on_events(FLOW)
        world.wait_until_idle()
        world.turn_to(START + timedelta(hours=1))
        world.rouse()

    return act


def create(world: World, document: Json) -> None:
    if document["sourceFlowConfig"] is FROM_WEBHOOK:
        world.call("CreateConnectorProfile", WEBHOOK | {"clientToken": "the one profile"})
    if document["sourceFlowConfig"] is FROM_LEDGER or TO_LEDGER in document["destinationFlowConfigList"]:
        world.call("CreateConnectorProfile", PROFILE | {"clientToken": "the one profile"})
    world.call("CreateFlow", document)


def cancel(world: World) -> None:
    """Cancel what runs, once."""
    records = world.call("DescribeFlowExecutionRecords", {"flowName": FLOW})["flowExecutions"]
    if [record["executionStatus"] for record in records] == ["InProgress"]:
        world.call("CancelFlowExecutions", {"flowName": FLOW})


def cancelled_at_page_three(ledger: Ledger, world: World) -> None:
    ledger.is_endless = True
    # How many more pages come until the cancellation is heard is not always the same.
    ledger.on_any = lambda what: None
    ledger.on_page = lambda number: cancel(world) if number == 3 else None


def cancelled_at_batch_three(ledger: Ledger, world: World) -> None:
    def on_batch(number: int) -> None:
        if number >= 3:
            cancel(world)
            raise Retry("it is closed")

    ledger.on_batch = on_batch


SCENARIOS = {
    FIRST_START: Scenario(lambda folder: data_in(folder).mkdir(parents=True), lambda world: None),
    "from files to files": Scenario(plant_files, on_demand(flow(FROM_S3, TO_S3)), read=24),
    "from files to an application": Scenario(plant_files, on_demand(flow(FROM_S3, TO_LEDGER)), read=24),
    "a backfill in slices": Scenario(
        lambda folder: plant_files(folder, is_daily=True), in_slices(flow(FROM_S3, TO_S3))
    ),
    "new files at each tick": Scenario(
        lambda folder: plant_files(folder, later=1),
        at_each_tick(flow(FROM_S3, TO_S3, EVERY_MINUTE)),
        read=24,
    ),
    "new records at each tick": Scenario(plant_ledger, at_each_tick(flow(FROM_LEDGER, TO_S3, EVERY_MINUTE)), read=11),
    # Both sources of events, and both kinds of destinations.
    "records as they come, to files": Scenario(plant_files, as_records_come(flow(FROM_WEBHOOK, BY_DAY, ON_EVENTS))),
    "files as they come, to an application": Scenario(plant_files, as_events_come(flow(FROM_S3, TO_LEDGER, ON_EVENTS))),
    "files as they come, to files": Scenario(
        plant_files, as_events_come(flow(FROM_S3, BY_DAY, ON_EVENTS)), read=24, is_mixed=True
    ),
    "cancelled while it reads": Scenario(
        plant_ledger, on_demand(flow(FROM_LEDGER, TO_S3)), cancelled_at_page_three, ends="cancelled", read=0
    ),
    "cancelled while it writes": Scenario(
        plant_files,
        on_demand(flow(FROM_S3, TO_LEDGER)),
        cancelled_at_batch_three,
        ends="cancelled",
        read=24,
    ),
}
