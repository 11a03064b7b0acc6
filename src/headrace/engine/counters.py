"""What became of the records, counted where they pass: one sequence for each branch of the verdict.

A sequence is the one thing in SQL that counts while COPY writes: reading the input once gives
the files and the counts, at the speed of the plain COPY (docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from headrace.engine.compile import Branch

_STOP = "headrace-stop:"


class Counters:
    """The counts of one pass over the input."""

    def __init__(self, con: duckdb.DuckDBPyConnection, branches: Sequence[Branch]) -> None:
        self._con = con
        self._branches = branches
        for place in range(len(branches)):
            con.execute(f"CREATE OR REPLACE TEMP SEQUENCE branch_{place}")

    def where(self, branches: Sequence[Branch]) -> str:
        """The condition that lets a record pass where none of `branches` holds it, and counts it otherwise."""
        places = {id(branch): place for place, branch in enumerate(self._branches)}
        cases = [f"WHEN {branch.condition} THEN {self._fate(places[id(branch)])}" for branch in branches]
        return f"CASE {' '.join(cases)} ELSE TRUE END" if cases else "TRUE"

    def _fate(self, place: int) -> str:
        branch = self._branches[place]
        if branch.fate == "stop":
            return f"error(concat('{_STOP}', {branch.reason}))"
        return f"nextval('branch_{place}') IS NULL"

    def dropped_and_rejected(self) -> tuple[Mapping[int, int], int]:
        """How many records each task dropped, by its index, and how many could be read but not written.

        Ends the counting: asked once, after the pass.
        """
        dropped: dict[int, int] = {}
        rejected = 0
        for branch, count in zip(self._branches, self._tally(), strict=True):
            if branch.fate == "drop" and count:
                dropped[branch.index] = dropped.get(branch.index, 0) + count
            elif branch.fate == "reject":
                rejected += count
        return dropped, rejected

    def _tally(self) -> list[int]:
        # Where nothing was counted, there is no current value to ask for.
        counts = ", ".join(f"nextval('branch_{place}') - 1" for place in range(len(self._branches)))
        return [int(count) for count in self._con.execute(f"SELECT {counts}").fetchone() or ()]


def stop_reason(error: Exception) -> str | None:
    """Why a branch ended the pass; None where the error is another."""
    _, found, reason = str(error).partition(_STOP)
    return reason.partition("\n")[0] if found else None
