"""What came of one pass over files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.engine.writers import Written


@dataclass(frozen=True)
class Passed:
    """What came of a group: each partition's folder and files, and the counts of all other records.

    `refused` could be read and not written.
    """

    parts: tuple[tuple[str, Written], ...]
    dropped: Mapping[int, int]
    refused: int
    malformed: int

    @property
    def written(self) -> int:
        """The records in the files."""
        return sum(written.records for _, written in self.parts)

    @property
    def read(self) -> int:
        """All records, whatever became of them."""
        return self.written + self.refused + self.malformed + sum(self.dropped.values())
