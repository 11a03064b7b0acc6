"""A scenario killed at a moment and gone on with, beside one that nobody disturbs."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from headrace.engine.results import Counts
from tests.crash.forks import NEVER, Ended, Forks
from tests.crash.scenarios import FIRST_START, SCENARIOS, data_in, ledger_in, play
from tests.crash.world import Node

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


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
        # Where leases are counted by the database's clock, names of objects are too.
        return _INSTANT.sub("at some time", text)

    kept = [path for top in ("buckets", "rejects") for path in (data / top).rglob("*") if path.is_file()]
    batches = ledger_in(folder).batches
    taken = {named(batch["key"]): batch["taken"] for batch in batches}
    return Outcome(
        executions=json.loads(named(json.dumps(ended.executions))),
        objects={named(str(path.relative_to(data))): path.read_text("utf-8") for path in kept},
        taken=taken,
        repeats=sum(Counter(batch["key"] for batch in batches).values()) - len(taken),
        left_over=[str(path) for top in ("staging", "scratch") for path in folder.glob(f"*/{top}/**/*")],
    )


@dataclass(frozen=True)
class Killings:
    """One scenario, killed at any of its moments, in folders of its own.

    `prepare` makes of a folder that was planted one that headrace was started in before. What `killed` began goes on
    on `other`, after `end_leases`.
    """

    forks: Forks
    name: str
    folder: Path
    prepare: Callable[[Path], None]
    killed: Node = field(default_factory=Node)
    other: Node = field(default_factory=Node)
    end_leases: Callable[[], object] = lambda: None

    def planted(self, name: str) -> Path:
        folder = self.folder / name
        SCENARIOS[self.name].plant(folder)
        if self.name != FIRST_START:
            self.prepare(folder)
        return folder

    def play(self, node: Node, folder: Path, kill_at: int = NEVER) -> Ended:
        return self.forks.play(partial(play, self.name, node), folder, kill_at)

    def played_on(self, folder: Path) -> tuple[Ended, Outcome]:
        """On the other node, to the end; the killed one is started once more then."""
        self.end_leases()
        after = self.play(self.other, folder)
        if self.other != self.killed:
            self.forks.play(partial(play, FIRST_START, self.killed), folder)
        return after, outcome(after, folder)

    def undisturbed(self) -> tuple[Ended, Outcome]:
        folder = self.planted("undisturbed")
        whole = self.play(self.killed, folder)
        found = outcome(whole, folder)
        assert (whole.code, found.repeats, found.left_over) == (0, 0, [])
        scenario, counts = SCENARIOS[self.name], [Counts.from_document(each["counts"]) for each in found.executions]
        assert all(each["state"] == scenario.ends for each in found.executions), found.executions
        assert all(each.balanced for each in counts)
        assert scenario.read in {None, sum(each.records_read for each in counts)}
        return whole, found

    def faults(self, whole: Ended, expected: Outcome, at: int) -> list[str]:
        """What is other than it should be after a kill at the moment and another process."""
        folder = self.planted(str(at))
        killed = self.play(self.killed, folder, at)
        after, found = self.played_on(folder)
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
