"""SQL statements that are compiled once and run on the driver's own cursor.

SQLAlchemy Core writes the SQL, once a statement and dialect; a call afterwards costs what the driver costs.
Through `Connection.execute` the same statement takes three times the CPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

# Most claims and looks are of no more: further ones cost another call.
_PLACES = tuple(f"value_{number}" for number in range(8))


class Statement:
    """One statement of the store, written in Core; every value that varies is a `bindparam`.

    No `in_`: its list is written out by SQLAlchemy at each call, which does not happen here.
    """

    def __init__(self, clause: ClauseElement) -> None:
        self.clause = clause


def binds(columns: Iterable[ColumnElement[Any]]) -> dict[str, Any]:
    """A parameter for each column, named as the column: what an INSERT or UPDATE of all of them takes."""
    return {str(column.key): bindparam(column.key, type_=column.type) for column in columns}


def among(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the column is one of the values that `by_batches` gives."""
    return column.in_([bindparam(name, type_=column.type) for name in _PLACES])


def by_batches(values: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """The parameters of `among`: a statement has a fixed number of them, so there may be several batches."""
    for first in range(0, len(values), len(_PLACES)):
        yield dict.fromkeys(_PLACES) | dict(zip(_PLACES, values[first:], strict=False))


class Compiler:
    """SQL text of statements in one dialect. Safe to share between threads."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled: dict[Statement, tuple[str, Mapping[str, Any]]] = {}

    def sql(self, statement: Statement) -> tuple[str, Mapping[str, Any]]:
        """The text with named parameters, and the values of the literals that stand in the statement."""
        known = self._compiled.get(statement)
        if known is None:
            known = self._compile(statement)
            self._compiled[statement] = known
        return known

    def _compile(self, statement: Statement) -> tuple[str, Mapping[str, Any]]:
        compiled = cast("SQLCompiler", statement.clause.compile(dialect=self._dialect))
        # A parameter without a value stays out: to forget it is then an error, not a NULL.
        literals = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
        return str(compiled), literals


def sqlite_compiler() -> Compiler:
    return Compiler(sqlite.dialect(paramstyle="named"))
