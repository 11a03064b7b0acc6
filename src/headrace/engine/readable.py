"""The tasks as one SELECT that people read: fields and verdicts by name, a line for each column and condition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headrace.engine.compile import Branch, Compiled, column_of
from headrace.engine.sql import identifier, literal
from headrace.engine.values import Field

_WIDTH = 110
_FATES = {"drop": "dropped", "reject": "rejected", "stop": "stopped"}
# Texts and names, which nothing is changed in; what is left is SQL's own words.
_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_CUTS = re.compile(r"(?<=, )(?=[\w{(\"])|(?<!CASE )(?=WHEN )|(?=ELSE )|(?=FROM read_)")
_PLACE = re.compile(r"\bf(\d+)\b")
# Names that the statement has columns by itself for; DuckDB tells names apart without case.
_TAKEN = re.compile(r"malformed|present|source|file|verdict|late_verdict|v\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Explained:
    """`select` is the statement, with files by the names that people know them by.

    `fields` are those that are read, with the types they are read as, `columns` those that are written, with what
    DuckDB makes of them before a file of text is written. `partition` names the fields that make folders.
    """

    select: str
    fields: tuple[Field, ...]
    columns: tuple[Field, ...]
    partition: tuple[str, ...]


def select_of(relation: str, compiled: Compiled, named: Callable[[int], str]) -> str:
    """The statement over a relation with the columns f0, f1, … and `malformed`; `named` says what a task is called.

    It does what a run does, which counts as it goes instead of naming a verdict.
    """
    shown = _names_of(compiled.fields)
    return "\n".join(
        line for part in _parts(relation, compiled, named) for line in _wrapped(_by_name(part.sql, shown), part.indent)
    )


def nothing_of(fields: Sequence[Field], *, knows_presence: bool) -> str:
    """A relation like that of a source which has these fields, with one record of nulls."""
    parts = [f"NULL::{field.type} AS {column_of(place)}" for place, field in enumerate(fields)]
    parts += ["NULL::VARCHAR AS malformed", *(["NULL::VARCHAR[] AS present"] if knows_presence else [])]
    return f"SELECT {', '.join(parts)}"


class _Part(NamedTuple):
    """Something that begins on a line of its own."""

    sql: str
    indent: int = 0


def _parts(relation: str, compiled: Compiled, named: Callable[[int], str]) -> Iterator[_Part]:
    yield from (_Part("WITH source AS ("), _Part(relation, 2), _Part("), judged AS ("), _Part("SELECT *,", 2))
    yield from (*_verdict(compiled.branches, named, "verdict"), _Part("FROM source", 2))
    last = "judged WHERE verdict IS NULL"
    if compiled.lets:
        yield from (_Part("), computed AS ("), _Part("SELECT *,", 2))
        yield from _listed([f"{sql} AS {name}" for name, sql in compiled.lets], 4)
        yield _Part(f"FROM {last}", 2)
        last = "computed"
    if compiled.late_branches:
        yield from (_Part("), cast_to_types AS ("), _Part("SELECT *,", 2))
        yield from (*_verdict(compiled.late_branches, named, "late_verdict"), _Part(f"FROM {last}", 2))
        last = "cast_to_types WHERE late_verdict IS NULL"
    written = [(column.name or f"column{place}", column.sql) for place, column in enumerate(compiled.columns, start=1)]
    yield from (_Part(")"), _Part("SELECT"))
    yield from _listed([f"{sql} AS {identifier(name)}" for name, sql in written] or ["NULL::VARCHAR AS column1"], 2)
    yield _Part(f"FROM {last}")


def _verdict(branches: Sequence[Branch], named: Callable[[int], str], column: str) -> Iterator[_Part]:
    """The first condition that holds says what becomes of the record."""
    yield _Part("CASE", 4)
    for branch in branches:
        fate = literal(f"{_FATES[branch.fate]}: {named(branch.index)}")
        yield _Part(f"WHEN {branch.condition} THEN {fate}", 6)
    yield _Part(f"END AS {column}", 4)


def _listed(columns: Sequence[str], indent: int) -> Iterator[_Part]:
    for place, column in enumerate(columns, start=1):
        yield _Part(f"{column}{',' if place < len(columns) else ''}", indent)


def _wrapped(sql: str, indent: int) -> Iterator[str]:
    """The SQL on lines that end where it can be cut, if they would be too long, and before what is read from."""
    lines = [""]
    for piece in _cut(sql):
        if lines[-1] and (len(lines[-1]) + len(piece) > _WIDTH or piece.startswith("FROM read_")):
            lines.append("")
        lines[-1] += piece
    for place, line in enumerate(lines):
        yield f"{' ' * (indent + (2 if place and not line.startswith('FROM') else 0))}{line.rstrip()}"


def _cut(sql: str) -> Iterator[str]:
    """The SQL in pieces, none of which cuts what is quoted."""
    piece, between = "", ""
    for place, text in enumerate(_QUOTED.split(sql)):
        if place % 2:
            piece += text
            continue
        # Between a name with its type and the next one.
        *before, rest = [text, ""] if (between, text) == (": ", ", ") else _CUTS.split(text)
        between = text
        for each in before:
            yield piece + each
            piece = ""
        piece += rest
    yield piece


def _names_of(fields: Sequence[Field]) -> Sequence[str]:
    """The fields' own names; none where one is another's, but for case, or the statement's own."""
    names = [field.name for field in fields]
    folded = {name.casefold() for name in names}
    is_taken = len(folded) < len(names) or any(not name or _TAKEN.fullmatch(name) for name in names)
    return [] if is_taken else names


def _by_name(sql: str, names: Sequence[str]) -> str:
    """The SQL with fields by these names, as far as there are any."""

    def name(found: re.Match[str]) -> str:
        place = int(found[1])
        return identifier(names[place]) if place < len(names) else found[0]

    pieces = enumerate(_QUOTED.split(sql))
    return "".join(piece if place % 2 else _PLACE.sub(name, piece) for place, piece in pieces)
