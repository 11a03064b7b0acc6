"""headrace's queue by itself: takes executions and settles them, nothing between. See bench.queue."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

from headrace.backend import new_uuid
from headrace.clock import SystemClock
from headrace.model.states import State
from headrace.runner.ledger import Ledger
from headrace.settings import Settings
from headrace.store.opening import open_store
from headrace.store.store import Store

THREADS = 4
# As many as a node takes at once that runs four at a time.
TOGETHER = 4


def main(url: str, data: str) -> None:
    with closing(open_store(Settings(Path(data), database_url=url))) as store:
        print("READY", flush=True)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: take(store), range(THREADS)))


def take(store: Store) -> None:
    ledger, pause = Ledger(store, SystemClock(), owner=new_uuid(), lease_s=30), Event()
    while True:
        claims = ledger.claim(TOGETHER)
        for claim in claims:
            ledger.settle(claim, State.DONE, None, None)
        if not claims:
            pause.wait(0.01)


main(*sys.argv[1:])
