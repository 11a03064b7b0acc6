"""From StartFlow to a worker, and how fast a queue of runs that find nothing to do is emptied.

The same work beside it, on the same PostgreSQL, on two libraries that keep their queue there: DBOS Transact and
Procrastinate, each in two processes, set up as their guides say.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from statistics import median
from time import time
from typing import NamedTuple

import httpx
from cryptography.fernet import Fernet

from bench.load import cpu_s
from bench.report import Report
from bench.start_flow import flow
from headrace.backend import new_uuid
from headrace.clock import SystemClock, to_ms
from headrace.settings import Settings
from headrace.store import executions, flows
from headrace.store.opening import open_store
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins import postgres
from tests.standins.postgres import Postgres
from tests.standins.processes import Program, plain_environment, until
from tests.standins.service import ServiceProcess

STARTED, WARMING, PAUSE_S = 200, 20, 0.05
QUEUED, FLOWS, NODES = 1000, 100, 2
# How long to wait between two looks at what is left: the end is told by the rows themselves.
LOOK_S = 0.25
ACCOUNT, REGION = "000000000000", "us-east-1"
SQLITE_S, POSTGRES_S, RUNS_A_SECOND = 0.025, 0.015, 300
HERE = Path(__file__).parent / "queue_peers"
# Of each its script, and a query for how many have succeeded and when the last.
PEERS = {
    "DBOS Transact": (
        "dbos_runs.py",
        "SELECT count(*), max(updated_at) / 1000.0 FROM dbos.workflow_status WHERE status = 'SUCCESS'",
    ),
    "Procrastinate": (
        "procrastinate_runs.py",
        "SELECT count(*), extract(epoch FROM max(at)) FROM procrastinate_events WHERE type = 'succeeded'",
    ),
}
_BEGUN = re.compile(r"BEGUN ([0-9.]+) ([0-9.]+)")


class Drain(NamedTuple):
    """How fast a queue was emptied, and what it cost the workers in CPU."""

    a_second: float
    cpu_ms: float


def main() -> None:
    report = Report("Queue: from StartFlow to a worker, and runs that find nothing")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        took = latencies(folder / "sqlite", {})
        report.seconds("StartFlow to a worker, SQLite: median", median(took), at_most=SQLITE_S)
        report.fact("  99 of 100 within", f"{_late(took):.3f} s")
        if not postgres.is_installed():
            report.fact("PostgreSQL", postgres.MISSING)
            report.close()
            return
        server = stack.enter_context(postgres.server(is_durable=True)).postgres
        new = server.new_database
        took = latencies(folder / "postgres", {"HEADRACE_DATABASE_URL": new()})
        report.seconds("StartFlow to a worker, PostgreSQL: median", median(took), at_most=POSTGRES_S)
        report.fact("  99 of 100 within", f"{_late(took):.3f} s")
        ours = drained(folder / "drain", new(), nodes)
        bare = drained(folder / "bare", new(), bare_nodes)
        report.fact(f"{QUEUED:,} queued runs, {NODES} nodes", *_shown(ours))
        report.ratio("  of 300 runs a second", ours.a_second / RUNS_A_SECOND, at_least=1)
        report.fact(f"{QUEUED:,} taken and settled, nothing between", *_shown(bare))
        for peer in PEERS:
            beside(report, peer, server, median(took), (ours, bare))
    report.close()


def latencies(folder: Path, environment: dict[str, str]) -> list[float]:
    """Seconds from before a StartFlow is sent to the worker's line that it holds the run, durably."""
    with closing(ServiceProcess(folder / "data", {"HEADRACE_LOG": "json"} | environment)) as service:
        create_flow(service)
        with httpx.Client(base_url=service.url, trust_env=False) as http:
            return [start(service, http) for _ in range(STARTED + WARMING)][WARMING:]


def start(service: ServiceProcess, http: httpx.Client) -> float:
    asked_s = time()
    execution_id = http.post("/start-flow", json={"flowName": "empty"}).json()["executionId"]
    service.program.find(f"execution settled.*{execution_id}")
    line = service.program.find(f".*execution claimed.*{execution_id}.*").group(0)
    service.program.lines.clear()
    return datetime.fromisoformat(json.loads(line)["time"]).timestamp() - asked_s


def create_flow(service: ServiceProcess) -> None:
    """A flow whose source held something when it was created, and is empty now."""
    source = service.data / "buckets" / "orders" / "in" / "1.csv"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"id\n1\n")
    service.client().create_flow(**flow("empty"))
    source.unlink()


def drained(folder: Path, url: str, start_nodes: Callable[[ExitStack, Path, str], Sequence[Program]]) -> Drain:
    """Queue runs in one transaction while the nodes wait, and see them all settled."""
    (folder / "buckets" / "orders" / "in").mkdir(parents=True)
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(Settings(folder / "bench", database_url=url))))
        running = start_nodes(stack, folder, url)
        before_s = sum(cpu_s(node.pid) for node in running)
        store.write(plant).result()
        queued_s = time()
        until(lambda: not store.read(executions.unfinished).result(), every_s=LOOK_S)
        cpu = sum(cpu_s(node.pid) for node in running) - before_s
        return Drain(QUEUED / (last_settled_s(store) - queued_s), cpu / QUEUED * 1000)


