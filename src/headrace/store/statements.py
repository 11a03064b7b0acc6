"""SQL statements as the modules in `sql` have them, for the driver's own cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Dialect = Literal["sqlite", "postgresql"]
# Above every sequence and every instant.
BEYOND = 2**62
# Most claims and looks are of no more: further ones cost another call.
PLACES = tuple(f"value_{number}" for number in range(8))


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement of the store in the words of each dialect, with named parameters for the values that vary."""

    sqlite: str
    postgresql: str


def by_batches(values: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """The parameters of `core.parts.among`: a statement has a fixed number of them, so there may be several batches."""
    for first in range(0, len(values), len(PLACES)):
        yield dict.fromkeys(PLACES) | dict(zip(PLACES, values[first:], strict=False))
