"""A run as it goes on: a bar on a terminal, lines in a log."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from time import monotonic
from typing import NamedTuple

import click


class Moment(NamedTuple):
    """How far a run is; `source_bytes` is 0 where nobody knows how much there is."""

    words: str
    records: int
    read_bytes: int = 0
    source_bytes: int = 0


Watch = Callable[[Moment], None]
# How often a line is written where nobody can watch a bar.
_LINE_S = 5.0


@contextmanager
def watching(*, is_terminal: bool) -> Generator[Watch]:
    """Show a run as it goes on, on standard error: a bar on a terminal, else a line now and then."""
    if not is_terminal:
        yield _Lines().show
        return
    progress_module = import_module("rich.progress")
    columns = (
        progress_module.TextColumn("{task.description}"),
        progress_module.BarColumn(),
        progress_module.TextColumn("{task.fields[size]}"),
        progress_module.TextColumn("{task.fields[records]:,} records"),
        progress_module.TimeElapsedColumn(),
    )
    console = import_module("rich.console").Console(stderr=True)
    with progress_module.Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("queued", total=None, records=0, size="")

        def show(moment: Moment) -> None:
            progress.update(
                bar,
                description=moment.words,
                total=moment.source_bytes or None,
                completed=min(moment.read_bytes, moment.source_bytes or moment.read_bytes),
                records=moment.records,
                size=_size(moment),
            )

        yield show


def _size(moment: Moment) -> str:
    """How much was read, and of how much, where that is known."""
    if moment.source_bytes:
        return f"{moment.read_bytes / 1e6:,.1f} of {moment.source_bytes / 1e6:,.1f} MB"
    return f"{moment.read_bytes / 1e6:,.1f} MB" if moment.read_bytes else ""


class _Lines:
    """Writes a line when the state changes, and every few seconds."""

    def __init__(self) -> None:
        self._words = ""
        self._due_s = 0.0

    def show(self, moment: Moment) -> None:
        if moment.words == self._words and monotonic() < self._due_s:
            return
        self._words, self._due_s = moment.words, monotonic() + _LINE_S
        click.echo(f"{moment.words}: {moment.records:,} records read", err=True)
