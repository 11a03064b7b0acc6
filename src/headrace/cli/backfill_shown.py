"""A backfill on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from headrace.cli.asking import instant_text, window_text

_Backfill = Mapping[str, Any]
ENDED = frozenset({"Successful", "Error", "Canceled"})


def line_of(backfill: _Backfill) -> str:
    """A backfill in a line: id, status, how far it is, and its span."""
    parts = [
        backfill["backfillId"],
        f"{backfill['status']:<13}",
        f"{progress_of(backfill)} ({backfill['percent']:g} %)",
        f"{window_text(backfill['from'], backfill['to'])} every {backfill['every']}",
    ]
    return "  ".join(parts)


def progress_of(backfill: _Backfill) -> str:
    """What became of its slices, in words; what there is none of is left out."""
    slices = backfill["slices"]
    parts = [f"{slices['done']:,} of {slices['total']:,} slices done"]
    names = ("running", "failed", "cancelled", "left")
    parts += [f"{slices[name]:,} {name}" for name in names if slices[name]]
    if "secondsLeft" in backfill:
        parts.append(f"about {_duration(backfill['secondsLeft'])} to go")
    return ", ".join(parts)


def lines_of(backfill: _Backfill) -> Iterator[str]:
    """All there is to say of a backfill."""
    yield line_of(backfill)
    stops = ", stops at the first failure" if backfill["stopOnFailure"] else ""
    most = backfill["parallel"]
    yield f"  {'one slice' if most == 1 else f'at most {most} slices'} at a time{stops}"
    yield f"  created {instant_text(backfill['createdAt'])} by {backfill['createdBy']}"
    if "finishedAt" in backfill:
        yield f"  ended {instant_text(backfill['finishedAt'])}"
    yield f"  records: {', '.join(f'{fate} {count:,}' for fate, count in backfill['counts'].items())}"
    for failure in backfill.get("failures", ()):
        parts = [
            f"  slice {failure['slice']}",
            window_text(failure["from"], failure["to"]),
            failure["status"],
            failure["executionId"],
            *([failure["message"]] if "message" in failure else []),
        ]
        yield "  ".join(parts)
    not_done = backfill["slices"]["failed"] + backfill["slices"]["cancelled"]
    if len(backfill.get("failures", ())) < not_done:
        yield f"  and {not_done - len(backfill['failures'])} more"
    if backfill["status"] in ENDED - {"Successful"}:
        yield f"  Run what is not done again: headrace backfill resume {backfill['backfillId']}"


@contextmanager
def live(*, is_terminal: bool) -> Generator[Callable[[_Backfill], None]]:
    """Show a backfill as it goes on, on standard error: a bar on a terminal, else a line when something changes."""
    if not is_terminal:
        yield _Lines().show
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=None)

        def show(backfill: _Backfill) -> None:
            slices = backfill["slices"]
            progress.update(bar, description=progress_of(backfill), total=slices["total"], completed=slices["done"])

        yield show


class _Lines:
    """Writes a line when another slice has ended."""

    def __init__(self) -> None:
        self._ended = -1

    def show(self, backfill: _Backfill) -> None:
        slices = backfill["slices"]
        ended = slices["done"] + slices["failed"] + slices["cancelled"]
        if ended != self._ended:
            self._ended = ended
            click.echo(progress_of(backfill), err=True)


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
