"""Where the splits of an execution run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from headrace.engine.results import Naming, SplitResult
from headrace.engine.watch import Watch
from headrace.flow.plan import Plan
from headrace.log import Log
from headrace.runner.sources import SplitWork
from headrace.settings import Settings

# Runs one split on another machine; its files lie in the folder of this one then.
Remote = Callable[[Plan, SplitWork, Naming, Path], SplitResult]


@dataclass(frozen=True)
class Doing:
    """What is to be done with each split of an execution: by this process, or by another machine.

    `there` None: nobody else can. `watch` says when the execution is cancelled. Both raise what a split raises.
    """

    here: Callable[[SplitWork], SplitResult]
    there: Callable[[SplitWork, Remote], SplitResult] | None
    watch: Watch
    log: Log


class Placement(Protocol):
    """Runs splits somewhere and hands back each result as soon as it is there, in any order."""

    def run(self, works: Sequence[SplitWork], doing: Doing) -> Generator[tuple[SplitWork, SplitResult]]:
        """Run each; what one raises comes out of the iterator and ends it. Closed early, it lets go of what runs."""
        ...


class Local:
    """One split after the other in the calling thread: the engine spreads each over all its threads,
    and its memory stays that of one split.
    """

    def run(self, works: Sequence[SplitWork], doing: Doing) -> Generator[tuple[SplitWork, SplitResult]]:
        """Run each, in order."""
        for work in works:
            yield work, doing.here(work)


def stays_because(works: Sequence[SplitWork], *, from_bytes: int) -> str | None:
    """Why splits of files stay on this machine though there is a cluster; None: they are worth the way."""
    if len(works) < 2:
        return "there is but one split"
    size_bytes = sum(file.size_bytes for work in works for file in work.files)
    if size_bytes < from_bytes:
        return f"{size_bytes:,} bytes are less than the {from_bytes:,} of HEADRACE_RAY_FROM"
    return None


def placement_of(settings: Settings, environment: Mapping[str, str], stack: ExitStack) -> Placement:
    """Where the settings let splits run; what is opened for that is closed with the stack.

    Raises SettingsError where they name a cluster and Ray is not installed.
    """
    if settings.ray.address is None:
        return Local()
    # Loaded by those who have a cluster alone: it would make every start a little longer.
    opened = importlib.import_module("headrace.runner.cluster.spread").opened
    return cast("Placement", opened(settings, environment, stack))
