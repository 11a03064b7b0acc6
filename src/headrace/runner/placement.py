"""Where the splits of an execution run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from headrace.engine.results import SplitResult

Work = TypeVar("Work")


class Placement(Protocol):
    """Runs splits somewhere and hands back each result as soon as it is there, in any order."""

    def run(self, works: Sequence[Work], do: Callable[[Work], SplitResult]) -> Iterator[tuple[Work, SplitResult]]:
        """Run `do` on each work; what it raises comes out of the iterator and ends it."""
        ...


class Local:
    """One split after the other in the calling thread: the engine spreads each over all its threads,
    and its memory stays that of one split.
    """

    def run(self, works: Sequence[Work], do: Callable[[Work], SplitResult]) -> Iterator[tuple[Work, SplitResult]]:
        """Run `do` on each work, in order."""
        for work in works:
            yield work, do(work)
