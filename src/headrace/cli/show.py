"""A run on a terminal or in a log: its progress while it goes on, its summary when it is over."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from headrace.cli.one_run import Look
from headrace.cli.watching import Moment, watching
from headrace.engine.results import SplitResult
from headrace.flow.plan import plan
from headrace.flow.tasks.names import name_of
from headrace.model.states import SHOWN, State
from headrace.settings import Settings

Show = Callable[[Look], None]


@contextmanager
def live(*, is_terminal: bool) -> Generator[Show]:
    """Show an execution as it goes on, on standard error; see `watching`."""
    with watching(is_terminal=is_terminal) as watch:
        yield lambda look: watch(
            Moment(_words(look), look.counts.records_read, look.counts.bytes_read, look.source_bytes)
        )


def _words(look: Look) -> str:
    execution = look.execution
    if execution.state is State.RUNNING and execution.commit_ms is not None:
        return "publishing"
    return execution.state.value


def summary(
    look: Look, results: Sequence[SplitResult], document: Mapping[str, Any], settings: Settings
) -> Iterator[str]:
    """What became of the run, a line a fact."""
    execution, counts = look.execution, look.counts
    yield _line("status", SHOWN[execution.state])
    if execution.message:
        yield _line("message", execution.message)
    yield _line("flow", execution.flow_name)
    yield _line("execution", execution.execution_id)
    yield _line("records read", f"{counts.records_read:,}")
    planned = plan(document)
    # Of a run that ended between two batches, the message says how far it got.
    if execution.state is State.DONE or planned.writing is None:
        yield _line("records written", f"{counts.records_written if execution.state is State.DONE else 0:,}")
    yield _line("records rejected", f"{counts.records_rejected:,}")
    for index, rejected in sorted(counts.rejected.items()):
        yield _line("", f"{rejected:,} by {_task(document, index)}")
    yield _line("records dropped", f"{sum(counts.dropped.values()):,}")
    for index, dropped in sorted(counts.dropped.items()):
        yield _line("", f"{dropped:,} by {_task(document, index)}")
    yield _line("bytes read", f"{counts.bytes_read:,}")
    yield _line("bytes written", f"{counts.bytes_written:,}")
    yield _line("seconds", f"{_seconds(look):.2f}")
    if planned.writing is not None:
        yield _line("output", f"{planned.writing.profile}/{planned.writing.entity}")
    elif execution.state is State.DONE:
        yield from _output(results, document, settings)
    if counts.records_rejected:
        yield _line("rejects", "" if look.kept is None else str(look.kept))


def _line(name: str, value: str) -> str:
    return f"{name:<17} {value}"


def _seconds(look: Look) -> float:
    begun, ended = look.execution.started_ms, look.execution.finished_ms
    return 0.0 if begun is None or ended is None else (ended - begun) / 1000


def _task(document: Mapping[str, Any], index: int) -> str:
    name = name_of(index, document["tasks"])
    return name if index < 0 else f"tasks[{index}], {name}"


def _output(results: Sequence[SplitResult], document: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    keys = [file.key for result in results for file in result.outputs]
    if not keys:
        yield _line("output", "no file: there was no record to write")
        return
    output = plan(document).output
    bucket = "" if output is None else output.bucket
    prefix = keys[0] if len(keys) == 1 else _folder(keys)
    yield _line("output", f"s3://{bucket}/{prefix} ({len(keys)} file{'s' if len(keys) > 1 else ''})")
    folder = settings.data / "buckets" / bucket / prefix
    if folder.exists():
        yield _line("", str(folder))


def _folder(keys: Sequence[str]) -> str:
    """The longest folder that all keys begin with, with its slash; empty if there is none."""
    first, last = min(keys), max(keys)
    common = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join("".join(pair[0] for pair in common).rpartition("/")[:2])
