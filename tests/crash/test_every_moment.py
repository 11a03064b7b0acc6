"""SIGKILL at every moment at which something becomes lasting: what is there in the end is as if nobody had been killed.

Each scenario runs once undisturbed, which counts its moments; then once for each of them, killed there and begun
anew in another process: after a restart on SQLite, on another node on PostgreSQL (invariants 1 to 5 and 9).
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.crash.forks import Forks
from tests.crash.killings import Killings
from tests.crash.scenarios import FIRST_START, SCENARIOS, play
from tests.crash.world import Node
from tests.standins.postgres import Postgres
from tests.standins.stores import emptied, new_database

AT_ONCE = 3
# A database takes its time: those that differ most, unless everything is asked for.
FEW = ["from files to files", "from files to an application", "new records at each tick"]
ON_TWO_NODES = [name for name in SCENARIOS if name != FIRST_START] if "EVERY_MOMENT" in os.environ else FEW
Prepare = Callable[[Path], None]


@pytest.fixture(scope="module")
def forks() -> Forks:
    return Forks()


@pytest.fixture(scope="module")
def begun(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Makes data folders that were used before, empty."""
    kept = tmp_path_factory.mktemp("begun")
    assert forks.play(partial(play, FIRST_START, Node()), kept).code == 0
    return lambda folder: shutil.copytree(kept, folder, dirs_exist_ok=True) and None


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """The kinds of all moments at which a process was killed so far, on SQLite."""
    return set()


@pytest.fixture(scope="module")
def seen_on_two_nodes() -> set[str]:
    """The same on PostgreSQL."""
    return set()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_process_killed_at_any_moment_loses_and_repeats_nothing(
    name: str, forks: Forks, begun: Prepare, tmp_path: Path, seen: set[str]
) -> None:
    killings = Killings(forks, name, tmp_path, begun)
    whole, expected = killings.undisturbed()
    places = chosen(whole.moments, seen, is_mixed=SCENARIOS[name].is_mixed)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = list(pool.map(lambda at: killings.faults(whole, expected, at), places))

    seen.update(kind(whole.moments[at - 1]) for at in places)
    assert {kind(name) for name in whole.moments} <= seen
    assert not [fault for found in faults for fault in found]


def chosen(moments: Sequence[str], seen: set[str], *, has_lasts: bool = True, is_mixed: bool = False) -> list[int]:
    """The numbers of the moments to kill at: the first of every kind that no scenario before had, the last too of
    commits unless told not, and after the first of every commit that one had, unless the scenario is mixed of others.

    What a kill before a commit leaves, the one after the commit before it leaves too. With EVERY_MOMENT in the
    environment really all.
    """
    kinds = [*enumerate(map(kind, moments), 1)]
    firsts, lasts = {name: at for at, name in reversed(kinds)}, {name: at for at, name in kinds}
    places = {
        at for name, at in firsts.items() if name not in seen or (name.startswith("after the commit") and not is_mixed)
    }
    places |= {at for name, at in lasts.items() if has_lasts and name not in seen and "commit" in name}
    return sorted(range(1, len(moments) + 1) if "EVERY_MOMENT" in os.environ else places)


def kind(moment: str) -> str:
    """What happens at the moment, to whichever of several files or splits."""
    return re.sub(r"\d+", "#", re.sub(r"…\.\d+", "…", moment))


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(forks: Forks, begun: Prepare, tmp_path: Path) -> None:
    luck = random.Random(20_260_102)
    killings = Killings(forks, "from files to an application", tmp_path, begun)
    whole, expected = killings.undisturbed()
    folder = killings.planted("again and again")

    codes = [
        killings.play(killings.killed, folder, luck.randint(len(whole.moments) // 4, len(whole.moments))).code
        for _ in range(5)
    ]
    _, found = killings.played_on(folder)

    assert -signal.SIGKILL in codes
    assert (found.executions, found.taken, found.left_over) == (expected.executions, expected.taken, [])
    assert found.repeats <= len(codes)


@pytest.fixture(scope="module")
def databases(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> SimpleQueue[str]:
    """The URLs of databases that nobody uses."""
    free: SimpleQueue[str] = SimpleQueue()
    for _ in range(AT_ONCE):
        free.put(new_database(postgres_server, tmp_path_factory.mktemp("database")))
    return free


@pytest.mark.parametrize("name", ON_TWO_NODES)
def test_what_a_killed_node_began_another_one_ends(
    name: str,
    forks: Forks,
    postgres_server: Postgres,
    databases: SimpleQueue[str],
    tmp_path: Path,
    seen_on_two_nodes: set[str],
) -> None:
    def killings() -> Killings:
        url = databases.get()
        emptied(postgres_server, url)
        # As they end by themselves when their time is over.
        end = partial(
            postgres_server.run,
            "UPDATE executions SET lease_until_ms = 0 WHERE lease_until_ms > 0",
            url.rpartition("/")[2],
        )
        return Killings(forks, name, tmp_path, lambda _: None, Node("data", url), Node("other", url), end)

    def check(at: int) -> list[str]:
        killing = killings()
        try:
            return killing.faults(whole, expected, at)
        finally:
            databases.put(killing.killed.database_url or "")

    first = killings()
    whole, expected = first.undisturbed()
    databases.put(first.killed.database_url or "")
    # What changes files was killed at beside SQLite, and here it is the same.
    seen_on_two_nodes |= {kind(moment) for moment in whole.moments if "commit" not in moment}
    places = chosen(whole.moments, seen_on_two_nodes, has_lasts=False)
    seen_on_two_nodes |= {kind(whole.moments[at - 1]) for at in places}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = list(pool.map(check, places))

    assert not [fault for found in faults for fault in found]
