"""SIGKILL while the store writes: what was acknowledged is there, what was not is whole or absent."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from headrace.model.states import State
from headrace.store import executions
from headrace.store.store import Store
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import flow, serving
from tests.unit.store.rows import read

ROOT = Path(__file__).parents[2]
# Starts runs from four threads, retrying each token once, and prints every answer after it came.
STARTER = """
import itertools, sys, threading, uuid
from pathlib import Path
from tests.unit.operations.calls import flow, serving

data, first, lock = Path(sys.argv[1]), int(sys.argv[2]), threading.Lock()

def say(*words):
    with lock:
        print(*words, flush=True)

with serving(data, new_id=lambda: str(uuid.uuid4()), parallel_runs=True) as call:
    if first == 0:
        call("CreateFlow", flow())
    say("ready")
    def start(offset):
        for number in itertools.count(first + offset, 4):
            token = f"token-{number}"
            for _ in range(2):
                answer = call("StartFlow", flowName="orders", clientToken=token)
                say(token, answer["executionId"])
    threads = [threading.Thread(target=start, args=(offset,), daemon=True) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def killed(program: str, *arguments: str, after_lines: int, delay_s: float) -> list[str]:
    """Run the program, kill it some time after it wrote so many lines, and give back all its whole lines."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after_lines)]
    threading.Event().wait(delay_s)
    process.kill()
    lines += process.stdout.readlines()
    process.stdout.close()
    assert process.wait() == -9, "".join(lines)
    return [line.strip() for line in lines if line.endswith("\n")]


def test_every_acknowledged_start_is_there_once_after_any_kill(tmp_path: Path) -> None:
    luck, answers, first = random.Random(20_260_102), {}, 0
    for _ in range(4):
        lines = killed(STARTER, str(tmp_path), str(first), after_lines=luck.randint(2, 60), delay_s=luck.random() / 20)
        for line in lines[1:]:
            token, execution_id = line.split()
            assert answers.setdefault(token, execution_id) == execution_id, "one token started two runs"
        with serving(tmp_path, parallel_runs=True) as call:
            for token, execution_id in answers.items():
                assert call("StartFlow", flowName="orders", clientToken=token)["executionId"] == execution_id
            kept = all_records(call)
            assert set(answers.values()) <= kept
            # What was not acknowledged is there at most once for each thread, and its token answers it.
            assert len(kept) <= len(answers) + 4 * (first // 100_000 + 1)
        first += 100_000
    assert len(answers) > 20


def all_records(call: Any) -> set[str]:
    found: list[str] = []
    page: dict[str, Any] = {}
    while not page or "nextToken" in page:
        more = {"nextToken": page["nextToken"]} if page else {}
        page = call("DescribeFlowExecutionRecords", flowName="orders", maxResults=100, **more)
        found += [record["executionId"] for record in page["flowExecutions"]]
    assert len(found) == len(set(found))
    return set(found)


# Works executions off as a worker does, and prints each step after it is durable.
WORKER = """
import sys
from pathlib import Path
from headrace.model.states import State
from headrace.store import executions
from headrace.store.store import Store
from tests.unit.store.rows import write

store = Store.open(Path(sys.argv[1]))
write(store, executions.expire_leases)
print("ready", flush=True)
while True:
    (claim,) = write(store, lambda tx: executions.claim(tx, owner="w", now_ms=1, lease_until_ms=10**15, limit=1))
    name, fence = claim.execution.execution_id, claim.execution.fence
    if claim.splits is None:
        assert write(store, lambda tx: executions.record_splits(tx, name, fence, [{}, {}]))
        print("splits", name, flush=True)
    for number in range(2):
        if claim.splits is None or claim.splits[number].result is None:
            assert write(store, lambda tx: executions.record_result(tx, name, fence, number, {"by": fence}))
            print("result", name, number, fence, flush=True)
    assert write(store, lambda tx: executions.begin_commit(tx, name, fence, now_ms=2))
    print("commit", name, flush=True)
    assert write(
        store,
        lambda tx: executions.settle(tx, name, fence, state=State.DONE, counts={}, message=None, now_ms=3),
    )
    print("done", name, flush=True)
"""


def test_every_durable_step_of_a_worker_is_there_after_any_kill(tmp_path: Path) -> None:
    luck, count = random.Random(20_260_103), 1500
    with serving(tmp_path, parallel_runs=True) as call:
        call("CreateFlow", flow())
        for future in [call.later("StartFlow", flowName="orders") for _ in range(count)]:
            future.result(timeout=PATIENCE_S)
    results: dict[tuple[str, str], str] = {}
    steps: set[tuple[str, str]] = set()
    for _ in range(4):
        lines = killed(WORKER, str(tmp_path), after_lines=luck.randint(2, 60), delay_s=luck.random() / 20)
        for step, name, *rest in (line.split() for line in lines[1:]):
            steps.add((step, name))
            if rest:
                assert (name, rest[0]) not in results, "a finished split ran again"
                results[name, rest[0]] = rest[1]
        with closing(Store.open(tmp_path)) as store:
            check_steps(store, steps, results)
    assert len(results) > 20


def check_steps(store: Store, steps: set[tuple[str, str]], results: dict[tuple[str, str], str]) -> None:
    for step, name in steps:
        found = read(store, lambda tx, name=name: executions.get(tx, name))
        assert found is not None
        assert step != "done" or found.state is State.DONE
        assert step != "commit" or found.commit_ms == 2
    for (name, number), fence in results.items():
        splits = read(store, lambda tx, name=name: executions.splits(tx, name))
        assert json.dumps(splits[int(number)].result) == json.dumps({"by": int(fence)})
