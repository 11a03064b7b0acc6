"""Which members the JSON objects of a file have, and of what types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

import duckdb

from headrace.engine.values import JSON, TEXT, Field

# json_structure() breaks the whole database where it meets more levels than it can take: a text
# with fewer brackets than this can't have them, another one is looked at member by member.
_MOST_BRACKETS = 100
# Members are in the order of so many first records, and then of their names.
_ORDERED_RECORDS = 1000
_BATCH = 10_000
_UNSEEN = ("", "")
_INTEGERS = frozenset({"UBIGINT", "BIGINT"})
_NUMBERS = _INTEGERS | {"DOUBLE"}


def members_of(con: duckdb.DuckDBPyConnection, lines: str) -> tuple[Field, ...]:
    """Every member that any object of `lines` has, with the type that all its values share.

    `lines` is what follows FROM: a relation with the text of one JSON object a row in `line`.
    """
    types: dict[str, set[str]] = {}
    first = f"SELECT line FROM {lines} LIMIT {_ORDERED_RECORDS}"
    for (key,) in _rows(con, f"SELECT unnest(json_keys(line)) FROM ({first})"):
        types.setdefault(key, set())
    found = _structures(con, lines)
    if _UNSEEN in found:
        found |= set(_of_many_brackets(con, lines))
    for name, type_ in sorted(found - {_UNSEEN}):
        types.setdefault(name, set()).add(type_)
    return tuple(Field(name, _shared(kinds - {"NULL"})) for name, kinds in types.items())


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
