"""No-op workflows of DBOS Transact on its queue: one process that works, or one that asks. See bench.queue."""

# Not of headrace's environment: pyright does not know DBOS.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUntypedFunctionDecorator=false
from __future__ import annotations

import sys
from random import Random
from threading import Event
from time import time

from dbos import DBOS, DBOSClient

# How often its workers look; its default is once a second, with which a workflow waits for half of one.
POLL_S = 0.05
NAME = "bench"


def work(url: str, *, is_over: bool) -> None:
    DBOS(config={"name": NAME, "system_database_url": url, "run_admin_server": False, "console_log_level": "ERROR"})

    @DBOS.workflow(name="run")
    def run(asked_s: float) -> None:  # pyright: ignore[reportUnusedFunction]
        print(f"BEGUN {asked_s} {time()}", flush=True)

    DBOS.launch()
    DBOS.register_queue(NAME, polling_interval_sec=POLL_S)
    print("READY", flush=True)
    if is_over:
        DBOS.destroy()
    else:
        Event().wait()


def ask(url: str, count: int, pause_s: float) -> None:
    client, chance, pause = DBOSClient(system_database_url=url), Random(1), Event()
    for _ in range(count):
        client.enqueue({"workflow_name": "run", "queue_name": NAME}, time())
        pause.wait(pause_s * chance.uniform(0.5, 1.5))
    client.destroy()


role, address, *rest = sys.argv[1:]
if role in {"make", "work"}:
    work(address, is_over=role == "make")
else:
    ask(address, int(rest[0]), float(rest[1]))
