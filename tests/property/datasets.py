"""Data sets and task lists for the engine, as hypothesis strategies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from headrace.engine.tasks import (
    Arithmetic,
    ArithmeticOperator,
    Comparison,
    Filter,
    Kind,
    Map,
    MapAll,
    Mask,
    MaskOperator,
    Merge,
    Tasks,
    Truncate,
    Validate,
    ValidateOperator,
)
from tests.oracle.values import Scalar, instant_of, number_of, text_of

# Names that mean something to SQL, to the engine itself or to nobody; none differ only in case.
ODD_NAMES = (
    "ODD'\"; DROP TABLE t; --",
    "f0",
    "c0",
    "n",
    "v0",
    "malformed",
    "line",
    "raw",
    "__error",
    "${amount}",
    "a.b[0]/~1",
    "naïve 😀 \u2028",
    "\ufeffbom",
    "back\\slash",
)
_HOSTILE = (
    "'",
    '"',
    '""',
    ";--",
    "$1",
    "${text}",
    "{}",
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "\r",
    "\ufeff",
    "\u2028",
    ",",
    "😀",
    "é",
)
TEXTS = st.one_of(
    st.text(st.sampled_from("abAB01 _%=/😀é"), max_size=6),
    st.lists(st.sampled_from((*_HOSTILE, "a", "b")), max_size=5).map("".join),
    st.sampled_from(
        (
            "null",
            "NULL",
            "NaN",
            "inf",
            "epoch",
            "-infinity",
            "0x10",
            "1_000",
            "15e-1",
            "1.5",
            "a" * 70,
            "é" * 70,
            " ",
            "#",
            "true",
        )
    ),
)
_DECIMALS = st.decimals(-(10**15) + 1, 10**15 - 1, places=6, allow_nan=False, allow_infinity=False)
_SMALL = st.integers(-12, 12)
NUMBERS = st.one_of(
    _SMALL.map(str),
    _DECIMALS.map(lambda number: f"{number:f}"),
    st.tuples(_SMALL, st.integers(0, 999)).map(lambda parts: f"{parts[0]}.{parts[1]}"),
    st.sampled_from(("0", "-0", "0.0", "+7", "1e3", "2.50", "5.", ".5", "999999999999999.999999", "1.000", "-3e-2")),
)
_INSTANTS = st.integers(0, 2 * 10**12).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
_FEW_INSTANTS = st.sampled_from([datetime(2024, 1, day, hour, tzinfo=UTC) for day in (1, 2) for hour in (0, 12)])
_SPELT = (
    lambda at: at.isoformat(),
    lambda at: at.replace(tzinfo=None).isoformat(),
    lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    lambda at: at.strftime("%Y-%m-%d"),
    lambda at: (at + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S+05:00"),
    lambda at: str(int(at.timestamp() * 1000)),
    lambda at: f"{int(at.timestamp()):010d}.{at.microsecond:06d}",
)
INSTANTS = st.tuples(st.one_of(_FEW_INSTANTS, _INSTANTS), st.sampled_from(_SPELT)).map(lambda pair: pair[1](pair[0]))
BOOLEANS = st.sampled_from(("true", "false", "TRUE", "False"))
_OF_KIND: Mapping[Kind, SearchStrategy[str]] = {
    "string": TEXTS,
    "number": NUMBERS,
    "instant": INSTANTS,
    "boolean": BOOLEANS,
}
_JUNK = st.sampled_from(("x", "1,5", "2024-13-01", "nope", "1.2.3", "0x1F", "1_0"))
_KINDS: tuple[Kind, ...] = ("string", "number", "instant", "boolean")
CASTS = ("bigint", "double", "decimal(20,2)", "date", "datetime", "boolean", None)


# What the plan lets through; booleans are given in lower case.
_IS_LITERAL: Mapping[Kind, Callable[[str], bool]] = {
    "string": lambda text: True,
    "number": lambda text: number_of(text) is not None,
    "instant": lambda text: instant_of(text) is not None and len(text) > 9,
    "boolean": lambda text: text in {"true", "false"},
}


@dataclass(frozen=True)
class Column:
    """A field, what it mostly holds, and its type where the input has types."""

    name: str
    kind: Kind
    type: str = "VARCHAR"


@dataclass(frozen=True)
class DataSet:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Scalar, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def literals(self, column: Column, kind: Kind) -> list[str]:
        """Values of the column that a filter of this kind may be given."""
        texts = {text_of(row[self.columns.index(column)]) for row in self.rows} - {None}
        return sorted(text for text in texts if text and len(text) < 24 and _IS_LITERAL[kind](text))

    @property
    def records(self) -> list[dict[str, Scalar]]:
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


@st.composite
def columns(draw: DrawFn) -> tuple[Column, ...]:
    odd = draw(st.lists(st.sampled_from(ODD_NAMES), max_size=2, unique=True))
    plain = [Column("text", "string"), Column("amount", "number"), Column("rate", "number"), Column("at", "instant")]
    return (*plain, Column("flag", "boolean"), *(Column(name, draw(st.sampled_from(_KINDS))) for name in odd))


@st.composite
def text_sets(draw: DrawFn, *, empty_is_null: bool) -> DataSet:
    """Records of texts, as CSV has them."""
    found = draw(columns())
    cells = [st.one_of(st.none(), _OF_KIND[one.kind], _OF_KIND[one.kind], _JUNK) for one in found]
    rows = draw(st.lists(st.tuples(*cells), max_size=6))
    if empty_is_null:
        rows = [tuple(cell or None for cell in row) for row in rows]
    return DataSet(found, tuple(rows))


def _floats() -> SearchStrategy[float]:
    """Floats whose digits every writer agrees on."""
    return st.integers(-(10**6), 10**6).map(lambda number: number / 8)


JSON_VALUES: SearchStrategy[Scalar] = st.one_of(
    st.none(),
    TEXTS,
    st.integers(-(10**30), 10**30),
    _SMALL,
    _floats(),
    st.booleans(),
    NUMBERS,
    INSTANTS,
    st.sampled_from(([], {}, [1, "a", None, 2.5], {"k": {"l": [True]}, "é": "\n"})),
)


@st.composite
def json_sets(draw: DrawFn) -> DataSet:
    """Records of any JSON values; None may also mean that the member is not there."""
    found = draw(columns())
    rows = draw(st.lists(st.tuples(*(JSON_VALUES for _ in found)), max_size=6))
    return DataSet(found, tuple(rows))


_TYPED: Mapping[str, tuple[Kind, SearchStrategy[Scalar]]] = {
    "VARCHAR": ("string", st.one_of(TEXTS, NUMBERS, INSTANTS)),
    "BIGINT": ("number", st.one_of(_SMALL, st.integers(-(2**63), 2**63 - 1))),
    "DOUBLE": ("number", _floats()),
    "DECIMAL(18,6)": ("number", st.decimals(-(10**11), 10**11, places=6).map(Decimal)),
    "BOOLEAN": ("boolean", st.booleans()),
    "DATE": ("instant", st.one_of(_FEW_INSTANTS, _INSTANTS).map(lambda at: date(at.year, at.month, at.day))),
    "TIMESTAMP": ("instant", st.one_of(_FEW_INSTANTS, _INSTANTS).map(lambda at: at.replace(tzinfo=None))),
    "TIMESTAMPTZ": ("instant", st.one_of(_FEW_INSTANTS, _INSTANTS)),
}


@st.composite
def typed_sets(draw: DrawFn) -> DataSet:
    """Records of typed columns, as Parquet has them."""
    types = draw(st.lists(st.sampled_from(sorted(_TYPED)), min_size=2, max_size=5))
    names = ["text", "amount", "rate", "at", *ODD_NAMES]
    found = tuple(Column(name, _TYPED[type_][0], type_) for name, type_ in zip(names, types, strict=False))
    cells = [st.one_of(st.none(), _TYPED[type_][1], _TYPED[type_][1]) for type_ in types]
    return DataSet(found, tuple(draw(st.lists(st.tuples(*cells), max_size=6))))


# --- tasks --------------------------------------------------------------------------------------


@st.composite
def filters(draw: DrawFn, data: DataSet) -> Filter:
    column = draw(st.sampled_from(data.columns))
    operator: Comparison = draw(st.sampled_from(get_args(Comparison)))
    kind = "string" if operator == "CONTAINS" else draw(st.sampled_from((column.kind, column.kind, *_KINDS)))
    count = 2 if operator == "BETWEEN" else draw(st.integers(1, 3))
    literals = data.literals(column, kind)
    given = _OF_KIND[kind] if not literals else st.one_of(st.sampled_from(literals), _OF_KIND[kind])
    values = [draw(given).lower() if kind == "boolean" else draw(given) for _ in range(count)]
    return Filter(0, column.name, operator, kind, tuple(values))


@st.composite
def validates(draw: DrawFn, names: Sequence[str]) -> Validate:
    operator: ValidateOperator = draw(st.sampled_from(get_args(ValidateOperator)))
    return Validate(0, draw(st.sampled_from(names)), operator, "DropRecord")


@st.composite
def masks(draw: DrawFn, names: Sequence[str]) -> Mask:
    operator: MaskOperator = draw(st.sampled_from(get_args(MaskOperator)))
    lengths = st.integers(0, 9)
    length = draw(st.none() | lengths if operator == "MASK_ALL" else lengths)
    return Mask(0, draw(st.sampled_from(names)), operator, length, draw(st.sampled_from(("*", "xy", "'", "😀", "%s"))))


@st.composite
def made(draw: DrawFn, names: Sequence[str]) -> tuple[tuple[Merge, ...], tuple[Arithmetic, ...]]:
    """Merges and Arithmetics, each of which may build on those before it, in any order."""
    known = list(names)
    merges: list[Merge] = []
    arithmetics: list[Arithmetic] = []
    for place in range(draw(st.integers(0, 3))):
        output = f"made {place}"
        used = draw(st.lists(st.sampled_from(known), min_size=2, max_size=3))
        if draw(st.booleans()):
            operator: ArithmeticOperator = draw(st.sampled_from(get_args(ArithmeticOperator)))
            arithmetics.append(Arithmetic(0, output, operator, tuple(used)))
        else:
            literals = [draw(st.sampled_from(("", "-", "'", "${", "\n"))) for _ in range(len(used) + 1)]
            parts = [part for pair in zip(literals, used, strict=False) for part in pair]
            merges.append(Merge(0, output, (*parts, literals[-1])))
        known.append(output)
    return tuple(draw(st.permutations(merges))), tuple(draw(st.permutations(arithmetics)))


@st.composite
def maps(draw: DrawFn, sources: Sequence[str], casts: Sequence[str | None]) -> tuple[Map, ...]:
    chosen = draw(st.lists(st.sampled_from((*sources, "missing")), min_size=1, max_size=5))
    names = draw(st.permutations(["text", "OUT", "amount", "z'\"", *ODD_NAMES[:3]]))
    return tuple(
        Map(0, source, name, draw(st.sampled_from(casts))) for source, name in zip(chosen, names, strict=False)
    )


@st.composite
def task_lists(draw: DrawFn, data: DataSet, casts: Sequence[str | None] = CASTS) -> Tasks:
    """Task lists for this data; every task has an index of its own."""
    names = data.names
    merges, arithmetics = draw(made(names))
    sources = [*names, *(task.output for task in (*merges, *arithmetics))]
    map_all = draw(st.none() | st.builds(MapAll, st.just(0), st.frozensets(st.sampled_from(names), max_size=2)))
    projection = None if map_all else draw(st.none() | st.frozensets(st.sampled_from(names)))
    mapped = draw(maps(sources, casts)) if map_all is None or draw(st.booleans()) else ()
    found = Tasks(
        projection=projection,
        filters=tuple(draw(st.lists(filters(data), max_size=2))),
        validates=tuple(draw(st.lists(validates([*names, "missing"]), max_size=1))),
        masks=tuple(draw(st.lists(masks(names), max_size=2))),
        truncates=tuple(
            draw(st.lists(st.builds(Truncate, st.just(0), st.sampled_from(names), st.integers(0, 8)), max_size=1))
        ),
        merges=merges,
        arithmetics=arithmetics,
        maps=mapped,
        map_all=map_all,
    )
    return numbered(found)


def numbered(tasks: Tasks) -> Tasks:
    """The same with indices in the order of the kinds."""
    numbers = count()
    return replace(
        tasks,
        filters=tuple(replace(task, index=next(numbers)) for task in tasks.filters),
        validates=tuple(replace(task, index=next(numbers)) for task in tasks.validates),
        maps=tuple(replace(task, index=next(numbers)) for task in tasks.maps),
    )


# --- files --------------------------------------------------------------------------------------


def csv_of(rows: Sequence[Sequence[Scalar]], *, line_end: str = "\n", is_ended: bool = True) -> bytes:
    """CSV with no more quotes than needed; null is an empty cell."""
    lines = [",".join("" if cell is None else _cell(str(cell)) for cell in row) for row in rows]
    return (line_end.join(lines) + (line_end if is_ended else "")).encode()


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text


def json_of(records: Sequence[Mapping[str, Scalar]], *, keeps_null: bool = True) -> bytes:
    """JSON Lines; a null may be left out instead."""
    kept = [{name: value for name, value in one.items() if keeps_null or value is not None} for one in records]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in kept).encode()
