"""The tasks of a flow as typed values, sorted by kind: what the engine runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Comparison = Literal[
    "EQUAL_TO",
    "NOT_EQUAL_TO",
    "CONTAINS",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL_TO",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL_TO",
    "BETWEEN",
]
MaskOperator = Literal["MASK_ALL", "MASK_FIRST_N", "MASK_LAST_N"]
ArithmeticOperator = Literal["ADDITION", "SUBTRACTION", "MULTIPLICATION", "DIVISION"]
ValidateOperator = Literal["VALIDATE_NON_NULL", "VALIDATE_NON_ZERO", "VALIDATE_NON_NEGATIVE", "VALIDATE_NUMERIC"]
ValidateAction = Literal["DropRecord", "DropDataset"]

# What drops or rejects records and is no task of the flow: reading what is no record, the filters that bound an
# incremental run to its window, and a destination that refuses.
READING, WINDOW, DESTINATION = -1, -2, -3

# How two values of a filter are compared; DATA_TYPE names of the vendors fall into these.
Kind = Literal["string", "number", "instant", "boolean"]


@dataclass(frozen=True)
class Filter:
    """Keep the records whose `field` compares so with one of `values`.

    `index` is the task's place in the flow document, or WINDOW. BETWEEN has exactly two values, the
    lower and the upper bound, both excluded; the other operators have one or more (OR).
    Instants are ISO 8601 text or epoch milliseconds as text, as the caller wrote them.
    """

    index: int
    field: str
    operator: Comparison
    kind: Kind
    values: tuple[str, ...]


@dataclass(frozen=True)
class Validate:
    """The operator states what must hold of `field`; `action` is what happens to a violating record."""

    index: int
    field: str
    operator: ValidateOperator
    action: ValidateAction


@dataclass(frozen=True)
class Mask:
    """Replace characters of `field`; `length` None (MASK_ALL only) means every character."""

    index: int
    field: str
    operator: MaskOperator
    length: int | None
    value: str


@dataclass(frozen=True)
class Truncate:
    """Keep the first `length` code points of `field`."""

    index: int
    field: str
    length: int


@dataclass(frozen=True)
class Merge:
    """Make the intermediate field `output`; `parts` are literal texts and field names in turn.

    `parts` alternates, beginning and ending with a literal (which may be empty):
    "${A}-${B}" is ("", "A", "-", "B", "").
    """

    index: int
    output: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Arithmetic:
    """Make the intermediate field `output` by folding `operator` over `fields`, left to right."""

    index: int
    output: str
    operator: ArithmeticOperator
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """Write `source` (a source or intermediate field) as `destination`.

    `destination_type` is DESTINATION_DATA_TYPE as the caller wrote it, None where absent.
    """

    index: int
    source: str
    destination: str
    destination_type: str | None


@dataclass(frozen=True)
class MapAll:
    """Write every source field under its own name, but for `excluded` and the destinations of Maps."""

    index: int
    excluded: frozenset[str]


@dataclass(frozen=True)
class Tasks:
    """All tasks of one flow.

    `projection` None: no projection task, every field may be read. `passthrough`: records go
    through unmodified. `partition` names destination fields, outermost folder first; `partition_index` is
    the place of the task that does so.
    """

    projection: frozenset[str] | None = None
    filters: tuple[Filter, ...] = ()
    validates: tuple[Validate, ...] = ()
    masks: tuple[Mask, ...] = ()
    truncates: tuple[Truncate, ...] = ()
    merges: tuple[Merge, ...] = ()
    arithmetics: tuple[Arithmetic, ...] = ()
    maps: tuple[Map, ...] = ()
    map_all: MapAll | None = None
    partition: tuple[str, ...] = ()
    partition_index: int = READING
    passthrough: bool = False
