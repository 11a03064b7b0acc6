"""Which members the JSON objects of a file have, and of what types."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import duckdb

from headrace.engine.values import JSON, TEXT, Field

# json_structure() breaks the whole database where it meets more levels than it can take: a text
# with fewer brackets than this can't have them, another one is looked at member by member.
_MOST_BRACKETS = 100
# Of so many first records the order of members is kept, and their values are looked at before all others: all of
# objects of twenty members, fewer of larger ones.
_FIRST_RECORDS = 1000
_FIRST_VALUES = 20 * _FIRST_RECORDS
_FEWEST_RECORDS = 20
_BATCH = 10_000
_UNSEEN = ("", "")
_INTEGERS = frozenset({"UBIGINT", "BIGINT"})
_NUMBERS = _INTEGERS | {"DOUBLE"}
# With any other kind among them, values share no type but text, whatever comes later.
_UNDECIDED = _NUMBERS | {"BOOLEAN", "NULL"}
# Each kind of value as a bit: the sum over all records costs one number, however the kinds mix.
_BITS = {1: "VARCHAR", 2: "BIGINT", 4: "DOUBLE", 8: "BOOLEAN", 16: JSON}
_BIT = (
    "CASE coalesce(json_type({0}), 'NULL') WHEN 'NULL' THEN 0 WHEN 'VARCHAR' THEN 1 WHEN 'UBIGINT' THEN 2"
    " WHEN 'BIGINT' THEN 2 WHEN 'DOUBLE' THEN 4 WHEN 'BOOLEAN' THEN 8 ELSE 16 END"
)


class Wanted(NamedTuple):
    """What will be asked for of a file of JSON: the members `names`, None: all that it has.

    `is_typed`: whether a member's type matters; the others are text.
    """

    names: Sequence[str] | None
    is_typed: Callable[[str], bool]


def _always(_: str) -> bool:
    return True


EVERYTHING = Wanted(None, _always)


def members_of(
    con: duckdb.DuckDBPyConnection,
    lines: str,
    wanted: Wanted | None = None,
    values: Callable[[Sequence[str]], str] | None = None,
    beginning: Callable[[int], str | None] | None = None,
) -> tuple[Field, ...]:
    """The members that are wanted, None: every one that any object of `lines` has, each with the type that all its
    values share; object or text, which are written alike, may stand for one another.

    `lines` is what follows FROM: a relation with the text of one JSON object a row in `line`. `values` gives a query
    of those members of all objects as f0, f1, …; None where there is none quicker than to look at whole objects.
    `beginning` gives a relation like `lines` of the first objects alone, about so many, where there is one.
    """
    wanted = wanted or EVERYTHING
    first = _first(lines, _FIRST_RECORDS)
    names = _names(con, lines, first) if wanted.names is None else list(wanted.names)
    typed = [name for name in names if wanted.is_typed(name)]
    kinds: dict[str, set[str]] = {}
    if typed:
        most = max(_FEWEST_RECORDS, min(_FIRST_RECORDS, _FIRST_VALUES // len(names)))
        kinds = _kinds(con, (beginning and beginning(most)) or _first(lines, most))
        if left := undecided(typed, kinds):
            kinds |= _kinds(con, lines) if values is None else _kinds_of(con, values(left), left)
    return fields_of_kinds(names, typed, kinds)


def undecided(names: Sequence[str], kinds: Mapping[str, set[str]]) -> list[str]:
    """The members whose type the kinds of some values leave open."""
    return [name for name in names if kinds.get(name, set()) <= _UNDECIDED]


def fields_of_kinds(names: Sequence[str], typed: Sequence[str], kinds: Mapping[str, set[str]]) -> tuple[Field, ...]:
    """The members `names`, those in `typed` of the type that all values of their kinds share, the others text."""
    types = dict.fromkeys(names, TEXT)
    types |= {name: _shared(kinds.get(name, set()) - {"NULL"}) for name in typed}
    return tuple(Field(name, type_) for name, type_ in types.items())


def kinds_by_file(con: duckdb.DuckDBPyConnection, values: str, names: Sequence[str]) -> dict[int, dict[str, set[str]]]:
    """Of each file the kinds of its members' values; `values` is a query of them with the file's number in `file`."""
    rows = con.execute(f"SELECT file, {_bits(names)} FROM ({values}) GROUP BY file").fetchall()
    return {int(file): _of_bits(names, bits) for file, *bits in rows}


def _first(lines: str, most: int) -> str:
    return f"(SELECT line FROM {lines} LIMIT {most})"


def _names(con: duckdb.DuckDBPyConnection, lines: str, first: str) -> list[str]:
    """In the order of the first records, and then by name."""
    names = [name for (name,) in _rows(con, f"SELECT unnest(json_keys(line)) FROM {first}")]
    all_keys = f"SELECT DISTINCT json_keys(line) AS keys FROM {lines}"
    return list(
        dict.fromkeys([*names, *sorted(name for (name,) in _rows(con, f"SELECT unnest(keys) FROM ({all_keys})"))])
    )


def _kinds(con: duckdb.DuckDBPyConnection, lines: str) -> dict[str, set[str]]:
    """Of each member the kinds of its values."""
    found = _structures(con, lines)
    if _UNSEEN in found:
        found |= set(_of_many_brackets(con, lines))
    kinds: dict[str, set[str]] = {}
    for name, kind in found - {_UNSEEN}:
        kinds.setdefault(name, set()).add(kind)
    return kinds


def _kinds_of(con: duckdb.DuckDBPyConnection, values: str, names: Sequence[str]) -> dict[str, set[str]]:
    return _of_bits(names, con.execute(f"SELECT {_bits(names)} FROM ({values})").fetchone() or ())


def _bits(names: Sequence[str]) -> str:
    return ", ".join(f"bit_or({_BIT.format(f'f{place}')})" for place in range(len(names)))


def _of_bits(names: Sequence[str], row: Sequence[int | None]) -> dict[str, set[str]]:
    return {
        name: {kind for bit, kind in _BITS.items() if (found or 0) & bit}
        for name, found in zip(names, row, strict=True)
    }


def _brackets(text: str) -> str:
    return f"strlen({text}) - strlen(replace(replace({text}, '[', ''), '{{', ''))"


def _structures(con: duckdb.DuckDBPyConnection, lines: str) -> set[tuple[str, str]]:
    """The members of ordinary objects, each distinct structure once; `_UNSEEN` where there are others."""
    structure = f"CASE WHEN {_brackets('line')} < {_MOST_BRACKETS} THEN json_structure(line)::VARCHAR END"
    found: set[tuple[str, str]] = set()
    for (text,) in _rows(con, f"SELECT DISTINCT {structure} FROM {lines}"):
        # The structure of an object without members is no object.
        members = cast("object", json.loads(text)) if text else None
        if text is None:
            found.add(_UNSEEN)
        elif isinstance(members, dict):
            kinds = cast("dict[str, object]", members)
            found.update((name, kind if isinstance(kind, str) else JSON) for name, kind in kinds.items())
    return found


def _of_many_brackets(con: duckdb.DuckDBPyConnection, lines: str) -> Iterator[tuple[str, str]]:
    """The members of objects that hold many others."""
    many = f"SELECT line FROM {lines} WHERE {_brackets('line')} >= {_MOST_BRACKETS}"
    for name, kind in _rows(con, f"SELECT DISTINCT e.key, e.type FROM ({many}) m, json_each(m.line) e"):
        yield name, JSON if kind in {"OBJECT", "ARRAY"} else kind


def _shared(kinds: Iterable[str]) -> str:
    """The one type for values of these kinds."""
    given = set(kinds)
    if given and given <= _NUMBERS:
        return "BIGINT" if given <= _INTEGERS else "DOUBLE"
    if JSON in given:
        return JSON
    return "BOOLEAN" if given == {"BOOLEAN"} else TEXT


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    con.execute(query)
    while found := con.fetchmany(_BATCH):
        yield from found
