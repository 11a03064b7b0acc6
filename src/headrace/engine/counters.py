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

    def dropped(self) -> Mapping[int, int]:
        """Records by the index of the task that dropped them."""
        found: dict[int, int] = {}
        for branch, count in zip(self._branches, self._tally(), strict=True):
            if branch.fate == "drop" and count:
                found[branch.index] = found.get(branch.index, 0) + count
        return found

    def rejected(self) -> int:
        """Records that could be read but not written."""
        tally = zip(self._branches, self._tally(), strict=True)
        return sum(count for branch, count in tally if branch.fate == "reject")

    def _tally(self) -> list[int]:
        rows = self._con.execute(
            "SELECT sequence_name, last_value FROM duckdb_sequences() WHERE temporary AND database_name = 'temp'"
        ).fetchall()
        found = {str(name): int(last or 0) for name, last in rows}
        return [found[f"branch_{place}"] for place in range(len(self._branches))]


def stop_reason(error: Exception) -> str | None:
    """Why a branch ended the pass; None where the error is another."""
    _, found, reason = str(error).partition(_STOP)
    return reason.partition("\n")[0] if found else None
