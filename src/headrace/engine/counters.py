"""What became of the records, counted where they pass: a sequence for each task that drops, one for all rejects.

A sequence is the one thing in SQL that counts while COPY writes: reading the input once gives
the files and the counts, at the speed of the plain COPY (docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import duckdb

from headrace.engine.compile import Branch

_STOP = "headrace-stop:"
_REJECTED = "rejected_records"


class Counters:
    """The counts of one pass over the input.

    All that is rejected is counted together: the rejects themselves say by which task, and a sequence takes longer to
    make than many a cast takes.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, branches: Sequence[Branch]) -> None:
        self._con = con
        self._drops = {id(branch): place for place, branch in enumerate(branches) if branch.fate == "drop"}
        self._indexes = [branch.index for branch in branches if branch.fate == "drop"]
        for name in self._names():
            con.execute(f"CREATE OR REPLACE TEMP SEQUENCE {name}")

    def where(self, branches: Sequence[Branch]) -> str:
        """The condition that lets a record pass where none of `branches` holds it, and counts it otherwise."""
        cases = [
            f"WHEN {' OR '.join(f'({branch.condition})' for branch in alike)} THEN {fate}"
            for fate, alike in groupby(branches, self._fate)
        ]
        return f"CASE {' '.join(cases)} ELSE TRUE END" if cases else "TRUE"

    def _fate(self, branch: Branch) -> str:
        if branch.fate == "stop":
            return f"error(concat('{_STOP}', {branch.reason}))"
        name = _REJECTED if branch.fate == "reject" else _dropped(self._drops[id(branch)])
        return f"nextval('{name}') IS NULL"

    def _names(self) -> list[str]:
        return [_REJECTED, *map(_dropped, self._drops.values())]

    def dropped_and_rejected(self) -> tuple[Mapping[int, int], int]:
        """How many records each task dropped, by its index, and how many could be read but not written.

        Ends the counting: asked once, after the pass.
        """
        rejected, *counts = self._tally()
        dropped: dict[int, int] = {}
        for index, count in zip(self._indexes, counts, strict=True):
            if count:
                dropped[index] = dropped.get(index, 0) + count
        return dropped, rejected

    def _tally(self) -> list[int]:
        # Where nothing was counted, there is no current value to ask for.
        counts = ", ".join(f"nextval('{name}') - 1" for name in self._names())
        return [int(count) for count in self._con.execute(f"SELECT {counts}").fetchone() or ()]


def _dropped(place: int) -> str:
    return f"dropped_{place}"


def stop_reason(error: Exception) -> str | None:
    """Why a branch ended the pass; None where the error is another."""
    _, found, reason = str(error).partition(_STOP)
    return reason.partition("\n")[0] if found else None
