"""What scheduled flows cost while none is due, and how late they fire when all are due at once."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import perf_counter

from bench.load import cpu_s
from bench.report import Report
from bench.start_flow import flow
from headrace.backend import new_uuid
from headrace.clock import HandClock, to_ms
from headrace.operations import schedules as operations
from headrace.runner.scheduler import Scheduler
from headrace.store import executions, flows
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.processes import until
from tests.standins.service import ServiceProcess

IDLE_FLOWS = 5000
DUE_AT_ONCE = 2000
WATCHED_S = 20.0
ACCOUNT, REGION = "000000000000", "us-east-1"


def main() -> None:
    report = Report("Schedules")
    none, many = idle_cpu_s(0), idle_cpu_s(IDLE_FLOWS)
    report.fact("serve, no flows", f"{none / WATCHED_S:.2%} of a core")
    report.fact(f"serve, {IDLE_FLOWS:,} scheduled flows, none due", f"{many / WATCHED_S:.2%} of a core")
    report.seconds(f"CPU in {WATCHED_S:.0f} s of that", many, at_most=WATCHED_S * 0.05)
    report.seconds(f"one look that queues {DUE_AT_ONCE:,} runs", look_s(DUE_AT_ONCE), at_most=1)
    report.seconds(f"the latest of {DUE_AT_ONCE:,} runs of one second, queued", lateness_s(DUE_AT_ONCE), at_most=1)
    report.close()


def idle_cpu_s(count: int) -> float:
    """User and system time of a service with so many active flows, whose ticks are a day away."""
    with planted(count, "rate(1days)", timedelta(days=1)) as data, closing(ServiceProcess(data)) as service:
        Event().wait(2)
        before = cpu_s(service.program.pid)
        Event().wait(WATCHED_S)
        return cpu_s(service.program.pid) - before


def look_s(count: int) -> float:
    """How long a scheduler takes to queue a run of each flow, durably."""
    with planted(count, "rate(1days)", timedelta(hours=1)) as data, closing(Store.open(data)) as store:
        clock = HandClock(datetime.now(UTC) + timedelta(hours=1))
        scheduler = Scheduler(store=store, clock=clock, new_id=new_uuid)
        begun = perf_counter()
        queued = scheduler.look()
        taken_s = perf_counter() - begun
    assert len(queued) == count
    return taken_s


def lateness_s(count: int) -> float:
    """By how much the last of so many runs, all due at one instant, is queued after it, in a service that runs them."""
    with planted(count, "rate(1days)", timedelta(seconds=10)) as data:
        with closing(ServiceProcess(data)) as service:
            client = service.client()
            name = f"flow-{count - 1:05d}"
            until(lambda: client.describe_flow_execution_records(flowName=name)["flowExecutions"], timeout_s=60)
            Event().wait(2)
            service.terminate()
        with closing(Store.open(data)) as store:
            found = [each for page in store.read(runs).result() for each in page]
    assert len(found) == count
    return max(each.queued_ms - (each.window_to_ms or 0) for each in found) / 1000


def runs(tx: Tx) -> list[list[executions.Execution]]:
    every = flows.list_page(tx, ACCOUNT, REGION, after="", limit=10**6)
    return [executions.page(tx, each.flow_id, before_sequence=None, limit=9) for each in every]


@contextmanager
def planted(count: int, expression: str, ahead: timedelta) -> Generator[Path]:
    """A data folder with so many active flows, whose first tick is so far ahead, and something for them to read."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        source = data / "buckets" / "orders" / "in" / "1.csv"
        source.parent.mkdir(parents=True)
        source.write_bytes(b"id\n1\n")
        with closing(Store.open(data)) as store:
            store.write(lambda tx: plant(tx, count, expression, ahead)).result()
        yield data


def plant(tx: Tx, count: int, expression: str, ahead: timedelta) -> None:
    now = datetime.now(UTC)
    start_s = int((now + ahead).timestamp())
    timing = {"scheduleExpression": expression, "scheduleStartTime": start_s, "dataPullMode": "Incremental"}
    trigger = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}
    for number in range(count):
        name = f"flow-{number:05d}"
        flows.insert(
            tx,
            flow_id=new_uuid(),
            account=ACCOUNT,
            region=REGION,
            name=name,
            arn=f"arn:aws:appflow:{REGION}:{ACCOUNT}:flow/{name}",
            trigger_type="Scheduled",
            failure_threshold=None,
            status="Draft",
            kms_arn=None,
            document=flow(name) | {"triggerConfig": trigger},
            by="bench",
            now_ms=to_ms(now),
        )
        found = flows.get(tx, ACCOUNT, REGION, name)
        assert found is not None
        operations.activate(tx, found, to_ms(now))


if __name__ == "__main__":
    main()
