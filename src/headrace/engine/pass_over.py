"""The query of one pass: what is read, what is held back and counted, and what writes the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import duckdb

from headrace.engine.compile import Compiled, with_lets
from headrace.engine.counters import Counters, stop_reason
from headrace.engine.passed import Passed
from headrace.engine.results import DatasetDropped
from headrace.engine.sources import SourceView
from headrace.engine.writers import Written

# What writes the records of a source (what follows FROM): each partition's folder, and its files.
Writing = Callable[[str], Iterator[tuple[str, Written]]]


def pass_over(
    con: duckdb.DuckDBPyConnection, views: Sequence[SourceView], compiled: Compiled, writing: Writing
) -> Passed:
    """Write the records of the views, one view after the other; malformed lines are not counted yet.

    Raises DatasetDropped.
    """
    counters = Counters(con, (*compiled.branches, *compiled.late_branches))
    relation = " UNION ALL ".join(f"({view.select(compiled.fields)})" for view in views)
    passing = f"SELECT * FROM ({relation}) WHERE {counters.where(compiled.branches)}"
    source = f"({with_lets(passing, compiled)}) WHERE {counters.where(compiled.late_branches)}"
    try:
        parts = tuple(writing(source))
    except duckdb.InvalidInputException as error:
        reason = stop_reason(error)
        if reason is None:
            raise
        raise DatasetDropped(f"The data set was dropped: {reason}") from error
    dropped, refused = counters.dropped_and_rejected()
    return Passed(parts, dropped, refused, 0)
