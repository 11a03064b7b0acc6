"""No-op tasks of Procrastinate: one process that works, or one that asks. See bench.queue."""

# Not of headrace's environment: pyright does not know Procrastinate.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUntypedFunctionDecorator=false, reportFunctionMemberAccess=false
from __future__ import annotations

import sys
from random import Random
from threading import Event
from time import time

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

NAME = "bench"
role, address, *rest = sys.argv[1:]
app = App(connector=PsycopgConnector(conninfo=address) if role == "work" else SyncPsycopgConnector(conninfo=address))


@app.task(name="run", queue=NAME)
def run(asked_s: float) -> None:
    print(f"BEGUN {asked_s} {time()}", flush=True)


def ask(count: int, pause_s: float) -> None:
    chance, pause = Random(1), Event()
    for _ in range(count if pause_s else 0):
        run.defer(asked_s=time())
        pause.wait(pause_s * chance.uniform(0.5, 1.5))
    if not pause_s:
        run.batch_defer(*({"asked_s": time()} for _ in range(count)))


if role == "work":
    print("READY", flush=True)
    app.run_worker(queues=[NAME], concurrency=4)
else:
    with app.open():
        if role == "make":
            app.schema_manager.apply_schema()
        else:
            ask(int(rest[0]), float(rest[1]))
