"""SIGKILL at every moment at which something becomes lasting: what is there in the end is as if nobody had been killed.

Each scenario runs once undisturbed, which counts its moments; then once for each of them, killed there and begun
anew in another process (invariants 1 to 5 and 9).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.crash.forks import NEVER, Ended, Forks
from tests.crash.scenarios import FIRST_START, SCENARIOS, data_in, ledger_in, play

AT_ONCE = 2


@dataclass
class Outcome:
    """What a scenario leaves: how executions ended, every object, and what the application took, by its batch."""

    executions: list[dict[str, Any]]
    objects: dict[str, str]
    taken: dict[str, Any]
    repeats: int
    left_over: list[str]


def outcome(ended: Ended, folder: Path) -> Outcome:
    data = data_in(folder)
    names = {each.pop("id"): f"execution {each['sequence']}" for each in ended.executions}

    def named(text: str) -> str:
        text = text.replace(str(folder), "…")
        for execution_id, name in names.items():
            text = text.replace(execution_id, name)
        return text

    kept = [path for top in ("buckets", "rejects") for path in (data / top).rglob("*") if path.is_file()]
    batches = ledger_in(folder).batches
    taken = {named(batch["key"]): batch["taken"] for batch in batches}
    return Outcome(
        executions=json.loads(named(json.dumps(ended.executions))),
        objects={named(str(path.relative_to(data))): path.read_text("utf-8") for path in kept},
        taken=taken,
        repeats=sum(Counter(batch["key"] for batch in batches).values()) - len(taken),
        left_over=[str(path) for top in ("staging", "scratch") for path in (data / top).rglob("*")],
    )


@pytest.fixture(scope="module")
def forks() -> Forks:
    return Forks()


@pytest.fixture(scope="module")
def begun(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was used before, empty."""
    folder = tmp_path_factory.mktemp("begun")
    assert forks.play(partial(play, FIRST_START), folder).code == 0
    return folder


@dataclass(frozen=True)
class Killings:
    """One scenario, killed at any of its moments, in folders of its own."""

    forks: Forks
    name: str
    folder: Path
    begun: Path

    def planted(self, name: str) -> Path:
        folder = self.folder / name
        SCENARIOS[self.name].plant(folder)
        if self.name != FIRST_START:
            shutil.copytree(self.begun, folder, dirs_exist_ok=True)
        return folder

    def play(self, folder: Path, kill_at: int = NEVER) -> Ended:
        return self.forks.play(partial(play, self.name), folder, kill_at)

    def undisturbed(self) -> tuple[Ended, Outcome]:
        folder = self.planted("undisturbed")
        whole = self.play(folder)
        found = outcome(whole, folder)
        assert (whole.code, found.repeats, found.left_over) == (0, 0, [])
        return whole, found

    def faults(self, whole: Ended, expected: Outcome, at: int) -> list[str]:
        """What is other than it should be after a kill at the moment and another process."""
        folder = self.planted(str(at))
        killed = self.play(folder, at)
        after = self.play(folder)
        found = outcome(after, folder)
        pairs = {
            "moments until the kill": (len(killed.moments), at),
            "the ends of both processes": ((killed.code, after.code), (-signal.SIGKILL, 0)),
            "executions": (found.executions, expected.executions),
            "objects": (found.objects, expected.objects),
            "taken": (found.taken, expected.taken),
            "left over": (found.left_over, []),
            "runs that callers know and nobody else": (sorted({*killed.started} - {*after.started}), []),
            "batches that came once too often": (max(found.repeats - 1, 0), 0),
        }
        shutil.rmtree(folder)
        wrong = [f"{what}: {is_so}, not {should}" for what, (is_so, should) in pairs.items() if is_so != should]
        return [f"{at} ({whole.moments[at - 1]}): {fault}" for fault in wrong]


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """The names of all moments at which a process was killed so far."""
    return set()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_process_killed_at_any_moment_loses_and_repeats_nothing(
    name: str, forks: Forks, begun: Path, tmp_path: Path, seen: set[str]
) -> None:
    killings = Killings(forks, name, tmp_path, begun)
    whole, expected = killings.undisturbed()
    places = chosen(whole.moments, seen)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = list(pool.map(lambda at: killings.faults(whole, expected, at), places))

    assert {*whole.moments} <= seen
    assert not [fault for found in faults for fault in found]


def chosen(moments: Sequence[str], seen: set[str]) -> list[int]:
    """The numbers of the moments to kill at: of each commit the first and the last, of changes of files one.

    With EVERY_MOMENT in the environment really all.
    """
    firsts = {name: at for at, name in reversed([*enumerate(moments, 1)])}
    places = {at for name, at in firsts.items() if name not in seen or "commit" in name}
    places |= {at for at, name in enumerate(moments, 1) if "commit" in name and name not in moments[at:]}
    seen.update(moments)
    return sorted(range(1, len(moments) + 1) if "EVERY_MOMENT" in os.environ else places)


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(forks: Forks, begun: Path, tmp_path: Path) -> None:
    luck = random.Random(20_260_102)
    killings = Killings(forks, "from files to an application", tmp_path, begun)
    whole, expected = killings.undisturbed()
    folder = killings.planted("again and again")

    codes = [killings.play(folder, luck.randint(len(whole.moments) // 4, len(whole.moments))).code for _ in range(5)]
    found = outcome(killings.play(folder), folder)

    assert -signal.SIGKILL in codes
    assert (found.executions, found.taken, found.left_over) == (expected.executions, expected.taken, [])
    assert found.repeats <= len(codes)