def nodes(stack: ExitStack, folder: Path, url: str) -> list[Program]:
    environment = {
        "HEADRACE_DATABASE_URL": url,
        "HEADRACE_BUCKETS": f"*=file://{folder}/buckets",
        "HEADRACE_KEY": Fernet.generate_key().decode(),
    }
    services = [ServiceProcess(folder / f"node-{number}" / "data", environment) for number in range(NODES)]
    for service in services:
        stack.callback(service.close)
    return [service.program for service in services]


def bare_nodes(stack: ExitStack, folder: Path, url: str) -> list[Program]:
    script = "bench.queue_peers.bare"
    commands = [[sys.executable, "-m", script, url, str(folder / str(number))] for number in range(NODES)]
    return _workers(stack, commands)


def beside(report: Report, peer: str, server: Postgres, took_s: float, ours: tuple[Drain, Drain]) -> None:
    """The same on another library, in as many processes; `ours` are headrace's runs, and its queue by itself."""
    python, (name, done) = _python(), PEERS[peer]
    if python is None:
        report.fact(peer, "not measured: make queues")
        return
    took, theirs = _asked(python, HERE / name, server.new_database()), _emptied(python, HERE / name, done, server)
    late = f"99 of 100 within {_late(took):.3f} s"
    report.fact(f"{peer}: from asking to its function", f"{median(took):.3f} s", late)
    report.fact("  headrace, HTTP included", _times(median(took) / took_s))
    report.fact(f"{peer}: {QUEUED:,} that do nothing", *_shown(theirs))
    report.fact("  headrace's runs", _times(ours[0].a_second / theirs.a_second))
    report.fact("  headrace's queue by itself", _times(ours[1].a_second / theirs.a_second))


def _asked(python: Path, script: Path, url: str) -> list[float]:
    with ExitStack() as stack:
        _run(python, script, "make", url)
        (worker,) = _workers(stack, [[str(python), str(script), "work", url]])
        _run(python, script, "ask", url, str(STARTED + WARMING), str(PAUSE_S))
        until(lambda: len(_begun(worker)) == STARTED + WARMING)
        return [begun_s - asked_s for asked_s, begun_s in _begun(worker)][WARMING:]


def _emptied(python: Path, script: Path, done: str, server: Postgres) -> Drain:
    """From the first that has begun to the last that has succeeded: all of them wait as the workers start."""
    url = server.new_database()
    with ExitStack() as stack:
        _run(python, script, "make", url)
        _run(python, script, "ask", url, str(QUEUED), "0")
        workers = _workers(stack, [[str(python), str(script), "work", url]] * NODES)
        before_s = sum(cpu_s(worker.pid) for worker in workers)
        until(lambda: server.run(done, url.rpartition("/")[2])[0][0] == QUEUED, every_s=LOOK_S)
        cpu = sum(cpu_s(worker.pid) for worker in workers) - before_s
        [(_, ended_s)] = server.run(done, url.rpartition("/")[2])
        begun_s = min(begun_s for worker in workers for _, begun_s in _begun(worker))
        return Drain(QUEUED / (float(ended_s) - begun_s), cpu / QUEUED * 1000)


def _workers(stack: ExitStack, commands: Sequence[Sequence[str]]) -> list[Program]:
    started = [Program(command, env=plain_environment("HOME"), cwd=HERE.parents[1]) for command in commands]
    for program in started:
        stack.callback(program.close)
    for program in started:
        program.find("READY")
    return started


def _run(python: Path, script: Path, *arguments: str) -> None:
    subprocess.run([python, script, *arguments], check=True, capture_output=True, env=plain_environment("HOME"))


def _begun(worker: Program) -> list[tuple[float, float]]:
    found = [_BEGUN.search(line) for line in list(worker.lines)]
    return [(float(match[1]), float(match[2])) for match in found if match]


def _python() -> Path | None:
    home = os.environ.get("APPFLOW_QUEUES")
    python = (Path(home) if home else Path.home() / ".cache" / "headrace" / "queues") / "venv" / "bin" / "python"
    return python if python.is_file() else None


def plant(tx: Tx) -> None:
    now_ms = to_ms(SystemClock().now())
    for number in range(FLOWS):
        name = f"flow-{number:05d}"
        flows.insert(
            tx,
            flow_id=new_uuid(),
            account=ACCOUNT,
            region=REGION,
            name=name,
            arn=f"arn:aws:appflow:{REGION}:{ACCOUNT}:flow/{name}",
            trigger_type="OnDemand",
            failure_threshold=None,
            status="Active",
            kms_arn=None,
            document=flow(name),
            by="bench",
            now_ms=now_ms,
        )
        found = flows.head(tx, ACCOUNT, REGION, name)
        assert found is not None
        for _ in range(QUEUED // FLOWS):
            executions.insert(tx, found, execution_id=new_uuid(), trigger="ondemand", now_ms=now_ms)


def last_settled_s(store: Store) -> float:
    found = store.read(lambda tx: flows.list_page(tx, ACCOUNT, REGION, after="", limit=FLOWS)).result()
    pages = store.read(
        lambda tx: [executions.page(tx, each.flow_id, before_sequence=None, limit=QUEUED) for each in found]
    ).result()
    settled = [run.finished_ms or 0 for page in pages for run in page]
    assert len(settled) == QUEUED
    return max(settled) / 1000


def _late(took: Sequence[float]) -> float:
    return sorted(took)[len(took) * 99 // 100]


def _times(ratio: float) -> str:
    return f"{ratio:.1f}× as fast"


def _shown(drain: Drain) -> tuple[str, str]:
    return f"{drain.a_second:,.0f} a second", f"{drain.cpu_ms:.1f} ms CPU of the workers each"


if __name__ == "__main__":
    main()
