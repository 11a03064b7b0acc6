"""The first records of a source before and after the tasks: what a run would make of them, and nothing is written."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import duckdb

from headrace.engine.compile import Branch, Compiled, compile_tasks, with_lets
from headrace.engine.fields import fields_of, wanted_of
from headrace.engine.first import first_views
from headrace.engine.layout import Output
from headrace.engine.malformed import drop_malformed
from headrace.engine.opening import open_view
from headrace.engine.record_json import record_json, sparse_record_json
from headrace.engine.rejects import Malformed, malformed_of
from headrace.engine.results import SplitOrder
from headrace.engine.sources import JsonFile, SourceView
from headrace.engine.tasks import READING

Fate = Literal["written", "dropped", "rejected", "stopped"]
_FATES: Mapping[str, Fate] = {"drop": "dropped", "reject": "rejected", "stop": "stopped"}
WRITTEN = -1


@dataclass(frozen=True, slots=True)
class Previewed:
    """One record: `before` is its JSON text, or its line where it can't be read, `after` that of what is written.

    `number` counts the records of the file from 1. `task` is the index of the task that dropped or rejected it, or
    what is none, as counts have it; None: it is written.
    """

    file: str
    number: int
    fate: Fate
    before: str
    after: str | None = None
    task: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What became of the records that were looked at; `records` has the first ones of each fate, in their order.

    `dropped`, `rejected` and `stopped` count by the index of the task. `fields` are those of the source. `is_cut`: not
    all was looked at, though there are fewer records than were wanted.
    """

    read: int = 0
    written: int = 0
    dropped: Mapping[int, int] = field(default_factory=dict[int, int])
    rejected: Mapping[int, int] = field(default_factory=dict[int, int])
    stopped: Mapping[int, int] = field(default_factory=dict[int, int])
    records: tuple[Previewed, ...] = ()
    fields: tuple[str, ...] = ()
    is_cut: bool = False


def preview_of(con: duckdb.DuckDBPyConnection, order: SplitOrder, scratch: Path) -> Preview:
    """Look at the first records of the order's files, `order.limit` of them that pass the filters."""
    limit = order.limit or 1
    wanted = wanted_of(order)
    views = first_views(con, order, limit, lambda file: open_view(con, file, order.input, wanted, scratch), scratch)
    if order.output.omits_lacking:
        views = tuple(replace(view, tells_presence=True) if isinstance(view, JsonFile) else view for view in views)
    knows_presence = order.output.omits_lacking and all(isinstance(view, JsonFile) for view in views)
    fields = fields_of(order, views)
    compiled = compile_tasks(order.tasks, fields, order.output, knows_presence=knows_presence)
    look = _Look(con, compiled, order.output, limit)
    for view in views:
        look.into(view)
    return look.found(tuple(each.name for each in fields))


class _Look:
    def __init__(self, con: duckdb.DuckDBPyConnection, compiled: Compiled, output: Output, limit: int) -> None:
        self._con = con
        self._compiled = compiled
        self._branches = (*compiled.branches, *compiled.late_branches)
        self._after = _written(compiled, output)
        self._limit = limit
        self._counts: Counter[tuple[Fate, int]] = Counter()
        self._shown: Counter[Fate] = Counter()
        self._records: list[Previewed] = []

    def into(self, view: SourceView) -> None:
        """Look at the records of a file."""
        drop_malformed(self._con)
        numbered = view.numbered(self._compiled.fields)
        # A column of its own, as in rejects_of: each reason asks for it.
        told = f"SELECT *, {_which(self._branches)} AS which FROM ({with_lets(numbered.relation, self._compiled)})"
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE previewed AS"
            f" SELECT *, row_number() OVER (PARTITION BY which ORDER BY n) AS so_far FROM ("
            f" SELECT n, which, {_reason(self._branches)} AS reason, {numbered.raw} AS raw,"
            f" CASE WHEN which = {WRITTEN} THEN {self._after} END AS line FROM ({told}))"
        )
        malformed = malformed_of(self._con, view, "skipped")
        # The numbers of all others come without them.
        befores = [line.number - place for place, line in enumerate(malformed)]
        within = [line for before, line in zip(befores, malformed, strict=True) if before <= (view.most or before)]
        for which_one, count in self._rows("SELECT which, count(*) FROM previewed GROUP BY which"):
            fate, index = self._fate(int(which_one))
            self._counts[fate, index] += int(count)
        self._counts["rejected", READING] += len(within)
        found = [*self._of_records(view, befores), *(_unreadable(view, line) for line in within)]
        for record in sorted(found, key=lambda each: each.number):
            self._shown[record.fate] += 1
            if self._shown[record.fate] <= self._limit:
                self._records.append(record)

    def found(self, fields: tuple[str, ...]) -> Preview:
        """All that was seen."""
        return Preview(
            read=self._counts.total(),
            written=self._counts["written", WRITTEN],
            dropped=self._by_task("dropped"),
            rejected=self._by_task("rejected"),
            stopped=self._by_task("stopped"),
            records=tuple(self._records),
            fields=fields,
        )

    def _by_task(self, fate: Fate) -> Mapping[int, int]:
        return {index: count for (each, index), count in sorted(self._counts.items()) if each == fate and count}

    def _fate(self, which: int) -> tuple[Fate, int]:
        return (
            ("written", WRITTEN)
            if which == WRITTEN
            else (_FATES[self._branches[which].fate], self._branches[which].index)
        )

    def _of_records(self, view: SourceView, befores: Sequence[int]) -> Iterator[Previewed]:
        shown = f"SELECT n, which, reason, raw, line FROM previewed WHERE so_far <= {self._limit} ORDER BY n"
        for n, which, reason, raw, line in self._rows(shown):
            fate, index = self._fate(int(which))
            task = None if fate == "written" else index
            number = int(n) + bisect_right(befores, int(n))
            yield Previewed(view.file.name, number, fate, raw, line, task, reason or None)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._con.execute(sql).fetchall()


def _unreadable(view: SourceView, line: Malformed) -> Previewed:
    return Previewed(view.file.name, line.number, "rejected", line.text, task=READING, reason=line.error)


def _written(compiled: Compiled, output: Output) -> str:
    """SQL of the JSON text of what is written."""
    columns = compiled.columns
    is_text = output.file_type != "JSON" and not output.keeps_types
    values = [f"coalesce(to_json({each.sql})::VARCHAR, 'null')" if is_text else each.json for each in columns]
    names = [each.name for each in columns]
    if any(each.presence is not None for each in columns):
        return sparse_record_json(names, values, [each.presence for each in columns])
    return record_json(names, values)


def _which(branches: Sequence[Branch]) -> str:
    """The place of the branch that keeps a record from being written, else WRITTEN."""
    cases = [f"WHEN {branch.condition} THEN {place}" for place, branch in enumerate(branches)]
    return f"CASE {' '.join(cases)} ELSE {WRITTEN} END"


def _reason(branches: Sequence[Branch]) -> str:
    cases = [f"WHEN {place} THEN {branch.reason}" for place, branch in enumerate(branches) if branch.fate != "drop"]
    return f"CASE which {' '.join(cases)} END"
