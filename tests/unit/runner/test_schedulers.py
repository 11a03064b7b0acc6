"""Several schedulers on one database (invariant 6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from headrace.runner.scheduler import MOST_TOGETHER
from headrace.store import executions
from headrace.store.tx import Tx
from tests.standins.processes import until
from tests.unit.runner.schedules import Town, scheduled, town

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def test_many_schedulers_on_one_database_queue_each_tick_once(tmp_path: Path, database_url: str) -> None:
    with ExitStack() as stack:
        towns = [stack.enter_context(town(tmp_path / name, database_url)) for name in ("one", "other", "third")]

        def add(tx: Tx) -> None:
            for number in range(500):
                towns[0].add_in(tx, scheduled(), f"flow{number}")

        towns[0].write(add)
        for number, each in enumerate(towns):
            each.name = f"of {number} "
            each.clock.turn(HOUR)
        with ThreadPoolExecutor(len(towns)) as threads:
            queued = [id_ for found in threads.map(Town.look, towns) for id_ in found]
        # What one of them held the others left out.
        queued += [id_ for each in towns for id_ in each.look()]
        assert len(queued) == 500
        assert {len(towns[1].runs(f"flow{number}")) for number in range(500)} == {1}


def test_workers_are_woken_once_all_that_is_due_is_queued(tmp_path: Path) -> None:
    with town(tmp_path) as place:
        due = MOST_TOGETHER + 1
        place.write(lambda tx: [place.add_in(tx, scheduled("once"), f"due-{number}") for number in range(due)])
        queued = list[int]()

        def look(topic: str) -> None:
            if topic == executions.TOPIC:
                queued.append(sum(len(place.runs(f"due-{number}")) for number in (0, due - 1)))

        unwatch = place.store.watch(look)
        assert len(place.look(2 * SECOND)) == due
        # Word comes after the writes, in their order: that of the first page would have come before.
        until(lambda: bool(queued))
        unwatch()
        assert queued == [2]
